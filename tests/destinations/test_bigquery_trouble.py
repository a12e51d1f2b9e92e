"""What becomes of a commit when jobs fail, answers are lost, and others are quicker."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from google.auth.exceptions import RefreshError

from tests.destinations.bigquery_fake import UNDER_WAY, Answer, Asked, FakeBigQuery
from tests.destinations.suite import APPEND, commit, row
from tidegate.destinations.base import CursorRow, Landed
from tidegate.destinations.exceptions import CommitLostError, CommitUnknownError, DestinationError
from tidegate.utils.errors import ExitCode
from tidegate.utils.gcp_errors import (
    GoogleConflictError,
    GoogleError,
    GoogleNotFoundError,
    GoogleQuotaError,
    GoogleUnavailableError,
)

ROWS = [row(1, "a", 1), row(2, "b", 2)]
CONFLICT = (
    "invalidQuery",
    "Query error: Transaction is aborted due to concurrent update against table p1:d1._tidegate_cursors",
)


def is_script(asked: Asked) -> bool:
    return asked.method == "POST" and asked.path == "jobs" and "query" in asked.body["configuration"]


def failing(fake: FakeBigQuery, *ends: tuple[str, str] | None) -> None:
    """The scripts end so, one after the other, and well from then on."""
    left = list(ends)

    def outcome(job: dict[str, Any]) -> tuple[str, str] | None:
        return left.pop(0) if "query" in job["configuration"] and left else None

    fake.outcome = outcome


def ids(fake: FakeBigQuery) -> list[str]:
    return [each.body["jobReference"]["jobId"] for each in fake.asked if is_script(each)]


def test_a_job_that_is_under_way_is_waited_for() -> None:
    fake = FakeBigQuery()
    failing(fake, UNDER_WAY, UNDER_WAY, UNDER_WAY)
    assert commit(fake.destination(), APPEND, ROWS, seen=0) == Landed(2, 0)
    (name,) = ids(fake)
    assert len(fake.sent("GET", f"jobs/{name}")) == 3


def test_an_answer_that_was_lost_is_looked_up_and_the_script_is_not_run_again() -> None:
    fake = FakeBigQuery()
    cut: list[str] = []

    def before(asked: Asked) -> Answer | None:
        if is_script(asked) and not cut:
            cut.append(asked.body["jobReference"]["jobId"])
            fake.real(asked)  # it arrived, and the answer did not
            raise requests.exceptions.ConnectionError("connection reset by peer")
        return None

    fake.before = before
    assert commit(fake.destination(retry_s=10.0), APPEND, ROWS, seen=0) == Landed(2, 0)
    assert ids(fake) == cut * 2  # the same id, which BigQuery refuses to run twice
    assert fake.sent("GET", f"jobs/{cut[0]}")
    assert len([name for name in fake.jobs if "_commit_" in name]) == 1


def test_a_job_that_is_there_and_not_to_be_found_for_a_moment_is_looked_for_again() -> None:
    """https://github.com/googleapis/python-bigquery/issues/2134"""
    fake = FakeBigQuery()
    commit(fake.destination(), APPEND, ROWS, seen=0)
    blind = [404, 404]

    def before(asked: Asked) -> Answer | None:
        if asked.method == "GET" and "_commit_0" in asked.path and blind:
            return blind.pop(), {"error": {"message": "Not found: Job"}}
        return None

    fake.before = before
    fake.rows = lambda sql: [] if "_tidegate_commits` WHERE" in sql and blind else None
    assert commit(fake.destination(), APPEND, ROWS, seen=0) == Landed(2, 0)
    assert not blind


def test_where_nobody_can_tell_the_commit_is_unknown() -> None:
    fake = FakeBigQuery()

    def before(asked: Asked) -> Answer | None:
        if is_script(asked):
            raise requests.exceptions.ConnectionError("no route to host")
        return None

    fake.before = before
    with pytest.raises(CommitUnknownError, match="no word whether commit c1 landed") as caught:
        commit(fake.destination(), APPEND, ROWS, seen=0)
    assert caught.value.exit_code == ExitCode.TRY_AGAIN


