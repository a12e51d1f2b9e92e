"""Drift over whole runs against the stand-in Brevo: what a run reports, keeps, and tells later ones."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.brevo_bench import CORE, Bench, MakeBench
from tidegate.connectors.brevo.schemas import ApiTemplate
from tidegate.engine.drift.baselines import Baselines
from tidegate.engine.drift.findings import Finding
from tidegate.engine.drift.profile import Profile
from tidegate.engine.drift.watch import Watch
from tidegate.engine.plan import Range
from tidegate.engine.report import RunReport


def drift(report: RunReport) -> list[Finding]:
    assert [task.error for task in report.tasks] == [None] * len(report.tasks)
    return [finding for task in report.tasks for finding in task.drift]


def told(report: RunReport) -> set[tuple[str, str]]:
    return {(each.kind, each.path) for each in drift(report)}


@pytest.fixture
def brevo(bench: MakeBench) -> Bench:
    return bench(rows=5000, days=3)


def later(brevo: Bench, *changes: str, tasks: tuple[str, ...] = ("contacts",)) -> RunReport:
    """A second run over everything, after a first one without a change."""
    assert drift(brevo.run(*tasks)) == []
    brevo.sandbox.set_drift(changes)
    return brevo.run(*tasks, new=True)


@pytest.mark.parametrize("tasks", [CORE, pytest.param((), marks=pytest.mark.extended)], ids=["core", "all"])
def test_runs_without_drift_report_none(brevo: Bench, tasks: tuple[str, ...]) -> None:
    first, second = brevo.run(*tasks), brevo.run(*tasks, new=True)
    assert (drift(first), drift(second)) == ([], [])


def test_a_silent_rename_of_an_optional_field_is_a_warning_in_the_first_run_that_sees_it(
    brevo: Bench,
) -> None:
    brevo.sandbox.set_drift(["events/rename:tag=label"])
    report = brevo.run("events")
    (finding,) = drift(report)
    assert (finding.kind, finding.path, finding.was, finding.level) == ("rename", "label", "tag", "warning")
    assert any("label: looks like tag, renamed" in warning for warning in report.tasks[0].warnings)
    assert 'validation_alias=AliasChoices("label", "tag")' in finding.mend


def test_a_rename_is_told_in_later_runs_until_the_contract_is_mended(brevo: Bench) -> None:
    tasks = ("campaigns",)
    assert told(later(brevo, "rename:tag=label", tasks=tasks)) == {("rename", "label")}
    assert told(brevo.run(*tasks, new=True)) == {("rename", "label")}


def test_what_vanished_is_told_once(brevo: Bench) -> None:
    tasks = ("campaigns",)
    assert told(later(brevo, "drop:tag", tasks=tasks)) == {("vanished", "tag")}
    assert told(brevo.run(*tasks, new=True)) == set()


def test_a_new_field_is_a_note_with_the_line_that_would_load_it(brevo: Bench) -> None:
    brevo.sandbox.set_drift(["contacts/add:loyaltyTier=gold@1%"])
    report = brevo.run("contacts")
    (finding,) = drift(report)
    assert (finding.kind, finding.path, finding.level) == ("unknown", "loyaltyTier", "note")
    assert 'loyalty_tier: str | None = Field(default=None, alias="loyaltyTier")' in finding.mend
    assert report.tasks[0].warnings == []


def test_a_failed_run_tells_its_drift_and_is_no_baseline(brevo: Bench) -> None:
    brevo.run("contacts")
    brevo.sandbox.set_drift(["contacts/rename:emailBlacklisted=isBlacklisted"])
    failed = brevo.run("contacts", new=True, range=Range(full_refresh=True))
    assert failed.tasks[0].status == "failed"
    assert {(each.kind, each.path) for each in failed.tasks[0].drift} == {("rename", "isBlacklisted")}
    assert len(list(brevo.home.folder("drift", "brevo.contacts").iterdir())) == 1


def test_nothing_personal_is_kept_or_told(brevo: Bench) -> None:
    brevo.sandbox.set_drift(["contacts/rename:email=mail"])
    report = brevo.run("contacts")
    rows = brevo.sandbox.truth("contacts")["rows"]
    kept = [
        *(path.read_text() for path in brevo.home.folder("drift", "brevo.contacts").iterdir()),
        *(path.read_text() for path in brevo.home.root.glob("runs/*/contacts/*.profile")),
        json.dumps(report.summary()),
    ]
    assert len(kept) == 3
    assert "rename" in kept[-1]
    for text in kept:
        assert not [row["mail"] for row in rows if "mail" in row and row["mail"] in text]


def test_the_summary_of_a_run_brings_its_findings_back(brevo: Bench) -> None:
    brevo.sandbox.set_drift(["contacts/add:tier=gold"])
    report = brevo.run("contacts")
    again = RunReport.from_summary(json.loads(json.dumps(report.summary())))
    assert drift(again) == drift(report) != []


def test_a_resumed_run_knows_what_its_finished_slices_saw(tmp_path: Path) -> None:
    rows = [{"id": number, "tier": "gold"} for number in range(50)]
    interrupted, resumed = (Watch(ApiTemplate, "run", Baselines(tmp_path)) for _ in range(2))
    interrupted.begin(0, "one")
    interrupted.page(0, rows)
    interrupted.finish(0, tmp_path / "one.profile")
    resumed.stood(0, tmp_path / "one.profile")
    resumed.stood(1, tmp_path / "gone.profile")
    resumed.begin(2, "two")
    resumed.page(2, rows)
    assert resumed.profile().rows == 100
    assert "text in 100 of 100" in {each.path: each.text for each in resumed.findings()}["tier"]


def test_a_slice_that_is_begun_anew_is_counted_once(tmp_path: Path) -> None:
    watch = Watch(ApiTemplate, "run", Baselines(tmp_path))
    for _ in range(2):
        watch.begin(0, "one")
        watch.page(0, [{"id": 1}])
    assert watch.profile().rows == 1


def test_the_latest_twenty_runs_are_kept_and_a_damaged_one_is_passed_over(tmp_path: Path) -> None:
    baselines = Baselines(tmp_path)
    for number in range(23):
        baselines.keep(f"run{number}", datetime(2026, 1, number + 1, tzinfo=UTC), Profile(rows=number))
    assert sorted(each.rows for each in baselines.earlier("next")) == list(range(3, 23))
    assert sorted(each.rows for each in baselines.earlier("run5")) == [3, 4]
    (tmp_path / "run4.json").write_text("{")
    assert sorted(each.rows for each in baselines.earlier("run5")) == [3]
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("run[5-9].json")} == {0o600}
