"""What `doctor` finds of a dataset: whether it is there, where, and what may be done in it.

What is granted on the project is known already. What only a grant on the dataset can give is asked of one of
its tables, or tried without being done (a dry run). Nothing is made or written.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tidegate.app import doctor_grants
from tidegate.app.doctor_findings import Finding, ok, unknown, wrong
from tidegate.app.doctor_grants import Grants
from tidegate.destinations.bigquery_url import Place
from tidegate.utils.errors import TidegateError
from tidegate.utils.gcp_errors import GoogleNotFoundError, GooglePermissionError, translated

if TYPE_CHECKING:
    from google.cloud.bigquery import Client, Dataset

_TIMEOUT_S = 15.0
_ONCE: Any = None  # no retry: a person waits
_JOBS = "bigquery.jobs.create"
_MAKE = "bigquery.datasets.create"
_LIST, _CREATE = "bigquery.tables.list", "bigquery.tables.create"
# Of one table each of these can be asked for.
_OF_TABLES = (
    "bigquery.tables.delete",
    "bigquery.tables.get",
    "bigquery.tables.getData",
    "bigquery.tables.update",
    "bigquery.tables.updateData",
)

# All that may be granted on the project; those after the first two on the dataset, too.
PERMISSIONS = (_JOBS, _MAKE, "bigquery.datasets.get", _LIST, _CREATE, *_OF_TABLES)


def check_dataset(client: Client, place: Place, grants: Grants) -> Generator[Finding, None, str | None]:
    """Gives the dataset's location; None where it is not there."""
    try:
        dataset = _found(client, place)
    except TidegateError as error:
        yield wrong("dataset", str(error), error.hint)
        return None
    if dataset is None:
        yield from _absent(place)
        yield from _permissions(client, place, grants, (_JOBS, _MAKE), None)
        return None
    yield _location(place, dataset.location)
    needed = (_JOBS, _CREATE, _LIST, *_OF_TABLES)
    yield from _permissions(client, place, grants, needed, dataset.location)
    return str(dataset.location)


def _found(client: Client, place: Place) -> Dataset | None:
    try:
        with translated(place.label):
            return client.get_dataset(f"{place.project}.{place.dataset}", retry=_ONCE, timeout=_TIMEOUT_S)
    except GoogleNotFoundError as error:
        if "Not found: Dataset" not in str(error):  # then the project is not
            raise
        return None


def _absent(place: Place) -> Iterator[Finding]:
    if place.location is None:
        yield wrong(
            "dataset",
            f"{place.label} is not there, and nothing says where it should be",
            f"Name a location, which cannot be changed later: bigquery://{place.project}/{place.dataset}?location=EU",
        )
    else:
        yield ok("dataset", f"{place.label} will be made by the first run, in {place.location}")


def _location(place: Place, location: str) -> Finding:
    if place.location is not None and place.location.upper() != location.upper():
        return wrong(
            "dataset",
            f"{place.label} is in {location}, not in {place.location}",
            f"Write ?location={location}: a dataset cannot be moved.",
        )
    return ok("dataset", f"{place.label}, in {location}")


def _permissions(
    client: Client, place: Place, grants: Grants, needed: tuple[str, ...], location: str | None
) -> Iterator[Finding]:
    """One finding for all that is held, one for each that is missing or cannot be told."""
    tried = _Tried(client, place, location or place.location)
    unsure = [each for each in needed if each not in grants.held]
    missing, untold = list[str](), list[str]()
    for each in unsure:
        held = tried.holds(each)
        if not held:
            (untold if held is None else missing).append(each)
    on_project = doctor_grants.project(place.project)
    on_dataset = doctor_grants.dataset(place.project, place.dataset)
    for each in missing:
        where = on_project if each in (_JOBS, _MAKE) else on_dataset
        yield from where.missing([each], grants.identity)
    for each in untold:
        yield unknown(
            "permission",
            f"{each} is not granted on the project, perhaps on the dataset: without a table none can tell",
            f"If it is not: {on_dataset.todo(each, grants.identity)}",
        )
    if not missing and not untold:
        yield ok("permissions", f"all that a run needs: {', '.join(needed)}")


@dataclass
class _Tried:
    """Finds out by asking for the thing itself."""

    client: Client
    place: Place
    location: str | None
    table: Any = None
    looked: bool = False

    def holds(self, permission: str) -> bool | None:
        """None where it cannot be found out."""
        ways = {
            _JOBS: lambda: self._runs("SELECT 1"),
            _CREATE: lambda: self._runs(f"CREATE TABLE {self._path('_tidegate_doctor')} (x INT64)"),
            _LIST: self._lists,
        }
        try:
            return ways[permission]() if permission in ways else self._of_a_table(permission)
        except GooglePermissionError:
            return False
        except TidegateError:
            return None

    def _path(self, table: str) -> str:
        return f"`{self.place.project}.{self.place.dataset}.{table}`"

    def _runs(self, statement: str) -> bool:
        from google.cloud.bigquery import QueryJobConfig

        with translated(self.place.label):
            self.client.query(
                statement,
                job_config=QueryJobConfig(dry_run=True, use_query_cache=False),
                location=self.location,
                retry=_ONCE,
                job_retry=_ONCE,
                timeout=_TIMEOUT_S,
            )
        return True

    def _lists(self) -> bool:
        with translated(self.place.label):
            tables = self.client.list_tables(
                f"{self.place.project}.{self.place.dataset}", max_results=1, retry=_ONCE, timeout=_TIMEOUT_S
            )
            self.table, self.looked = next(iter(tables), None), True
        return True

    def _of_a_table(self, permission: str) -> bool | None:
        if not self.looked:
            self._lists()
        if self.table is None or permission not in _OF_TABLES:
            return None if permission in _OF_TABLES else False
        with translated(self.place.label):
            answer = self.client.test_iam_permissions(
                self.table, [permission], retry=_ONCE, timeout=_TIMEOUT_S
            )
        return permission in answer.get("permissions", ())
