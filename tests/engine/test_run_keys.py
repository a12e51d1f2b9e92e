"""Rows without an id: the same rows fetched again double nothing, and equal rows stay rows of their own."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import AwareDatetime, Field, field_validator

from tests.engine.shop import AcmeConnector, Shop, as_any
from tidegate.contracts.base import ReadContract, WriteContract
from tidegate.contracts.map import Map
from tidegate.contracts.table import KEY_COLUMN, SYNTHETIC_KEY, Table, WriteMode
from tidegate.contracts.windows import Cursor, Window, Windows
from tidegate.destinations.memory import MemoryDestination
from tidegate.destinations.quarantine import QuarantinedRow
from tidegate.engine.invalid import Budget, Invalid
from tidegate.engine.load import load
from tidegate.engine.over import Each
from tidegate.engine.release import Release
from tidegate.engine.replay import Replay
from tidegate.engine.report import TaskReport
from tidegate.engine.run import Options, Runner
from tidegate.engine.tasks import Task, task
from tidegate.engine.workflows import Workflow
from tidegate.http_tools.clients import Call
from tidegate.http_tools.pagination import OffsetPaginator
from tidegate.utils.errors import ExitCode

START = date(2026, 3, 8)
ASIDE = Invalid("quarantine", Budget(count=50))


class ApiHit(ReadContract):
    page: str
    at: AwareDatetime


class Hit(WriteContract):
    page: str = Field(max_length=8)
    at: AwareDatetime


class HitOfPage(WriteContract):
    page: str = Field(max_length=8)


def to_hit(hit: ApiHit) -> Hit:
    return Hit(page=hit.page, at=hit.at)


def mended(hit: ApiHit) -> Hit:
    return Hit(page=hit.page.strip()[:8], at=hit.at)


def table(write: WriteMode = "merge", *, delete_vanished: bool = False) -> Table[Hit]:
    return Table("hits", Hit, key=SYNTHETIC_KEY, write=write, delete_vanished=delete_vanished)


def ask(acme: AcmeConnector, **params: str) -> Call[ApiHit]:
    return acme.client.pages(
        "GET", "/hits", reads=ApiHit, items="hits", paginator=OffsetPaginator(limit=5), params=params
    )


def whole(into: Table[Hit], transform: Callable[[ApiHit], Hit] = to_hit) -> Task[Any, Any, Any]:
    @task(transform=transform, into=into)
    def hits(acme: AcmeConnector) -> Call[ApiHit]:
        return ask(acme)

    return as_any(hits)


def changed_since(transform: Callable[[ApiHit], Hit] = to_hit) -> Task[Any, Any, Any]:
    @task(transform=transform, into=table(), cursor=Cursor("at", start=START))
    def hits(acme: AcmeConnector, window: Window) -> Call[ApiHit]:
        return ask(acme, since=window.start.isoformat())

    return as_any(hits)


@dataclass
class Hits(Shop):
    """An API of hits, which have no id."""

    hits: list[dict[str, str]] = field(default_factory=list)
    to: MemoryDestination = field(default_factory=MemoryDestination)

    def hit(self, page: str, day: int, count: int = 1) -> None:
        self.hits += [{"page": page, "at": f"2026-03-{day:02}T06:00:00+00:00"}] * count

    def serve(self, request: httpx2.Request) -> httpx2.Response:
        query = request.url.params
        found = [
            hit
            for hit in self.hits
            if hit["at"] >= query.get("since", "") and hit["at"].startswith(query.get("day", ""))
        ]
        offset, limit = int(query["offset"]), int(query["limit"])
        return httpx2.Response(200, content=json.dumps({"hits": found[offset : offset + limit]}))

    def runner_of(self, made: Task[Any, Any, Any], **options: Any) -> Runner:
        runner = self.runner()
        runner.workflow, runner.destination = Workflow("acme", self, (made,)), self.to
        runner.options = Options(**{"new": True, **options})
        runner.now = lambda: datetime(2026, 3, 12, tzinfo=UTC)
        return runner

    def run(self, made: Task[Any, Any, Any], **options: Any) -> TaskReport:
        return self.runner_of(made, **options).run().tasks[0]

    def release(
        self, made: Task[Any, Any, Any], which: Callable[[QuarantinedRow], bool] = lambda _: True
    ) -> int:
        runner = self.runner_of(made)
        connector = runner.workflow.factory.create_connector()
        rows = list(filter(which, self.to.quarantine()))
        return sum(
            each.loaded for each in Release(runner.workflow, self.to, runner.home, connector).run(rows)
        )

    def stored(self, *names: str) -> list[tuple[Any, ...]]:
        columns, rows = self.to.sample("hits", 10**6)
        return [tuple(row[columns.index(name)] for name in names) for row in rows]

    def pages(self) -> Counter[str]:
        return Counter(page for (page,) in self.stored("page"))

    def keys(self) -> set[str]:
        found = [key for (key,) in self.stored(KEY_COLUMN)]
        assert len(set(found)) == len(found)
        return set(found)


@pytest.fixture
def shop(tmp_path: Path) -> Hits:
    made = Hits(tmp_path)
    made.hit("home", 8, count=7)
    made.hit("about", 8)
    return made


def test_the_same_rows_again_double_nothing_and_equal_ones_stay(shop: Hits) -> None:
    assert shop.run(whole(table())).rows_loaded == 8
    keys = shop.keys()
    shop.hits.reverse()
    report = shop.run(whole(table()))
    assert (report.rows_loaded, report.rows_superseded) == (8, 0)
    assert (shop.keys(), shop.pages()) == (keys, {"home": 7, "about": 1})


def test_one_more_and_one_less_of_equal_rows(shop: Hits) -> None:
    into = table(delete_vanished=True)
    shop.run(whole(into))
    shop.hit("home", 8)
    assert (shop.run(whole(into)).rows_deleted, shop.pages()["home"]) == (0, 8)
    shop.hits = [hit for hit in shop.hits if hit["page"] == "about"] + shop.hits[:5]
    assert (shop.run(whole(into)).rows_deleted, shop.pages()["home"]) == (3, 5)


def test_a_task_with_a_cursor_gives_rows_that_it_asks_for_again_their_keys(shop: Hits) -> None:
    shop.hit("home", 9, count=2)
    assert shop.run(changed_since()).rows_loaded == 10
    keys = shop.keys()
    shop.hit("home", 9)  # late, equal to the two that are asked for again
    shop.hit("home", 10, count=2)
    assert shop.run(changed_since()).rows_fetched == 5
    assert shop.keys() > keys
    assert shop.pages() == Counter(hit["page"] for hit in shop.hits)


def test_a_cursor_that_the_table_does_not_hold_is_refused() -> None:
    into = Table("hits", HitOfPage, key=SYNTHETIC_KEY, write="merge")
    with pytest.raises(ValueError, match=r"table hits: .*told apart by at too: HitOfPage needs that column"):
        task(transform=lambda hit: HitOfPage(page=hit.page), into=into, cursor=Cursor("at", start=START))


def test_equal_rows_of_two_accounts_are_two(shop: Hits) -> None:
    @task(transform=to_hit, into=table(), over=Each("account", ["north", "south"]))
    def hits(acme: AcmeConnector, account: str) -> Call[ApiHit]:
        return ask(acme, account=account)

    for _ in range(2):
        shop.run(as_any(hits))
    assert shop.pages() == {"home": 14, "about": 2}


def test_a_window_that_is_replaced_gives_its_rows_their_keys_again(shop: Hits) -> None:
    @task(transform=to_hit, into=table("replace_windows"), windows=Windows(start=START, refetch=5))
    def hits(acme: AcmeConnector, window: Window) -> Call[ApiHit]:
        return ask(acme)  # the same rows for each of five days

    shop.run(as_any(hits))
    keys = shop.keys()
    assert len(keys) == 40
    shop.run(as_any(hits))
    assert shop.keys() == keys


@pytest.mark.parametrize("write", ["append", "replace"])
def test_every_way_to_write_may_have_the_column(shop: Hits, write: WriteMode) -> None:
    shop.run(whole(table(write)))
    assert len(shop.keys()) == 8


def test_a_run_that_is_resumed_and_built_anew_has_the_same_keys(shop: Hits) -> None:
    shop.run(whole(table()))
    keys = shop.keys()
    again = Hits(shop.folder / "again", hits=shop.hits)
    again.folder.mkdir()
    again.answer = lambda _: None
    failing = again.runner_of(whole(table(), fail_once()), run_id="one")
    assert failing.run().exit_code == ExitCode.FAILED
    assert again.run(whole(table(), to_hit), run_id="one", new=False).exit_code == ExitCode.OK
    assert again.keys() == keys


def fail_once() -> Callable[[ApiHit], Hit]:
    def fails(hit: ApiHit) -> Hit:
        return Hit(page=hit.page if hit.page == "home" else "much too long", at=hit.at)

    return fails


def test_a_replay_gives_the_rows_of_its_run_their_keys_again(shop: Hits) -> None:
    shop.run(changed_since())
    keys = shop.keys()
    (run_id,) = [path.name for path in (shop.folder / "home" / "runs").iterdir()]
    runner = shop.runner_of(changed_since(mended))
    (report,) = Replay(runner.workflow, shop.to, runner.home, run_id).run().tasks
    assert (report.exit_code, shop.keys()) == (0, keys)


class ApiHitMended(ApiHit):
    @field_validator("page", mode="before")
    @classmethod
    def trimmed(cls, page: str) -> str:
        return page.strip()


def asides(shop: Hits) -> None:
    """Rows that are equal to loaded ones as soon as the transform trims them: some in two spellings."""
    for blanks in (6, 7, 8, 9):
        shop.hit("home" + " " * blanks, 8)
    shop.hits[3], shop.hits[9] = shop.hits[9], shop.hits[3]


@pytest.mark.parametrize("write", ["merge", "append"])
def test_a_released_row_takes_no_key_of_another_row(shop: Hits, write: WriteMode) -> None:
    asides(shop)
    assert shop.run(whole(table(write)), invalid=ASIDE).rows_quarantined == 4
    assert shop.release(whole(table(write), mended)) == 4
    assert shop.pages() == {"home": 11, "about": 1}
    assert len(shop.keys()) == 12
    if write == "merge":  # a run that is sent all of them gives the very same keys
        keys = shop.keys()
        assert shop.run(whole(table(write), mended)).rows_loaded == 12
        assert shop.keys() == keys


def test_rows_released_one_after_the_other_take_no_key_of_each_other(shop: Hits) -> None:
    asides(shop)
    shop.run(whole(table()), invalid=ASIDE)
    for left in (4, 3, 2, 1):
        first = min(row.id for row in shop.to.quarantine())
        assert len(list(shop.to.quarantine())) == left
        assert shop.release(whole(table(), mended), lambda row, first=first: row.id == first) == 1  # type: ignore[misc]
    assert shop.pages() == {"home": 11, "about": 1}
    keys = shop.keys()
    shop.run(whole(table(), mended))
    assert shop.keys() == keys


def test_a_released_row_that_a_later_run_has_loaded_is_not_doubled(shop: Hits) -> None:
    shop.hit("late" + " " * 9, 9)
    shop.run(changed_since(), invalid=ASIDE)
    assert shop.run(changed_since(mended)).rows_loaded == 1
    shop.release(changed_since(mended))
    assert shop.pages() == {"home": 7, "about": 1, "late": 1}


def test_a_released_row_without_the_part_of_its_run_is_refused_and_stays(shop: Hits) -> None:
    asides(shop)
    shop.run(whole(table()), invalid=ASIDE)
    (part,) = (shop.folder / "home").rglob("all.json")
    part.unlink()
    with pytest.raises(Exception, match="gone, and with it the keys of its rows"):
        shop.release(whole(table(), mended))
    assert len(list(shop.to.quarantine())) == 4


def test_rows_in_hand_get_keys_too(tmp_path: Path) -> None:
    to, rows = MemoryDestination(), [Hit(page="a", at=datetime(2026, 3, 8, tzinfo=UTC))] * 3
    for _ in range(2):
        load(rows, into=table(), to=to)
    assert len(to.sample("hits", 10)[1]) == 3


def test_a_version_or_a_further_column_beside_the_key_is_refused() -> None:
    with pytest.raises(ValueError, match="rows of one synthetic key are equal"):
        Table("hits", Hit, key=SYNTHETIC_KEY, version="at", write="merge")
    with pytest.raises(ValueError, match="key=SYNTHETIC_KEY is the whole key"):
        Table("hits", Hit, key=(KEY_COLUMN, "page"), write="merge")


def test_what_several_slices_have_to_warn_of_is_told_once(shop: Hits) -> None:
    @task(transform=to_hit, into=table(), over=Each("account", ["north", "south", "west"]))
    def hits(acme: AcmeConnector, account: str) -> Call[ApiHit]:
        paginator = OffsetPaginator(limit=5, overlap=0)
        return acme.client.pages(
            "GET", "/hits", reads=ApiHit, items="hits", paginator=paginator, params={"account": account}
        )

    (warning,) = shop.run(as_any(hits)).warnings
    assert warning.startswith("acme.hits account=north and 2 more slices: no count of rows and no seam")


def test_both_builds_give_the_same_keys(shop: Hits, tmp_path: Path) -> None:
    @task(transform=Map(ApiHit, Hit, page="page", at="at"), into=table())
    def hits(acme: AcmeConnector) -> Call[ApiHit]:
        return ask(acme)

    shop.run(as_any(hits), build="instances")
    other = Hits(tmp_path / "columns", hits=shop.hits)
    other.folder.mkdir()
    other.run(as_any(hits), build="columnar")
    assert shop.keys() == other.keys()
