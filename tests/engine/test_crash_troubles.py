"""A full disk, a destination that cannot be written, a ledger that is gone, two runs at once, a clock set
back: an honest exit code, and the same command ends as if nothing had happened.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.crash_forks import Forks
from tests.engine.crash_scene import Way
from tests.engine.crash_steps import HELD, Fault
from tests.engine.crash_world import KILLED, WAYS, Played, World, said
from tidegate.utils.errors import ExitCode


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    with Forks() as made:
        yield made


@pytest.fixture(scope="module")
def merging(forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(forks, tmp_path_factory.mktemp("merge"), "merge", broken=True)


@pytest.fixture(scope="module")
def appending(forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(forks, tmp_path_factory.mktemp("append"), "append", broken=True)


def check_full(world: World, fault: Fault) -> None:
    scene = world.scene()
    code = scene.play(fault)
    told = said(scene.folder)
    assert code == ExitCode.TRY_AGAIN, (fault, code, told)
    assert "full" in told, (fault, told)
    assert scene.finish() == world.expected, fault


@pytest.mark.parametrize(
    "step",
    [
        "make folder",
        "write plan",
        "write pages",
        "write part",
        "rename manifest",
        "commit ledger: report",
    ],
)
def test_a_disk_that_fills_up_is_told_and_costs_nothing_that_was_saved(merging: World, step: str) -> None:
    check_full(merging, Fault(step, "before", n=merging.counts[step], act="fill"))


@pytest.mark.extended
@pytest.mark.timeout(600)
@pytest.mark.parametrize("write", WAYS)
def test_a_disk_may_fill_up_at_any_step(
    forks: Forks, tmp_path_factory: pytest.TempPathFactory, write: Way
) -> None:
    world = World(forks, tmp_path_factory.mktemp(write), write, broken=True)
    last = list(world.counts)[-1]
    for step, when in world.moments():
        if (step, when) != (last, "after"):  # the run has ended
            check_full(world, Fault(step, when, n=world.counts[step], act="fill"))


def test_a_destination_that_cannot_be_written_is_told_before_anything_is_asked_for(merging: World) -> None:
    scene = merging.scene()
    warehouse = scene.folder / "warehouse.duckdb"
    scene.job = replace(scene.job, unprivileged=True)
    warehouse.chmod(0o400)
    asked = scene.asked()
    assert scene.play() == ExitCode.FAILED
    assert "cannot be written" in said(scene.folder)
    assert scene.asked() == asked
    warehouse.chmod(0o600)
    assert scene.finish() == merging.expected


def lose_the_ledger(scene: Played) -> None:
    for file in (scene.folder / "home").glob("ledger.db*"):
        file.unlink()


@pytest.mark.parametrize(
    "step",
    [
        "rename run",
        "rename plan",
        "sync pages",
        "rename manifest",
        "commit warehouse",
        "close warehouse",
        "rename summary",
    ],
)
def test_a_run_goes_on_by_the_same_command_though_the_ledger_is_gone(appending: World, step: str) -> None:
    scene = appending.scene()
    assert scene.play(Fault(step, "after")) == KILLED
    lose_the_ledger(scene)
    assert scene.finish() == appending.expected


def test_a_run_goes_on_by_its_id_though_the_ledger_is_gone(merging: World) -> None:
    scene = merging.scene()
    scene.job = replace(scene.job, run_id="day-2")
    assert scene.play(Fault("sync pages", "after", n=2)) == KILLED
    lose_the_ledger(scene)
    assert scene.finish() == merging.expected


def test_a_kill_while_the_ledger_is_made_anew_leaves_it_to_the_next_command(merging: World) -> None:
    scene = merging.scene()
    assert scene.play(Fault("sync pages", "after", n=2)) == KILLED
    for when in ("before", "after"):
        lose_the_ledger(scene)
        assert scene.play(Fault("commit ledger: runs", when)) == KILLED
    assert scene.finish() == merging.expected


def test_without_ledger_and_record_a_new_run_goes_on_from_the_cursor_at_the_destination(
    merging: World,
) -> None:
    scene = merging.scene()
    assert scene.play(Fault("sync pages", "after", n=2)) == KILLED
    lose_the_ledger(scene)
    for file in (scene.folder / "home").glob("runs/*/run.json"):
        file.unlink()
    # it knows of no pages that it may use, and asks anew
    assert merging.forks.play(scene.job) == merging.expected.code
    assert scene.outcome(merging.expected.code) == merging.expected


@pytest.mark.parametrize("step", ["sync pages", "rename manifest"])
def test_of_two_runs_at_once_the_second_names_the_first_and_leaves_it_alone(
    appending: World, step: str
) -> None:
    scene = appending.scene()
    first = appending.forks.start(scene.job.struck_by(Fault(step, "before", act="hold")))
    until(scene.folder / HELD, there=True)
    assert appending.forks.play(scene.job) == ExitCode.LOST
    assert f"process {first}" in said(scene.folder)
    other = replace(scene.job, run_id="another-one")
    assert appending.forks.play(other) == ExitCode.LOST
    assert f"process {first}" in said(scene.folder)
    (scene.folder / HELD).unlink()
    code = appending.forks.wait(first)
    assert scene.outcome(code) == appending.expected


def until(path: Path, *, there: bool) -> None:
    deadline = time.monotonic() + 60
    while path.exists() != there:
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.parametrize("write", [pytest.param("replace_windows", marks=pytest.mark.extended), "merge"])
def test_a_clock_set_back_between_runs_loses_and_doubles_nothing(
    forks: Forks, tmp_path_factory: pytest.TempPathFactory, write: Way
) -> None:
    world = World(forks, tmp_path_factory.mktemp(write), write, broken=True)
    scene = world.scene()
    back = replace(scene.job, day=1, broken=False, hours=-24, run_id="back")
    assert forks.play(back) == ExitCode.OK, said(scene.folder)
    assert scene.outcome(scene.play()) == world.expected


def test_a_clock_set_back_while_a_run_lies_dead_changes_nothing_of_it(merging: World) -> None:
    scene = merging.scene()
    assert scene.play(Fault("sync pages", "after", n=2)) == KILLED
    scene.job = replace(scene.job, hours=-40)
    assert scene.finish() == merging.expected