@pytest.mark.parametrize(
    "answer",
    [
        (401, {"error": {"message": "Invalid Credentials"}}),
        (403, {"error": {"message": "Access Denied: Job", "errors": [{"reason": "accessDenied"}]}}),
        (404, {"error": {"message": "Not found: Job", "errors": [{"reason": "notFound"}]}}),
        (500, {"error": {"message": "oops", "errors": [{"reason": "backendError"}]}}),
    ],
)
def test_a_script_that_cannot_be_looked_at_may_land_yet_so_its_commit_is_unknown(answer: Answer) -> None:
    fake = FakeBigQuery()
    failing(fake, UNDER_WAY)
    fake.before = lambda asked: answer if asked.method == "GET" and "_commit_" in asked.path else None
    with pytest.raises(CommitUnknownError, match="no word whether commit c1 landed"):
        commit(fake.destination(), APPEND, ROWS, seen=0)


def test_a_commit_that_has_landed_and_cannot_be_read_is_unknown() -> None:
    fake = FakeBigQuery()

    def before(asked: Asked) -> Answer | None:
        if asked.path == "queries" and fake.landed:
            return 403, {"error": {"message": "Quota exceeded", "errors": [{"reason": "quotaExceeded"}]}}
        return None

    fake.before = before
    with pytest.raises(CommitUnknownError, match="c1 has landed, and is not to be found"):
        commit(fake.destination(), APPEND, ROWS, seen=0)


def test_a_login_that_fails_while_staging_is_dropped_takes_no_commit_back() -> None:
    fake = FakeBigQuery()

    def before(asked: Asked) -> Answer | None:
        if asked.method == "DELETE":
            raise RefreshError("the token has expired")  # type: ignore[no-untyped-call]  # Google's own
        return None

    fake.before = before
    assert commit(fake.destination(), APPEND, ROWS, seen=0) == Landed(2, 0)


BROKEN = ("backendError", "Retrying may solve the problem")


@pytest.mark.parametrize("kind", ["load", "query"])
def test_a_job_that_failed_on_googles_side_is_tried_again_under_the_next_id(kind: str) -> None:
    fake = FakeBigQuery()
    left = [BROKEN, ("jobRateLimitExceeded", "too many")]
    fake.outcome = lambda job: left.pop(0) if kind in job["configuration"] and left else None
    assert commit(fake.destination(retry_s=10.0), APPEND, ROWS, seen=0) == Landed(2, 0)
    names = [name for name, job in fake.jobs.items() if kind in job["configuration"]]
    assert [name.rpartition("_")[2] for name in names] == ["0", "1", "2"]


def test_a_job_that_fails_on_googles_side_without_end_has_failed_and_is_not_unknown() -> None:
    fake = FakeBigQuery()
    waited: list[float] = []
    fake.outcome = lambda job: BROKEN if "query" in job["configuration"] else None
    with pytest.raises(GoogleUnavailableError, match=r"table p1\.d1\.rows.*Retrying may solve") as caught:
        commit(fake.destination(retry_s=10.0, sleep=waited.append), APPEND, ROWS, seen=0)
    assert caught.value.exit_code == ExitCode.TRY_AGAIN
    assert type(caught.value) is GoogleUnavailableError
    assert waited == [1.0, 2.0, 4.0, 8.0]


def test_a_cursor_that_was_set_though_the_answer_was_lost_is_set() -> None:
    fake = FakeBigQuery()

    def before(asked: Asked) -> Answer | None:
        if is_script(asked):
            fake.version = 1
            raise requests.exceptions.ConnectionError("connection reset by peer")
        return None

    fake.before = before
    assert fake.destination().set_cursor("api.rows", None, seen=0) == CursorRow(1)


def test_a_job_of_an_earlier_process_is_taken_up() -> None:
    fake = FakeBigQuery()
    commit(fake.destination(), APPEND, ROWS, seen=0)
    asked_before = len(ids(fake))
    done = {name: job for name, job in fake.jobs.items() if "_commit_" in name}
    for job in done.values():
        job["status"] = {"state": "RUNNING"}  # as that process has left it
    assert commit(fake.destination(), APPEND, ROWS, seen=0) == Landed(2, 0)
    assert len(ids(fake)) == asked_before + 1
    assert set(done) == {name for name in fake.jobs if "_commit_" in name}


def test_a_conflict_is_worth_another_attempt_under_the_next_id() -> None:
    fake = FakeBigQuery()
    failing(fake, CONFLICT, CONFLICT)
    assert commit(fake.destination(retry_s=10.0), APPEND, ROWS, seen=0) == Landed(2, 0)
    assert [name.rpartition("_")[2] for name in dict.fromkeys(ids(fake))] == ["0", "1", "2"]
    assert len({name.rpartition("_")[0] for name in ids(fake)}) == 1


