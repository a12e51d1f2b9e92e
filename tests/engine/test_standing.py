"""What stood of many slices is known from one file, believed only while nothing has changed since."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.engine.branches import ApiRow, Branches, CleanOrder, Connector, to_order
from tests.engine.shop import as_any
from tidegate.contracts.table import Table
from tidegate.destinations.exceptions import DestinationError
from tidegate.engine.drift.baselines import Baselines
from tidegate.engine.drift.profile import Profile
from tidegate.engine.over import Each
from tidegate.engine.parts import Manifest
from tidegate.engine.shards import Shard
from tidegate.engine.standing import FEWEST, FILE, Standing
from tidegate.engine.tasks import task
from tidegate.http_tools.clients import Call


@task(
    transform=to_order,
    into=Table("many", CleanOrder, write="append"),
    over=Each("account", [f"a{number}" for number in range(FEWEST)]),
)
def many(api: Connector, account: str) -> Call[ApiRow]:
    return api._rows("/orders/north", {"of": account})


@pytest.fixture
def stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Branches:
    """A run whose slices are all whole, and whose commit was refused."""
    api = Branches(tmp_path, tasks=(as_any(many),), per_account=1)
    runner = api.runner(run_id="one")

    def refuse(_: object) -> Any:
        raise DestinationError("closed today")

    monkeypatch.setattr(runner.destination, "commit", refuse)
    (report,) = runner.run().tasks
    assert "closed today" in (report.error or "")
    api.asked.clear()
    return api


def folder(api: Branches) -> Path:
    return api.folder / "home" / "runs" / "one" / "many"


def resumed(api: Branches) -> Profile:
    """The profile that the run has left when it was resumed; every row has landed, none was asked for."""
    runner = api.runner(run_id="one")
    (report,) = runner.run().tasks
    assert (report.status, report.rows_loaded, report.pages_resumed) == ("loaded", FEWEST, FEWEST)
    assert api.asked == []
    profile = Baselines.of(runner.home, "branches.many").of_run("one")
    assert profile is not None
    return profile


def test_what_stood_is_known_without_the_file_of_each_slice(stopped: Branches) -> None:
    for each in folder(stopped).glob("*.profile"):
        each.unlink()
    assert resumed(stopped).rows == FEWEST


@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"slices": [["x", [1, 2, 3], {}]], "profile": {}}'])
def test_without_it_the_files_of_the_slices_are_looked_at(stopped: Branches, content: bytes | None) -> None:
    file = folder(stopped) / FILE
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    assert resumed(stopped).rows == FEWEST


def test_a_slice_that_was_damaged_since_is_built_again_and_its_rows_are_counted_once(
    stopped: Branches,
) -> None:
    next(folder(stopped).glob("a7-*.json")).unlink()
    next(folder(stopped).glob("a8-*.arrow")).write_bytes(b"rotten")
    assert resumed(stopped).rows == FEWEST


def test_a_part_that_was_damaged_since_is_built_again(stopped: Branches) -> None:
    next(folder(stopped).glob("a8-*.arrow")).write_bytes(b"rotten")
    assert resumed(stopped).rows == FEWEST


def test_what_stood_of_another_shard_is_of_no_use_and_does_no_harm(tmp_path: Path) -> None:
    twice = replace(many, over=(Each("account", [f"a{number}" for number in range(2 * FEWEST)]),))
    api = Branches(tmp_path, tasks=(as_any(twice),), per_account=1)
    api.runner(run_id="one").plan()
    for shard in (Shard(1, 2), Shard(2, 2), Shard(1, 2)):
        report = api.runner(run_id="one").extract(shard)
        assert [(each.status, each.error) for each in report.tasks] == [("extracted", None)]
    (task,) = api.runner(run_id="one").commit().tasks
    assert (task.status, task.rows_loaded, len(api.asked)) == ("loaded", 2 * FEWEST, 2 * FEWEST)


def test_manifests_read_back_until_one_of_them_is_another_file(tmp_path: Path) -> None:
    first = Manifest("a", {"url": "x"}, "f", rows=3, high=datetime(2026, 3, 1, tzinfo=UTC))
    manifests = {"a": first, "b": replace(first, slice="b", high=None)}
    for name, each in manifests.items():
        each.save(tmp_path / f"{name}.json")
    Standing(manifests, Profile()).keep(tmp_path)
    assert Standing.read(tmp_path).manifests == manifests
    manifests["b"].save(tmp_path / "b.json")
    assert Standing.read(tmp_path).manifests == {}


def test_what_is_being_built_anew_is_not_kept(tmp_path: Path) -> None:
    Standing({"a": Manifest("a", {}, "f")}, Profile()).keep(tmp_path)
    assert list(tmp_path.iterdir()) == []
