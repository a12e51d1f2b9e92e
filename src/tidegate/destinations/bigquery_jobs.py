"""Jobs in BigQuery: each under an id that is the same every time, so that none does its work twice.

https://cloud.google.com/bigquery/docs/running-jobs#generate-job-id
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from tidegate.destinations.bigquery_url import Place
from tidegate.destinations.exceptions import DestinationError
from tidegate.utils.gcp_errors import GoogleUnavailableError, translated
from tidegate.utils.gcp_translation import translate

if TYPE_CHECKING:
    from google.api_core.retry import Retry
    from google.cloud.bigquery import (
        ArrayQueryParameter,
        Client,
        LoadJob,
        QueryJob,
        QueryJobConfig,
        ScalarQueryParameter,
    )

REQUEST_TIMEOUT_S = 60.0
_FIRST_POLL_S, _LAST_POLL_S = 0.1, 5.0
# Each attempt is a job that failed; more than that many of one commit is a fault that no attempt mends.
_MOST_ATTEMPTS = 10_000

# Of jobs that failed. https://cloud.google.com/bigquery/docs/error-messages
_WORTH_ANOTHER = {
    "backendError",
    "internalError",
    "jobBackendError",
    "jobInternalError",
    "jobRateLimitExceeded",
    "rateLimitExceeded",
}

Job = TypeVar("Job", "QueryJob", "LoadJob")

# Type and value of the parameters of a statement, by name; a list is an array.
Parameters = Mapping[str, tuple[str, Any]]


class JobUnknownError(GoogleUnavailableError):
    """A job was sent, and whether it does its work nobody can tell now."""


def quote(*names: str) -> str:
    """The path of a table, or one name, between backticks: the project may have dots, colons and hyphens."""
    return ".".join(f"`{name}`" for name in names)


@dataclass(frozen=True)
class Session:
    """An open client at one dataset. `location` is that of the dataset; `exists`: whether it is there.

    `since` tells this dataset from one that was of its name before: ids of jobs, which go by project and are
    never forgotten, are made with it. `retry_s` bounds how long one request is sent again. `sleep` waits
    between two looks at a job, and may raise to end the wait; the job goes on.
    """

    client: Client
    place: Place
    location: str | None
    exists: bool
    since: str = ""
    retry_s: float = 120.0
    sleep: Callable[[float], None] = time.sleep

    @property
    def retry(self) -> Retry:
        """Google's own rule of what is worth sending again, for as long as there is patience."""
        from google.cloud.bigquery import DEFAULT_RETRY

        return DEFAULT_RETRY.with_timeout(self.retry_s)

    def id_of(self, table: str) -> str:
        """As Google's client takes it: the last two dots part it."""
        return f"{self.place.project}.{self.place.dataset}.{table}"

    def path(self, table: str) -> str:
        """As SQL takes it."""
        return quote(self.place.project, self.place.dataset, table)

    @contextmanager
    def about(self, table: str | None = None) -> Iterator[None]:
        """Google's errors inside are turned into ours, which name the table, or else the dataset."""
        with translated(self.place.label if table is None else f"BigQuery table {self.id_of(table)}"):
            yield

    def rows(self, sql: str, parameters: Parameters | None = None) -> Iterator[tuple[Any, ...]]:
        """What a query gives. It changes nothing, so Google's client may send it again as it likes."""
        found = self.client.query_and_wait(
            sql,
            job_config=self._config(parameters or {}),
            location=self.location,
            retry=self.retry,
            job_retry=None,  # type: ignore[arg-type]  # None is documented, and means no other job
            api_timeout=REQUEST_TIMEOUT_S,
        )
        return (row.values() for row in found)

    def run(self, job_id: str, sql: str, parameters: Parameters | None = None) -> QueryJob:
        """The script has run, once, under this id; see `once`."""
        config = self._config(parameters or {})

        def start(name: str) -> QueryJob:
            return self.client.query(
                sql,
                job_config=config,
                job_id=name,
                location=self.location,
                retry=self.retry,
                timeout=REQUEST_TIMEOUT_S,
                job_retry=None,
            )

        return self.once(job_id, start)

    def once(self, job_id: str, start: Callable[[str], Job]) -> Job:
        """A job that has done its work under this id, by this process or by another one.

        A job that is under way is waited for; after one that failed in another process comes the next
        attempt, under the next id, and also where Google says that another one is worth it, as long as there
        is patience. Raises what the job failed with, where this call started it, and `JobUnknownError`.
        """
        waited_s, pause_s, attempt = 0.0, 1.0, 0
        while attempt < _MOST_ATTEMPTS:
            name = f"{job_id}_{attempt}"
            job, is_ours = self._done(name, start)
            if job.error_result is None:
                return job
            if is_ours:
                if job.error_result.get("reason") not in _WORTH_ANOTHER or waited_s > self.retry_s:
                    raise _failure(job) or DestinationError(f"job {name} failed and does not say why")
                self.sleep(pause_s)
                waited_s, pause_s = waited_s + pause_s, min(pause_s * 2, 30.0)
            attempt = attempt + 1 if is_ours else max(attempt + 1, self._last(job_id, attempt))
        raise DestinationError(
            f"{self.place.label}: {_MOST_ATTEMPTS} jobs {job_id}_* have failed",
            hint=f"look why: bq show -j {job_id}_0",
        )

    def _done(self, name: str, start: Callable[[str], Job]) -> tuple[Job, bool]:
        """The job of this name, which has ended, and whether this call made it.

        A request whose answer was lost is sent again and meets the job that it made: then it counts as found.
        Once a job is there, whatever keeps us from looking at it says nothing of what becomes of it.
        """
        from google.api_core.exceptions import Conflict

        job: Job | None = None
        is_there = False
        try:
            with suppress(Conflict):
                job = start(name)
            is_there = True
            found: Job = job or self._found(name)
            self._wait(found)
        except Exception as error:
            made = translate(error, f"job {name}")
            if made is not None and (is_there or isinstance(made, GoogleUnavailableError)):
                raise JobUnknownError(f"no word what became of it: {made}", hint=made.hint) from error
            raise
        return found, job is not None

    def _last(self, job_id: str, attempt: int) -> int:
        """The last attempt that there is from this one on; none is left out, so few have to be looked at."""
        step = 1
        while self._is_there(f"{job_id}_{attempt + step}"):
            attempt, step = attempt + step, step * 2
        while step > 1:
            step //= 2
            if self._is_there(f"{job_id}_{attempt + step}"):
                attempt += step
        return attempt

    def _is_there(self, name: str) -> bool:
        from google.api_core.exceptions import NotFound

        try:
            self.client.get_job(name, location=self.location, retry=self.retry, timeout=REQUEST_TIMEOUT_S)
        except NotFound:
            return False
        return True

    def _found(self, name: str) -> Any:
        """A job that was said to be there. Right after that Google may know nothing of it for a moment:
        https://github.com/googleapis/python-bigquery/issues/2134
        """
        from google.api_core.exceptions import NotFound

        for pause_s in (0.5, 1.0, 2.0, 4.0):
            try:
                return self.client.get_job(
                    name, location=self.location, retry=self.retry, timeout=REQUEST_TIMEOUT_S
                )
            except NotFound:
                self.sleep(pause_s)
        return self.client.get_job(name, location=self.location, retry=self.retry, timeout=REQUEST_TIMEOUT_S)

    def _wait(self, job: QueryJob | LoadJob) -> None:
        pause_s = _FIRST_POLL_S
        while job.state != "DONE":
            job.reload(retry=self.retry, timeout=REQUEST_TIMEOUT_S)
            if job.state != "DONE":
                self.sleep(pause_s)
                pause_s = min(pause_s * 1.5, _LAST_POLL_S)

    def _config(self, parameters: Parameters) -> QueryJobConfig:
        from google.cloud.bigquery import QueryJobConfig

        config = QueryJobConfig(
            query_parameters=[_parameter(name, *each) for name, each in parameters.items()],
            use_legacy_sql=False,
        )
        if self.place.max_bytes_billed is not None:
            config.maximum_bytes_billed = self.place.max_bytes_billed
        return config


def _failure(job: Any) -> Exception | None:
    found: Exception | None = job.exception()
    return found


def _parameter(name: str, kind: str, value: Any) -> ArrayQueryParameter | ScalarQueryParameter:
    from google.cloud.bigquery import ArrayQueryParameter, ScalarQueryParameter

    if isinstance(value, list):
        return ArrayQueryParameter(name, kind, value)
    return ScalarQueryParameter(name, kind, value)
