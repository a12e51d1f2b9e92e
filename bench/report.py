"""The rounds as figures, a table, and the bars that they must clear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median

from bench.rounds import Round
from bench.scenes import Scene

FLOOR = "validate_json alone"
HEADS = ("way", "CPU us/row", "rows/s", "peak MB", "x floor", "usual / it", "dlt tuned / it")
_USUAL, _DLT = "the usual way", "dlt, tuned"


@dataclass(frozen=True, slots=True)
class Figures:
    """Medians of one contender in one scene. The ratios are medians of each round's ratio: CPU over that of
    the floor, CPU of the usual way and of dlt tuned over its own; None where those did not take part.
    """

    name: str
    cpu_us: float
    rows_per_s: float
    peak_mb: float
    wall_s: float
    floors: float
    usual: float | None
    dlt: float | None


@dataclass(frozen=True, slots=True)
class SceneFigures:
    scene: Scene
    rounds: int
    floor_us: float
    fetch_s: float
    ways: tuple[Figures, ...]

    def of(self, name: str) -> Figures | None:
        return next((each for each in self.ways if each.name == name), None)

    def plain(self) -> dict[str, object]:
        return asdict(self)


def figures(scene: Scene, rounds: Sequence[Round]) -> SceneFigures:
    names = rounds[0].costs
    return SceneFigures(
        scene,
        len(rounds),
        median(each.floor.cpu_s for each in rounds) / scene.rows * 1e6,
        median(each.floor.fetch_s for each in rounds),
        tuple(_way(name, scene, rounds) for name in names),
    )


def _way(name: str, scene: Scene, rounds: Sequence[Round]) -> Figures:
    costs = [each.costs[name] for each in rounds]
    wall_s = median(cost.wall_s for cost in costs)
    return Figures(
        name,
        median(cost.cpu_s for cost in costs) / scene.rows * 1e6,
        scene.rows / wall_s,
        median(cost.peak_rss for cost in costs) / 1e6,
        wall_s,
        median(each.costs[name].cpu_s / each.floor.cpu_s for each in rounds),
        _over(_USUAL, name, rounds),
        _over(_DLT, name, rounds),
    )


def _over(other: str, name: str, rounds: Sequence[Round]) -> float | None:
    if other not in rounds[0].costs or other == name:
        return None
    return median(each.costs[other].cpu_s / each.costs[name].cpu_s for each in rounds)


def lines(found: SceneFigures) -> list[tuple[str, ...]]:
    """The cells of one scene's table, heads first, the cheapest first."""
    floor = (FLOOR, f"{found.floor_us:.2f}", "", "", "1.0", "", "")
    ways = sorted(found.ways, key=lambda each: each.cpu_us)
    return [HEADS, floor, *(_cells(each) for each in ways)]


def _cells(way: Figures) -> tuple[str, ...]:
    return (
        way.name,
        f"{way.cpu_us:.2f}",
        f"{way.rows_per_s:,.0f}",
        f"{way.peak_mb:,.0f}",
        f"{way.floors:.1f}",
        "" if way.usual is None else f"{way.usual:.1f}",
        "" if way.dlt is None else f"{way.dlt:.1f}",
    )


def table(found: SceneFigures) -> str:
    """For a terminal: names to the left, numbers to the right."""
    cells = lines(found)
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rows = [
        "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip()
        for line in cells
    ]
    return "\n".join([f"{found.scene} ({found.rounds} rounds)", *rows])


@dataclass(frozen=True, slots=True)
class Bar:
    """One claim: what was measured, and whether it holds."""

    holds: bool
    text: str

    def __str__(self) -> str:
        return f"{'PASS' if self.holds else 'FAIL'}  {self.text}"


COLUMNAR, INSTANCES = "tidegate, columnar", "tidegate, instances"
MAX_PEAK_MB = 380
# By build: at most so many floors; the usual way and dlt tuned take at least so many times its CPU.
TARGETS: Mapping[str, tuple[float, float, float]] = {COLUMNAR: (2.1, 3.3, 4.7), INSTANCES: (3.5, 2.0, 2.8)}
MIN_DLT_PLAIN = 20.0
TWO, MIN_TWO = "tidegate, two processes", 1.7
IN_FLIGHT, MAX_HIDDEN = 16, 1.2
MILLION, FIFTH = 1_000_000, 200_000


def bars(scenes: Sequence[SceneFigures]) -> list[Bar]:
    """The targets, each where a scene of this run can tell."""
    found = []
    for each in scenes:
        if each.scene.listing != "events" or each.scene.into != "DuckDB":
            continue
        if each.scene.latency_s:
            found += _hidden(each, scenes)
            continue
        if each.scene.rows == MILLION:
            found += [bar for name, target in TARGETS.items() for bar in _ratios(each, name, target)]
            found += _two(each)
        found += [_peak(each, way) for way in each.ways if way.name in TARGETS]
        plain, ours = each.of("dlt, as it comes"), each.of(COLUMNAR)
        if plain and ours and each.scene.rows == FIFTH:
            times = plain.cpu_us / ours.cpu_us
            found.append(_least(f"{each.scene}: dlt as it comes / columnar", times, MIN_DLT_PLAIN))
    return found


def _ratios(found: SceneFigures, name: str, target: tuple[float, float, float]) -> list[Bar]:
    way = found.of(name)
    if way is None:
        return []
    floors, usual, dlt = target
    made = [Bar(way.floors <= floors, f"{found.scene}: {name}: {way.floors:.2f} floors; at most {floors}")]
    made += [_least(f"{found.scene}: the usual way / {name}", way.usual, usual)] if way.usual else []
    made += [_least(f"{found.scene}: dlt tuned / {name}", way.dlt, dlt)] if way.dlt else []
    return made


def _least(what: str, times: float, least: float) -> Bar:
    return Bar(times >= least, f"{what}: {times:.2f}; at least {least}")


def _peak(found: SceneFigures, way: Figures) -> Bar:
    text = f"{found.scene}: {way.name}: peak {way.peak_mb:.0f} MB; at most {MAX_PEAK_MB}"
    return Bar(way.peak_mb <= MAX_PEAK_MB, text)


def _two(found: SceneFigures) -> list[Bar]:
    one, two = found.of(COLUMNAR), found.of(TWO)
    if one is None or two is None:
        return []
    return [_least(f"{found.scene}: two processes / one, rows a second", one.wall_s / two.wall_s, MIN_TWO)]


def _hidden(found: SceneFigures, scenes: Sequence[SceneFigures]) -> list[Bar]:
    """Whether the wait for a slow server is hidden: the longer of wait and work, and a fifth more."""
    near = next((each for each in scenes if each.scene == replace(found.scene, latency_s=0.0)), None)
    far, work = found.of(COLUMNAR), near and near.of(COLUMNAR)
    if far is None or not work:
        return []
    waits_s = found.scene.rows / found.scene.limit * found.scene.latency_s / IN_FLIGHT
    most = MAX_HIDDEN * max(waits_s, work.wall_s)
    text = f"{found.scene}: {far.wall_s:.1f} s, {work.wall_s:.1f} s at hand; at most {most:.1f} s"
    return [Bar(far.wall_s <= most, text)]