def test_conflicts_without_end_are_worth_trying_again_later() -> None:
    fake = FakeBigQuery()
    waited: list[float] = []
    failing(fake, *[CONFLICT] * 50)
    with pytest.raises(GoogleConflictError, match="concurrent update") as caught:
        commit(fake.destination(retry_s=10.0, sleep=waited.append), APPEND, ROWS, seen=0)
    assert caught.value.exit_code == ExitCode.TRY_AGAIN
    assert waited == [0.5, 1.0, 2.0, 4.0, 8.0]  # as long as there is patience, and the pause in hand


@pytest.mark.parametrize("said", ["tidegate: the cursor has moved", CONFLICT[1], "Assertion failed"])
def test_whoever_finds_the_cursor_moved_has_lost(said: str) -> None:
    fake = FakeBigQuery()

    def outcome(job: dict[str, Any]) -> tuple[str, str] | None:
        if "query" in job["configuration"]:
            fake.version = 1  # another run was first
            return "invalidQuery", said
        return None

    fake.outcome = outcome
    with pytest.raises(CommitLostError, match="another run committed") as caught:
        commit(fake.destination(), APPEND, ROWS, seen=0)
    assert caught.value.exit_code == ExitCode.LOST
    assert len(fake.scripts()) == 1


def test_a_commit_that_another_process_lands_meanwhile_has_landed_and_is_not_lost() -> None:
    fake = FakeBigQuery()
    commit(fake.destination(), APPEND, ROWS, seen=0)
    fake.version = 1
    looked: list[str] = []

    def landing_between_two_looks(sql: str) -> list[dict[str, Any]] | None:
        looked.append("cursor" if "_tidegate_cursors` WHERE task" in sql else "commit")
        return [] if looked == ["commit"] else None  # not there yet when it is looked for first

    fake.rows = landing_between_two_looks
    assert commit(fake.destination(), APPEND, ROWS, seen=0) == Landed(2, 0)
    assert looked == ["cursor", "commit"]


def test_who_has_lost_before_it_begins_uploads_nothing() -> None:
    fake = FakeBigQuery(version=3)
    with pytest.raises(CommitLostError, match="another run committed"):
        commit(fake.destination(), APPEND, ROWS, seen=2)
    assert not fake.sent("POST", "jobs")


def test_a_script_that_fails_for_good_says_why_and_is_not_tried_again() -> None:
    fake = FakeBigQuery()
    failing(fake, ("invalidQuery", "No matching signature for operator = at [7:3]"))
    with pytest.raises(GoogleError, match=r"BigQuery table p1\.d1\.rows.*No matching signature"):
        commit(fake.destination(), APPEND, ROWS, seen=0)
    assert len(fake.scripts()) == 1


def test_after_a_failure_that_was_mended_the_same_commit_lands_under_the_next_id() -> None:
    fake = FakeBigQuery()
    failing(fake, ("invalidQuery", "Query exceeded limit for bytes billed"))
    with pytest.raises(GoogleError):
        commit(fake.destination(), APPEND, ROWS, seen=0)
    assert commit(fake.destination(), APPEND, ROWS, seen=0) == Landed(2, 0)
    assert [name.rpartition("_")[2] for name in ids(fake)] == ["0", "0", "1"]
    loaded = [job for job in fake.jobs.values() if "load" in job["configuration"]]
    assert len(loaded) == 1  # what the first attempt has staged is used


@pytest.mark.parametrize("before", [1, 2, 3, 4, 7, 8, 300])
def test_however_often_a_commit_has_failed_it_lands_once_the_fault_is_mended(before: int) -> None:
    fake = FakeBigQuery()
    failing(fake, ("invalidQuery", "no access to a policy tag"))
    with pytest.raises(GoogleError):
        commit(fake.destination(), APPEND, ROWS, seen=0)
    (name,) = {name for name in fake.jobs if "_commit_" in name}
    for number in range(before):
        fake.jobs[f"{name.removesuffix('0')}{number}"] = fake.jobs[name]
    fake.asked.clear()
    assert commit(fake.destination(), APPEND, ROWS, seen=0) == Landed(2, 0)
    assert ids(fake)[-1].endswith(f"_{before}")
    assert len([each for each in fake.asked if "_commit_" in each.path]) < 30


