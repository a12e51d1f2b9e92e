"""BigQuery: the destination for production. A dataset, written by load jobs and transactions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tidegate.contracts.table import Table
from tidegate.contracts.view import View
from tidegate.destinations import bigquery_quarantine, bigquery_schema, bigquery_state, bigquery_views
from tidegate.destinations.base import Commit, CursorRow, Freshness, Landed
from tidegate.destinations.bigquery_checks import check_place, found
from tidegate.destinations.bigquery_commit import write
from tidegate.destinations.bigquery_jobs import Session
from tidegate.destinations.bigquery_sample import column_values, first_rows
from tidegate.destinations.bigquery_staging import PART_BYTES
from tidegate.destinations.bigquery_tables import changes_of, check_layout, found_table
from tidegate.destinations.bigquery_url import Place, parse
from tidegate.destinations.quarantine import QuarantinedRow
from tidegate.destinations.schema_diff import Change
from tidegate.destinations.views import ViewState
from tidegate.utils.gcp_clients import bigquery_client

if TYPE_CHECKING:
    from google.cloud.bigquery import Client


class BigQueryDestination:
    """A dataset of BigQuery. The first commit makes it.

    One request is sent again for `retry_s` at most, where Google says that it is worth it; jobs are waited
    for as long as they take. `part_bytes` is the size of the files that rows go up in. `client` opens one of
    Google's clients, given project and location; each method opens and closes its own, so that threads and
    processes may share a destination.
    """

    def __init__(
        self,
        place: str | Place,
        *,
        retry_s: float = 120.0,
        part_bytes: int = PART_BYTES,
        sleep: Callable[[float], None] = time.sleep,
        client: Callable[[str, str | None], Client] = lambda project, location: bigquery_client(
            project, location=location
        ),
    ) -> None:
        self.place = parse(place) if isinstance(place, str) else place
        self._retry_s = retry_s
        self._part_bytes = part_bytes
        self._sleep = sleep
        self._client = client

    @property
    def name(self) -> str:
        return self.place.spelled

    @property
    def identity(self) -> str:
        return f"bigquery:{self.place.project}.{self.place.dataset}"

    def prepare(self, table: Table[Any]) -> None:
        check_layout(table)
        with self._session() as session:
            check_place(session)
            bigquery_schema.check_safe(session, table)

    def differences(self, table: Table[Any]) -> list[Change]:
        with self._session() as session:
            return changes_of(table, found_table(session, table.name))

    def apply(self, table: Table[Any], changes: Sequence[Change]) -> tuple[str, ...]:
        if not changes:
            return ()
        check_layout(table)
        with self._session() as session:
            return bigquery_schema.apply(bigquery_state.ensure(session), table, changes, datetime.now(UTC))

    def cursor(self, task: str) -> CursorRow:
        with self._session() as session:
            return bigquery_state.cursor_of(session, task)

    def set_cursor(
        self, task: str, value: datetime | None, *, seen: int, slice_id: str | None = None
    ) -> CursorRow:
        with self._session() as session:
            return bigquery_state.set_cursor(session, task, value, seen, slice_id)

    def commit(self, commit: Commit) -> Landed:
        check_layout(commit.table)
        with self._session() as session:
            return write(session, commit, part_bytes=self._part_bytes)

    def landed(self, commit_id: str) -> Landed | None:
        with self._session() as session:
            return bigquery_state.find(session, commit_id)

    def quarantine(self, *, task: str | None = None, run_id: str | None = None) -> Iterator[QuarantinedRow]:
        with self._session() as session:
            yield from bigquery_quarantine.rows(session, task, run_id)

    def freshness(self) -> list[Freshness]:
        with self._session() as session:
            return bigquery_state.freshness(session)

    def sample(self, table: str, rows: int) -> tuple[list[str], list[tuple[Any, ...]]]:
        with self._session() as session:
            return first_rows(session, table, rows)

    def values(self, table: str, column: str) -> list[Any]:
        with self._session() as session:
            return column_values(session, table, column)

    def view_states(self, views: Sequence[View]) -> list[ViewState]:
        with self._session() as session:
            return [bigquery_views.state_of(session, view) for view in views]

    def put_view(self, view: View) -> None:
        with self._session() as session:
            bigquery_views.put(session, view)

    @contextmanager
    def _session(self) -> Iterator[Session]:
        """Looks at the dataset first: jobs run where it is, and one elsewhere would see nothing of it."""
        with closing(self._client(self.place.project, self.place.location)) as client:
            session = Session(
                client,
                self.place,
                self.place.location,
                exists=False,
                retry_s=self._retry_s,
                sleep=self._sleep,
            )
            yield found(session)
