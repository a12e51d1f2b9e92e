"""`tidegate report`, `runs` and `status`: what happened, for people, machines and as a page of its own."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from tests.cli.command_line import Shell
from tests.cli.test_cli_bad_answers import listing
from tests.http_tools.loopback import Answer, Loopback
from tidegate.app.html_report import html_report
from tidegate.engine.course import Bucket, Course, Turns
from tidegate.engine.drift.findings import Finding
from tidegate.engine.ledger import RunRow
from tidegate.engine.record import Record, Slices, State
from tidegate.engine.report import RunReport, TaskReport
from tidegate.engine.views import ViewReport

AT = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
HOSTILE = "<script>alert('x')</script>\"'&\x1b[31m\u202e\ud800</td>"


class Page(HTMLParser):
    """Tags, attributes and text of a page that has to be well formed."""

    VOID = frozenset({"meta", "rect", "path"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in (*self.VOID, "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def record(text: str, states: tuple[State, ...] = ("stood", "ran", "begun", "waits")) -> Record:
    task = TaskReport(
        text, text, rows_fetched=10, rows_loaded=7, rows_quarantined=3, error=f"{text}\nrow 2", hint=text,
        warnings=[text], drift=[Finding("unknown", text, text)],
    )  # fmt: skip
    view = ViewReport(text, "failed", 30, text, error=text, hint=text)
    report = RunReport(text, text, text, AT, 3.0, [task], [view])
    row = RunRow(text, text, {}, text, AT, AT + timedelta(minutes=1), 30, report.summary())
    course = Course(2.0, 90.0, [(AT, 0.0), (AT, 30.0)], {text: {0: Bucket(1, 0, 10, 2, 1.5)}})
    course.turn(text, 10.0, Turns(opened=1, state="open"))
    course.turn(text, 50.0, Turns(probed=1, closed=1))
    return Record(row, report, (Slices(text, states),), course)


def test_a_page_of_hostile_names_is_well_formed_and_holds_none_of_their_markup() -> None:
    page = html_report(record(HOSTILE))
    page.encode("utf-8")
    made = Page(page)
    assert made.tags == Page(html_report(record("plain"))).tags
    assert "script" not in made.tags
    assert "<script>alert('x')</script>" in made.text
    assert not set("\x1b\u202e\ud800") & set(page)


def test_a_page_needs_nothing_from_elsewhere() -> None:
    made = Page(html_report(record("plain")))
    assert not {"script", "link", "img", "iframe", "object", "use", "image"} & set(made.tags)
    assert not {"src", "href", "xlink:href", "srcset"} & {name for name, _ in made.attributes}
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in made.attributes
    assert "url(" not in html_report(record("plain"))


def test_ten_thousand_slices_are_a_strip_of_a_few_hundred_cells() -> None:
    page = html_report(record("plain", ("ran",) * 9_999 + ("waits",)))
    assert "10,000 slices" in page
    assert "9,999 ran" in page
    assert "1 waits" in page
    assert len(page) < 60_000


def test_the_states_of_each_breaker_are_drawn_over_time_and_told_in_words() -> None:
    made = Page(html_report(record("GET acme.example/orders")))
    assert "GET acme.example/orders opened 1 time, probed 1 time" in made.text
    html = html_report(record("GET acme.example/orders"))
    (drawn,) = re.findall(r'aria-label="opened 1 time, probed 1 time">(.*?)</svg>', html)
    paths = dict(re.findall(r'<path d="M([\d.]+) 0h([\d.]+)v12h-[\d.]+z" class="bad"/>', drawn))
    assert paths == {f"{5 * 720 / 46:.2f}": f"{21 * 720 / 46:.2f}"}, "from 10 s to 50 s, of 2 s a column"


def test_what_became_of_views_is_told() -> None:
    made = record("plain")
    assert made.report is not None
    views = [ViewReport("daily", "made"), ViewReport("weekly", "left_out", about="files hold no views")]
    text = Page(html_report(replace(made, report=replace(made.report, views=views)))).text
    assert re.search(r"Views.*daily\s*made.*weekly\s*left out\s*files hold no views", text, re.DOTALL)
    assert "Views" not in Page(html_report(replace(made, report=replace(made.report, views=[])))).text


def test_colours_are_the_readers_and_of_a_narrow_screen_nothing_is_cut_off() -> None:
    html = html_report(record("plain"))
    assert "prefers-color-scheme: dark" in html
    assert 'name="viewport"' in html
    assert not re.search(r'<(?:svg|path|rect)[^>]* (?:fill|width="720)', html), "classes, and all the width"


def test_of_a_run_that_was_killed_there_is_a_page_too() -> None:
    whole = record("plain")
    row = RunRow("plain", "plain", {}, "plain", AT, None, None, None)
    made = Page(html_report(Record(row, None, whole.slices, None)))
    assert "unfinished" in made.text
    assert "1 begun" in made.text


def test_a_run_is_reported_for_people_machines_and_as_a_page(shell: Shell) -> None:
    assert shell.run_inside("campaigns", "events", "--run-id", "one").code == 0
    ended = shell.inside("report", "one")
    assert (ended.code, ended.err) == (0, "")
    assert re.search(r"\d+ fetched \+ 0 added = \d+ loaded", ended.out)
    assert re.search(r"^brevo.events +0 +0 +0 +31$", ended.out, re.MULTILINE)
    told = shell.inside("report", "one", "--json").summary
    assert (told["run_id"], told["exit_code"], told["summary"]["status"]) == ("one", 0, "loaded")
    assert told["slices"]["brevo.campaigns"] == {"waits": 0, "begun": 0, "stood": 0, "ran": 1}
    course = told["course"]["tasks"]["brevo.events"]
    assert sum(rows for _, _, _, rows, *_ in course) == 300
    assert shell.inside("report", "one", "--html", "one.html").out == ""
    made = Page((shell.folder / "one.html").read_text(encoding="utf-8"))
    for said in ("Run one of brevo", "brevo.events: loaded into brevo_events", "Over time", "31 ran"):
        assert said in made.text
    assert "svg" in made.tags


def test_a_run_that_failed_is_reported_with_what_failed(scripted: Shell, api: Loopback) -> None:
    api.by = listing(lambda number: {"createdAt": "<b>long ago</b>"} if number == 1500 else {})
    assert scripted.run_inside("contacts", "--run-id", "one").code == 30
    ended = scripted.inside("report", "one", "--html", "one.html", "--json")
    assert (ended.code, ended.summary["exit_code"], ended.summary["slices"]) == (
        0,
        30,
        {"brevo.contacts": {"waits": 0, "begun": 1, "stood": 0, "ran": 0}},
    )
    page = (scripted.folder / "one.html").read_text(encoding="utf-8")
    assert "What failed" in page
    assert "&lt;b&gt;long ago&lt;/b&gt;" in page
    assert "<b>long" not in page


@pytest.mark.extended
def test_breakers_that_opened_are_told_for_people_and_machines(scripted: Shell, api: Loopback) -> None:
    api.by = lambda _: Answer(503, headers={"retry-after": "0"})
    assert scripted.run_inside("contacts", "--run-id", "one").code == 20
    host = api.url.split("//")[1].split(":")[0]
    told = scripted.inside("report", "one")
    assert re.search(rf"^GET {host}/v3/contacts +1 +\d+ +0$", told.out, re.MULTILINE), told.out
    course = scripted.inside("report", "one", "--json").summary["course"]
    assert course["breakers"][f"GET {host}/v3/contacts"][0][1:] == [1, 0, 0, "open"]


def test_runs_and_status_are_one_object_a_line_for_machines(shell: Shell) -> None:
    for number in range(2):
        shell.run_inside("campaigns", "--run-id", f"run-{number}", "--new")
    runs = [json.loads(line) for line in shell.inside("runs", "--json").out.splitlines()]
    assert [(each["run_id"], each["exit_code"]) for each in runs] == [("run-1", 0), ("run-0", 0)]
    (table,) = [
        json.loads(line) for line in shell.inside("status", "--to", "x.duckdb", "--json").out.splitlines()
    ]
    assert (table["table"], table["run_id"]) == ("brevo_campaigns", "run-1")
    assert table["rows"] == runs[0]["rows_loaded"] > 0
    assert datetime.fromisoformat(table["committed_at"]).utcoffset() == timedelta(0)


def test_runs_and_their_reports_outlive_the_ledger(shell: Shell) -> None:
    shell.run_inside("campaigns", "--run-id", "one")
    before = [shell.inside(*command).out for command in (["runs"], ["report", "one", "--json"])]
    for file in shell.home.glob("ledger.db*"):
        file.unlink()
    assert [shell.inside(*command).out for command in (["runs"], ["report", "one", "--json"])] == before
    shell.inside("runs", "--json")
    assert shell.run_inside("campaigns", "--run-id", "one").code == 0


@pytest.mark.parametrize("command", ["runs", "status"])
def test_where_nothing_ran_machines_read_nothing(shell: Shell, command: str) -> None:
    ended = shell.inside(command, "--json")
    assert (ended.code, ended.out) == (0, "")


def test_what_cannot_be_reported_or_written_is_told(shell: Shell) -> None:
    shell.inside("report", "one").failed(2, "no run 'one'")
    shell.run_inside("campaigns", "--run-id", "one")
    shell.inside("report", "other").failed(2, "no run 'other'")
    shell.inside("report", "one", "--html", "missing/one.html").failed(30, "--html missing/one.html")


def test_rows_that_were_deleted_are_in_the_page() -> None:
    row = record("x")
    report = RunReport("x", "x", "x", AT, 3.0, [TaskReport("x", "x", "loaded", 0, rows_deleted=1234)])
    page = Page(html_report(replace(row, report=report)))
    assert re.search(r"1,234\s*rows deleted", page.text)
