"""The whole workflow against the stand-in: exact tables, whatever happens on the way."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl

import duckdb
import pytest

from tests.titelive_bench import PASSWORD, Bench, MakeBench, titelive
from tests.titelive_truth import assert_same, changes, held, products
from tidegate.connectors.titelive.auth import TiteliveAuthManager
from tidegate.connectors.titelive.client import TiteliveConnector
from tidegate.destinations.duckdb import DuckDBDestination
from tidegate.engine.exceptions import DamagedStateError
from tidegate.engine.invalid import Budget, Invalid
from tidegate.engine.pagelog import read_log
from tidegate.engine.plan import Range
from tidegate.http_tools.clients import SyncHttpClient
from tidegate.http_tools.rate_limiters import TokenBucketLimiter
from tidegate.utils.errors import ExitCode


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeBench]:
    monkeypatch.setenv("TIDEGATE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    with ExitStack() as stack:
        yield lambda **how: stack.enter_context(titelive(tmp_path, **how))


def assert_exact(made: Bench, eans: list[str], days: int = 30) -> None:
    assert_same(products(made.sandbox, eans), held(made.warehouse, "titelive_products"))
    first = made.today - timedelta(days=days)
    assert_same(changes(made.sandbox, first, made.today), held(made.warehouse, "titelive_changes"))


def asked(made: Bench, route: str) -> list[str]:
    return [query for path, query, _ in made.sandbox.counters()["log"] if path == route]


def test_both_tables_equal_the_truth_with_faults(bench: MakeBench) -> None:
    made = bench(rows=150, faults=0.04, days=8)
    made.list_of(eans := made.eans())
    report = made.run(range=Range(first=made.today - timedelta(days=8)))
    assert report.exit_code is ExitCode.OK, report.summary()
    assert_exact(made, eans, days=8)
    assert made.sandbox.counters()["faults"] > 0
    assert made.sandbox.counters()["strayed"] == 0


@pytest.mark.extended
def test_the_catalogue_has_every_book_of_both_tables_once_and_newest(bench: MakeBench) -> None:
    made = bench(rows=60)
    truth = made.sandbox.truth()
    listed, gone = [row["ean"] for row in truth["rows"]][:30], truth["deleted"][:1]
    made.list_of([*listed, *gone])
    made.run(range=Range(first=made.today - timedelta(days=3)))
    alone = next(row["ean"] for row in truth["rows"] if len(row["oeuvre"]["article"]) == 1)
    assert alone in listed
    made.sandbox.touch(alone)  # known from the list as it was, and now from today
    made.run("changes")
    today = {row["ean"]: row for row in products(made.sandbox, made.eans())}
    recent = [row["ean"] for row in held(made.warehouse, "titelive_changes")]
    with duckdb.connect(str(made.warehouse), read_only=True) as db:
        found = db.execute("SELECT ean, is_deleted, title, price, modified_on FROM titelive_catalogue")
        rows = found.fetchall()
    names = ("ean", "is_deleted", "title", "price", "modified_on")
    wanted = [tuple(today[ean][name] for name in names) for ean in {*listed, *gone, *recent}]
    assert sorted(rows) == sorted(wanted)


def test_a_batch_without_deleted_books_is_one_request(bench: MakeBench) -> None:
    made = bench(rows=900)
    made.list_of(eans := made.eans(deleted=False)[:600])
    report = made.run("products")
    assert report.exit_code is ExitCode.OK, report.summary()
    assert len(asked(made, "/ean")) == 3
    assert asked(made, "/ean/{ean}") == []
    assert_same(products(made.sandbox, eans), held(made.warehouse, "titelive_products"))


def test_a_batch_with_a_deleted_book_asks_once_for_each_of_its_books_and_for_no_other(
    bench: MakeBench,
) -> None:
    made = bench(rows=900)
    there, gone = made.eans(deleted=False)[:270], made.sandbox.truth()["deleted"][0]
    made.list_of(eans := [*there[:260], gone, *there[260:]])  # of two batches the second one has it
    assert made.run("products").exit_code is ExitCode.OK
    alone = Counter(query.partition("path=%2Fean%2F")[2] for query in asked(made, "/ean/{ean}"))
    assert alone == Counter(eans[250:])
    assert_same(products(made.sandbox, eans), held(made.warehouse, "titelive_products"))


@pytest.mark.extended
def test_a_book_that_is_deleted_later_says_so_in_its_row(bench: MakeBench) -> None:
    made = bench(rows=60)
    made.list_of(eans := made.eans(deleted=False))
    made.run("products")
    made.sandbox.remove(eans[3])
    made.sandbox.touch(eans[7])
    assert made.run("products").exit_code is ExitCode.OK
    rows = held(made.warehouse, "titelive_products")
    assert [row["ean"] for row in rows if row["is_deleted"]] == [eans[3]]
    assert_same(products(made.sandbox, eans), rows)


def test_a_book_that_is_modified_again_is_found_on_its_new_day_by_the_next_run(bench: MakeBench) -> None:
    made = bench(rows=100, days=4)
    made.run("changes", range=Range(first=made.today - timedelta(days=4)))
    before = held(made.warehouse, "titelive_changes")
    old = next(row for row in before if row["modified_on"] == made.today - timedelta(days=3))
    recent = next(row for row in before if row["modified_on"] == made.today)
    for row in (old, recent):
        made.sandbox.touch(row["ean"])
    second = made.run("changes", range=Range(first=made.today - timedelta(days=2)))
    assert second.exit_code is ExitCode.OK
    assert second.tasks[0].slices == 6  # three days of two bases
    held_now = held(made.warehouse, "titelive_changes")
    days = sorted(row["modified_on"] for row in held_now if row["ean"] == old["ean"])
    assert days == [old["modified_on"], made.today]  # nobody has asked again for the old day
    first = made.today - timedelta(days=2)
    asked_for = [row for row in held_now if row["_tidegate_window"] >= first]
    assert_same(changes(made.sandbox, first, made.today), asked_for)


@pytest.mark.extended
def test_each_run_asks_again_for_the_last_three_days(bench: MakeBench) -> None:
    made = bench(rows=100)
    made.run("changes")
    again = made.run("changes")
    assert (again.exit_code, again.tasks[0].slices) == (ExitCode.OK, 6)  # of two bases


@pytest.mark.extended
def test_tokens_that_live_a_moment_are_replaced_ahead_of_their_end(bench: MakeBench) -> None:
    made = bench(rows=900, token_s=1.3)
    made.list_of(eans := made.eans())
    runner = made.runner("products")
    auth = TiteliveAuthManager(f"{made.login}/v1", "anyone", PASSWORD, lives_s=1.3)
    client = SyncHttpClient(
        f"{made.search}/v1", auth_manager=auth, rate_limiter=TokenBucketLimiter(25)
    )  # four seconds
    runner.connector = TiteliveConnector(client, lambda: eans)
    report = runner.run()
    assert report.exit_code is ExitCode.OK, report.summary()
    assert made.sandbox.counters()["tokens"] >= 3
    assert 401 not in [status for _, _, status in made.sandbox.counters()["log"]]
    assert_same(products(made.sandbox, eans), held(made.warehouse, "titelive_products"))


@pytest.mark.extended
def test_a_day_beyond_the_cap_stops_the_task_and_lands_nothing(bench: MakeBench) -> None:
    made = bench(rows=50, crowd=20_500)
    report = made.run("changes")
    assert report.exit_code is ExitCode.FAILED
    (task,) = report.tasks
    assert "20,000 works, and a search counts and shows 20,000 at most" in str(task.error)
    assert f"{made.sandbox.catalogue.crowded:%d/%m/%Y}" in str(task.error)
    assert not made.warehouse.exists()
    around = made.run(
        "changes", range=Range(first=made.sandbox.catalogue.crowded + timedelta(days=1)), new=True
    )
    assert around.exit_code is ExitCode.OK


def test_a_broken_row_is_kept_aside_with_what_was_sent(bench: MakeBench) -> None:
    made = bench(rows=200)
    made.list_of(made.eans())
    made.sandbox.spoil(made.eans()[5], "taux_tva", "much")
    report = made.run("products", invalid=Invalid("quarantine", Budget(count=3)))
    assert report.exit_code is ExitCode.QUARANTINED, report.summary()
    (row,) = DuckDBDestination(made.warehouse).quarantine()
    assert "taux_tva" in row.errors
    assert json.loads(row.payload)["article"]["taux_tva"] == "much"


def test_no_credential_is_written_anywhere(bench: MakeBench, caplog: pytest.LogCaptureFixture) -> None:
    made = bench(rows=60, faults=0.05)
    made.list_of(made.eans())
    with caplog.at_level(logging.DEBUG):
        report = made.run(range=Range(first=made.today))
    tokens = [token.encode() for token in made.sandbox.tokens.all()]
    assert tokens
    written = [file.read_bytes() for file in made.folder.rglob("*") if file.is_file()]
    told = [caplog.text.encode(), repr(report.summary()).encode(), *written]
    for secret in (PASSWORD.encode(), *tokens):
        assert not any(secret in text for text in told)
    assert made.sandbox.counters()["strayed"] == 0


@pytest.mark.extended
@pytest.mark.parametrize("seed", [1, 2])
def test_days_of_several_pages_equal_the_truth_with_faults(bench: MakeBench, seed: int) -> None:
    made = bench(rows=12_000, days=6, faults=0.05, seed=seed)
    made.list_of(eans := made.eans())
    report = made.run()
    assert report.exit_code is ExitCode.OK, report.summary()
    assert max(made.sandbox.found("paper", made.today - timedelta(days=ago)) for ago in range(6)) > 240
    assert_exact(made, eans)


@pytest.mark.extended
def test_a_run_killed_at_many_moments_ends_exact_and_asks_for_no_logged_page_again(bench: MakeBench) -> None:
    made = bench(rows=4_000, days=10, faults=0.05, quota=4.0)
    made.list_of(eans := made.eans())
    killed = 0
    for moment in (1, 20, 60, 120, 200, 300, 400):
        stood, before = logged(made), len(asked_for(made))
        process = start(made)
        deadline = time.monotonic() + 60
        while made.sandbox.counters()["requests"] < moment and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        killed += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert not stood & set(asked_for(made)[before:])
    (made.folder / "books.txt").write_text("9782370730541\n")  # the list stands in the plan
    stood, before = logged(made), len(asked_for(made))
    last = start(made)
    _, err = last.communicate(timeout=200)
    assert last.returncode == 0, err.decode()
    assert killed >= 5
    assert len(stood) > 100
    assert not stood & set(asked_for(made)[before:])
    assert_exact(made, eans)


def start(made: Bench) -> subprocess.Popen[bytes]:
    """The command line, in a process of its own."""
    words = ["run", "titelive", "--to", str(made.warehouse), "--run-id", "killed-often", "--debug"]
    return subprocess.Popen(
        [sys.executable, "-m", "tidegate", *words],
        env={**os.environ, **made.environment()},
        cwd=made.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


Asked = tuple[str, frozenset[tuple[str, str]]]


def asked_for(made: Bench) -> list[Asked]:
    """What the stand-in was asked, in order; the path of a single EAN is one of its parameters there."""
    log = made.sandbox.counters()["log"]
    return [(path, frozenset(parse_qsl(query))) for path, query, _ in log if path != "login"]


def logged(made: Bench) -> set[Asked]:
    """The requests whose answers stand in the page logs."""
    found = set()
    for file in made.home.root.rglob("*.pages"):
        try:
            request, pages = read_log(file)
        except DamagedStateError:  # killed before its first record was whole
            continue
        for page in pages:
            alone = page.header.get("k", {}).get("a", "").partition("?")[0].partition("/v1")[2]
            asked = {"path": alone} if alone else {**request["params"], **page.header["p"]}
            told = frozenset((name, str(value)) for name, value in asked.items())
            if alone != "/search":  # the same for all
                found.add(("/ean/{ean}" if alone else request["url"].partition("/v1")[2], told))
    return found