def test_jobs_are_looked_for_where_the_dataset_is() -> None:
    fake = FakeBigQuery()
    failing(fake, UNDER_WAY, ("invalidQuery", "stopped"))
    to = fake.destination("bigquery://p1/d1")  # which does not say where that is
    with pytest.raises(GoogleError):
        commit(to, APPEND, ROWS, seen=0)
    commit(to, APPEND, ROWS, seen=0)
    looks = fake.sent("GET", "jobs/.*")
    assert len(looks) >= 3  # for the end of one, for the one that was there, and for those after it
    assert {each.query.get("location") for each in looks} == {"EU"}
    assert {each.body["location"] for each in fake.sent("POST", "queries")} == {"EU"}


@pytest.mark.parametrize(
    ("method", "path", "said"),
    [
        ("GET", "datasets/d1", "Not found: Project p1"),
        ("POST", "queries", "Not found: Dataset p1:d1 was not found in location EU"),
    ],
)
def test_what_is_not_there_is_not_taken_for_a_task_that_never_ran(method: str, path: str, said: str) -> None:
    fake = FakeBigQuery()
    fake.before = lambda asked: (
        (404, {"error": {"message": said, "errors": [{"reason": "notFound"}]}})
        if (asked.method, asked.path) == (method, path)
        else None
    )
    with pytest.raises(GoogleNotFoundError, match=said):
        fake.destination().cursor("api.rows")


def test_a_quota_that_is_spent_ends_the_commit_as_worth_trying_again() -> None:
    fake = FakeBigQuery()

    def outcome(job: dict[str, Any]) -> tuple[str, str] | None:
        return (
            ("quotaExceeded", "Exceeded rate limits: too many imports")
            if "load" in job["configuration"]
            else None
        )

    fake.outcome = outcome
    with pytest.raises(GoogleQuotaError) as caught:
        commit(fake.destination(), APPEND, ROWS, seen=0)
    assert caught.value.exit_code == ExitCode.TRY_AGAIN


def test_rows_that_were_lost_on_the_way_up_are_noticed() -> None:
    with pytest.raises(DestinationError, match="3 rows were sent, and BigQuery loaded 2"):
        commit(FakeBigQuery().destination(), APPEND, [*ROWS, row(3, "c")], seen=0)


def test_a_staging_table_that_has_expired_is_filled_again() -> None:
    fake = FakeBigQuery()
    failing(fake, ("invalidQuery", "stopped"))
    with pytest.raises(GoogleError):
        commit(fake.destination(), APPEND, ROWS, seen=0)
    (staged,) = [name for name in fake.tables if name.startswith("_tidegate_staging_")]
    del fake.tables[staged]
    commit(fake.destination(), APPEND, ROWS, seen=0)
    assert len([job for job in fake.jobs.values() if "load" in job["configuration"]]) == 2


def test_a_dataset_that_was_made_again_knows_nothing_of_the_jobs_of_the_one_before() -> None:
    """Jobs go by the project, and are there when the dataset is not."""
    fake = FakeBigQuery()
    commit(fake.destination(), APPEND, ROWS, seen=0)
    fake.tables.clear()
    fake.rows = lambda sql: [] if "_tidegate_commits` WHERE" in sql and len(fake.scripts()) == 1 else None
    commit(fake.destination(), APPEND, ROWS, seen=0)
    assert len(fake.scripts()) == 2
    assert all(name.endswith("_0") for name in fake.jobs)
    assert len(fake.jobs) == 4


def test_what_was_left_on_the_way_up_is_loaded_once_by_whoever_comes_next() -> None:
    fake = FakeBigQuery()
    failing(fake, ("invalidQuery", "stopped"))
    with pytest.raises(GoogleError):
        commit(fake.destination(), APPEND, ROWS, seen=0)
    staged = {name for name in fake.tables if name.startswith("_tidegate_staging_")}
    assert len(staged) == 1
    failing(fake, ("invalidQuery", "stopped"))
    with pytest.raises(GoogleError):  # other rows under the same id, as after a contract was mended
        commit(fake.destination(), APPEND, [row(1, "a", 1), row(2, "mended", 2)], seen=0)
    assert len({name for name in fake.tables if name.startswith("_tidegate_staging_")} - staged) == 1
