"""`kill -9` at every step of a run, then the same command: as if nothing had happened.

The same table, quarantine and figures as those of an undisturbed run; no page that stood in the page log is
asked for again (which `Played.play` sees to).
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.engine.crash_forks import Forks
from tests.engine.crash_scene import Way
from tests.engine.crash_steps import Fault
from tests.engine.crash_world import KILLED, WAYS, World, said

QUICK, ALL = 20, 200


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    with Forks() as made:
        yield made


def told(kills: Counter[str]) -> str:
    lines = [f"{count:5} {step}" for step, count in sorted(kills.items())]
    return "\n".join(["", f"{kills.total()} kills, by step:", *lines])


def test_killed_at_twenty_steps_a_run_ends_as_if_undisturbed(
    forks: Forks, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    kills: Counter[str] = Counter()
    rng = random.Random(3)
    for number, write in enumerate(WAYS):
        world = World(forks, tmp_path_factory.mktemp(write), write, broken=number % 2 == 1)
        fresh = [moment for moment in world.moments() if moment[0] not in kills]
        wanted = QUICK * (number + 1) // len(WAYS)
        while kills.total() < wanted:
            chain = sorted(rng.sample(range(len(fresh)), wanted - kills.total()))
            scene = world.scene()
            hit = scene.kills(*(Fault(*fresh[each]) for each in chain))
            kills.update(fault.step for fault in hit)
            assert scene.finish() == world.expected, chain
    with capsys.disabled():
        print(told(kills))


@pytest.mark.extended
@pytest.mark.timeout(1200)
def test_killed_at_every_step_a_run_ends_as_if_undisturbed(
    forks: Forks, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    kills: Counter[str] = Counter()
    rng = random.Random(11)
    worlds = [
        World(forks, tmp_path_factory.mktemp(write), write, broken)
        for write in WAYS
        for broken in (False, True)
    ]

    def kill(world: World, *faults: Fault) -> int:
        """Kill one run at one moment after the other, let it end, and see that nothing shows."""
        scene = world.scene()
        hit = scene.kills(*faults)
        kills.update(f"{fault.when} {fault.step}" for fault in hit)
        assert scene.finish() == world.expected, list(map(str, faults))
        return len(hit)

    moments = sorted({moment for world in worlds for moment in world.moments()})
    for number, (step, when) in enumerate(moments):
        having = [world for world in worlds if (step, when) in world.moments()]
        world = having[number % len(having)]
        assert kill(world, Fault(step, when, rng.randint(1, world.counts[step]))), (step, when)
    for _ in range(24):
        kills["at a random moment"] += killed_by_the_clock(rng.choice(worlds), rng.random() * 0.3)
    while kills.total() < ALL:
        world = rng.choice(worlds)
        picked = [rng.choice(world.moments()) for _ in range(3)]
        kill(world, *(Fault(step, when, rng.randint(1, world.counts[step])) for step, when in picked))
    with capsys.disabled():
        print(told(kills))


def killed_by_the_clock(world: World, after_s: float) -> bool:
    scene = world.scene()
    pid = world.forks.start(scene.job)
    time.sleep(after_s)
    os.kill(pid, signal.SIGKILL)  # there, dead or not, until it is waited for
    killed = world.forks.wait(pid) == KILLED
    assert scene.finish() == world.expected, after_s
    return killed


@pytest.fixture(scope="module")
def merged(forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(forks, tmp_path_factory.mktemp("merged"), "merge", broken=True)
    world.come_to_day_2()
    return world


@pytest.mark.parametrize("act", ["replay", "release"])
def test_killed_while_it_replays_or_releases_a_run_ends_as_if_undisturbed(merged: World, act: str) -> None:
    check_again(merged, act, kills=2)


@pytest.mark.extended
@pytest.mark.timeout(600)
@pytest.mark.parametrize("write", WAYS)
@pytest.mark.parametrize("act", ["replay", "release"])
def test_killed_at_many_steps_of_a_replay_or_release_it_ends_as_if_undisturbed(
    forks: Forks, tmp_path_factory: pytest.TempPathFactory, act: str, write: Way
) -> None:
    world = World(forks, tmp_path_factory.mktemp(act), write, broken=True)
    world.come_to_day_2()
    check_again(world, act, kills=20)


def check_again(world: World, act: str, *, kills: int) -> None:
    """Kill it so many times, and do it again each time; nothing is asked for."""
    calm = world.scene().to(act)
    code = calm.play()
    wanted, counts = (code, calm.table("day-2"), calm.quarantine()), calm.counts()
    assert code in (0, 10), said(calm.folder)
    rng, killed = random.Random(5), 0
    while killed < kills:
        scene = world.scene().to(act)
        step = rng.choice(list(counts))
        fault = Fault(step, rng.choice(["before", "after"]), rng.randint(1, counts[step]))
        killed += scene.play(fault) == KILLED
        found = (scene.play(), scene.table("day-2"), scene.quarantine())
        assert found == wanted, (fault, said(scene.folder))
        assert scene.asked() == calm.asked()
