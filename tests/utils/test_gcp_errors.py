"""What Google's real clients raise for the answers that the real services give, as errors of ours.

The bodies are those of the services; only names are made up.
"""

from __future__ import annotations

import io
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from google.cloud import bigquery, storage

from tests.http_tools.loopback import Answer, Loopback, Seen, as_json
from tidegate.utils.errors import ExitCode, TidegateError
from tidegate.utils.gcp_clients import bigquery_client, storage_client
from tidegate.utils.gcp_errors import (
    GoogleConflictError,
    GoogleError,
    GoogleNotFoundError,
    GooglePermissionError,
    GooglePreconditionError,
    GoogleQuotaError,
    GoogleUnavailableError,
    translated,
)
from tidegate.utils.gcp_facts import scrubbed
from tidegate.utils.gcp_roles import permission_in, role_for
from tidegate.utils.gcp_settings import BIGQUERY_EMULATOR, STORAGE_EMULATOR, GoogleSettings

ONCE: Any = None  # how Google's client says "no retry"; its hints do not know
TABLE = "BigQuery table acme.shop.orders"
OBJECT = "gs://acme-lake/home/part.parquet"


@pytest.fixture
def server() -> Iterator[Loopback]:
    loopback = Loopback()
    yield loopback
    loopback.close()


@pytest.fixture
def settings(server: Loopback) -> GoogleSettings:
    return GoogleSettings(emulators={BIGQUERY_EMULATOR: server.url, STORAGE_EMULATOR: server.url})


@pytest.fixture
def bq(settings: GoogleSettings) -> Iterator[bigquery.Client]:
    with bigquery_client("acme", location="EU", settings=settings) as client:
        yield client


@pytest.fixture
def gcs(settings: GoogleSettings) -> Iterator[storage.Client]:
    client = storage_client("acme", settings=settings)
    yield client
    client.close()


@dataclass(frozen=True)
class Case:
    """An answer in the JSON of Google's APIs, and what is to become of it."""

    code: int
    reason: str
    message: str
    kind: type[GoogleError]
    exit_code: ExitCode
    told: str
    hint: str

    @property
    def answer(self) -> Answer:
        listed = [{"message": self.message, "domain": "global", "reason": self.reason}]
        error = {"code": self.code, "message": self.message, "errors": listed}
        return as_json({"error": error}, status=self.code)


FAILED, AGAIN, LOST = ExitCode.FAILED, ExitCode.TRY_AGAIN, ExitCode.LOST
BIGQUERY = {
    "a permission of the table": Case(
        403, "accessDenied",
        "Access Denied: Table acme:shop.orders: Permission bigquery.tables.getData denied on table "
        "acme:shop.orders (or it may not exist).",
        GooglePermissionError, FAILED,
        "permission bigquery.tables.getData is missing (403)", "Grant roles/bigquery.dataEditor",
    ),
    "a permission of the project": Case(
        403, "accessDenied",
        "Access Denied: Project acme: User does not have bigquery.jobs.create permission in project acme.",
        GooglePermissionError, FAILED,
        "permission bigquery.jobs.create is missing", "Grant roles/bigquery.jobUser",
    ),
    "a permission without a name": Case(
        403, "accessDenied", "Access Denied: BigQuery BigQuery: Permission denied while globbing.",
        GooglePermissionError, FAILED, "not allowed (403)", "tidegate doctor",
    ),
    "the API is off": Case(
        403, "accessNotConfigured",
        "BigQuery API has not been used in project 123 before or it is disabled. Enable it by visiting "
        "https://console.developers.google.com/apis/api/bigquery.googleapis.com/overview then retry.",
        GooglePermissionError, FAILED, "the API is switched off", "gcloud services enable",
    ),
    "a right to look": Case(
        403, "accessDenied", "Access Denied: the caller does not have permission to view this dataset",
        GooglePermissionError, FAILED, "not allowed (403)", "tidegate doctor",
    ),
    "a value that is none": Case(
        400, "invalid", "Invalid value for timePartitioning.expirationMs: -1",
        GoogleError, FAILED, "refused (400)", "above",
    ),
    "no billing": Case(
        403, "billingNotEnabled",
        "Access Denied: BigQuery BigQuery: Billing has not been enabled for this project. Enable billing at "
        "https://console.cloud.google.com/billing.",
        GooglePermissionError, FAILED, "no billing", "billing account",
    ),
    "a daily quota": Case(
        403, "quotaExceeded",
        "Quota exceeded: Your table exceeded quota for imports or query appends per table.",
        GoogleQuotaError, AGAIN, "quota of Google's is spent", "again later",
    ),
    "a rate": Case(
        403, "rateLimitExceeded",
        "Exceeded rate limits: too many table update operations for this table.",
        GoogleQuotaError, AGAIN, "quota of Google's is spent", "it resumes",
    ),
    "too many requests": Case(
        429, "rateLimitExceeded", "Too many requests", GoogleQuotaError, AGAIN, "(429)", "again later",
    ),
    "a table that is not there": Case(
        404, "notFound", "Not found: Table acme:shop.orders",
        GoogleNotFoundError, FAILED, "not found (404)", "Check project, dataset",
    ),
    "a dataset elsewhere": Case(
        404, "notFound", "Not found: Dataset acme:shop was not found in location US",
        GoogleNotFoundError, FAILED, "other location", "?location=",
    ),
    "two locations": Case(
        400, "invalid",
        "Cannot read and write in different locations: source: us-central1, destination: EU",
        GoogleNotFoundError, FAILED, "other location", "bucket must lie in it",
    ),
    "it exists": Case(
        409, "duplicate", "Already Exists: Table acme:shop.orders",
        GoogleConflictError, AGAIN, "it exists, or another change", "again",
    ),
    "a concurrent update": Case(
        400, "invalidQuery",
        "Transaction is aborted due to concurrent update against table acme:shop.orders.",
        GoogleConflictError, AGAIN, "another change was under way", "again",
    ),
    "an etag that does not match": Case(
        412, "conditionNotMet", "Precondition check failed.",
        GooglePreconditionError, LOST, "someone else changed it first (412)", "who else writes",
    ),
    "a view": Case(
        400, "invalid",
        "acme:shop.orders is not allowed for this operation because it is currently a VIEW.",
        GoogleError, FAILED, "a view, not a table", "drop the view",
    ),
    "a retention policy": Case(
        403, "retentionPolicyNotMet",
        "Object 'lake/home/latest/1' is subject to bucket's retention policy or object retention and cannot "
        "be deleted or overwritten until 2027-01-01T00:00:00-08:00",
        GooglePermissionError, FAILED, "nothing may be replaced there (403)", "without a retention policy",
    ),
    "another partitioning": Case(
        400, "invalid",
        "Incompatible table partitioning specification. Expects partitioning specification "
        "interval(type:day,field:created_at), but input partitioning specification is none",
        GoogleError, FAILED, "other partitioning", "another table",
    ),
    "a row that does not fit": Case(
        400, "invalid",
        "Error while reading data, error message: Provided schema is not compatible with the file.",
        GoogleError, FAILED, "rows that BigQuery does not take", "schema diff",
    ),
    "bytes billed": Case(
        400, "bytesBilledLimitExceeded",
        "Query exceeded limit for bytes billed: 10485760. 20971520 or higher required.",
        GoogleError, FAILED, "maximum_bytes_billed", "Raise the limit",
    ),
    "rows that are streamed in": Case(
        400, "invalidQuery",
        "UPDATE or DELETE statement over table acme.shop.orders would affect rows in the streaming buffer, "
        "which is not supported",
        GoogleConflictError, AGAIN, "rows that another program has streamed in", "90 minutes",
    ),
    "a filter that is required": Case(
        400, "invalidQuery",
        "Cannot query over table 'acme.shop.orders' without a filter over column(s) 'day' that can be used "
        "for partition elimination",
        GoogleError, FAILED, "asks for a filter on its partition", "require_partition_filter",
    ),
    "a query that is wrong": Case(
        400, "invalidQuery", "Syntax error: Unexpected keyword FROM at [1:8]",
        GoogleError, FAILED, "refused (400): Syntax error", "above",
    ),
    "an error of theirs": Case(
        500, "internalError", "An internal error occurred and the request could not be completed.",
        GoogleUnavailableError, AGAIN, "no answer (500)", "it resumes",
    ),
    "not at the moment": Case(
        503, "backendError", "Error encountered during execution. Retrying may solve the problem.",
        GoogleUnavailableError, AGAIN, "(503)", "it resumes",
    ),
    "never": Case(
        501, "notImplemented", "Not implemented.", GoogleError, FAILED, "refused (501)", "above",
    ),
}  # fmt: skip


def caught(call: Callable[[], Any], resource: str = TABLE) -> GoogleError:
    with pytest.raises(GoogleError) as raised, translated(resource):
        call()
    assert raised.value.resource == resource
    assert str(raised.value).startswith(f"{resource}: ")
    return raised.value


@pytest.mark.parametrize("name", BIGQUERY)
def test_an_error_of_bigquery_says_what_and_what_to_do(
    name: str, server: Loopback, bq: bigquery.Client
) -> None:
    case = BIGQUERY[name]
    server.by = lambda _: case.answer
    error = caught(lambda: bq.get_table("acme.shop.orders", retry=ONCE))
    assert type(error) is case.kind
    assert error.exit_code is case.exit_code
    assert case.told in str(error)
    assert case.message[:60] in str(error)
    assert case.hint in (error.hint or "")
    assert error.reason == case.reason


@pytest.mark.parametrize("name", BIGQUERY)
def test_a_job_that_failed_for_it_says_the_same(name: str, server: Loopback, bq: bigquery.Client) -> None:
    case = BIGQUERY[name]
    result = {"reason": case.reason, "message": case.message}
    job = {
        "jobReference": {"projectId": "acme", "jobId": "j1", "location": "EU"},
        "configuration": {"load": {}},
        "status": {"state": "DONE", "errorResult": result, "errors": [result]},
    }
    server.by = lambda _: as_json(job)
    error = caught(lambda: bq.load_table_from_uri("gs://b/o", "acme.shop.orders").result(retry=None))
    assert case.message[:60] in str(error)
    if case.code not in (412, 429) and case.reason != "conditionNotMet":  # those are of no job
        assert error.exit_code is case.exit_code


def test_a_job_that_somebody_has_cancelled_is_worth_trying_again(
    server: Loopback, bq: bigquery.Client
) -> None:
    result = {"reason": "stopped", "message": "Job execution was cancelled: User requested cancellation"}
    reference = {"projectId": "acme", "jobId": "j1", "location": "EU"}
    status = {"state": "DONE", "errorResult": result, "errors": [result]}
    server.by = lambda _: as_json(
        {"jobReference": reference, "configuration": {"load": {}}, "status": status}
    )
    error = caught(lambda: bq.load_table_from_uri("gs://b/o", "acme.shop.orders").result(retry=None))
    assert error.exit_code is AGAIN
    assert "cancelled" in str(error)


def test_an_upload_that_is_refused_is_read_like_any_answer(server: Loopback, bq: bigquery.Client) -> None:
    server.by = lambda _: BIGQUERY["a permission of the project"].answer
    error = caught(lambda: bq.load_table_from_file(io.BytesIO(b"x"), "acme.shop.orders", num_retries=0))
    assert error.permission == "bigquery.jobs.create"


STORAGE_DENIED = (
    "robot@acme.iam.gserviceaccount.com does not have storage.objects.create access to the Google Cloud "
    "Storage object. Permission 'storage.objects.create' denied on resource (or it may not exist)."
)


def test_an_upload_to_a_bucket_that_is_refused_names_permission_and_role(
    server: Loopback, gcs: storage.Client
) -> None:
    server.by = lambda _: as_json(
        {"error": {"code": 403, "message": STORAGE_DENIED, "errors": [{"reason": "forbidden"}]}}, status=403
    )
    blob = gcs.bucket("acme-lake").blob("home/part.parquet")
    error = caught(lambda: blob.upload_from_string("x", retry=None), OBJECT)
    assert isinstance(error, GooglePermissionError)
    assert str(error) == f"{OBJECT}: permission storage.objects.create is missing (403): {STORAGE_DENIED}"
    assert "roles/storage.objectUser" in (error.hint or "")
    assert error.reason == "forbidden"


def test_an_object_that_exists_already_is_a_precondition(server: Loopback, gcs: storage.Client) -> None:
    server.by = lambda _: as_json(
        {"error": {"code": 412, "message": "At least one of the pre-conditions you specified did not hold."}},
        status=412,
    )
    blob = gcs.bucket("acme-lake").blob("home/part.parquet")
    error = caught(lambda: blob.upload_from_string("x", if_generation_match=0, retry=None), OBJECT)
    assert type(error) is GooglePreconditionError
    assert error.exit_code is LOST


def test_an_object_that_is_not_there_is_not_found(server: Loopback, gcs: storage.Client) -> None:
    server.by = lambda _: Answer(404, b"No such object: acme-lake/home/part.parquet")
    blob = gcs.bucket("acme-lake").blob("home/part.parquet")
    error = caught(lambda: blob.download_as_bytes(retry=None), OBJECT)
    assert isinstance(error, GoogleNotFoundError)
    assert str(error).endswith("No such object: acme-lake/home/part.parquet")


def test_an_object_damaged_on_its_way_is_worth_trying_again(server: Loopback, gcs: storage.Client) -> None:
    wrong = {"x-goog-hash": "crc32c=AAAAAA==,md5=1B2M2Y8AsgTpgAmY7PhCfg=="}
    server.by = lambda _: Answer(200, b"not what the checksum says", wrong)
    blob = gcs.bucket("acme-lake").blob("home/part.parquet")
    error = caught(lambda: blob.download_as_bytes(retry=None, checksum="crc32c"), OBJECT)
    assert isinstance(error, GoogleUnavailableError)
    assert "damaged on its way" in str(error)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(hang_up=True),
        Answer(delay_s=5.0),
        Answer(502, b"<html>Bad gateway</html>"),
        Answer(200, b"<html>Log in to the airport</html>", {"content-type": "text/html"}),
        Answer(200, b'{"kind": "bigquery#table", "id": "acme', {"content-type": "application/json"}),
    ],
    ids=["cut", "late", "gateway", "a proxy", "half"],
)
def test_no_answer_of_googles_is_worth_trying_again(
    server: Loopback, bq: bigquery.Client, answer: Answer
) -> None:
    server.by = lambda _: answer
    error = caught(lambda: bq.get_table("acme.shop.orders", retry=ONCE, timeout=0.2))
    assert type(error) is GoogleUnavailableError
    assert error.exit_code is AGAIN


def test_nobody_at_the_address_is_worth_trying_again(server: Loopback, bq: bigquery.Client) -> None:
    server.close()
    error = caught(lambda: bq.get_table("acme.shop.orders", retry=ONCE))
    assert type(error) is GoogleUnavailableError


def test_retries_that_ended_tell_the_last_failure(server: Loopback, bq: bigquery.Client) -> None:
    server.by = lambda _: BIGQUERY["a rate"].answer
    patient = bigquery.DEFAULT_RETRY.with_deadline(0.1)
    error = caught(lambda: bq.get_table("acme.shop.orders", retry=patient))
    assert isinstance(error, GoogleQuotaError)


def test_a_job_that_takes_longer_than_one_waits_is_worth_trying_again(
    server: Loopback, bq: bigquery.Client
) -> None:
    job = {
        "jobReference": {"projectId": "acme", "jobId": "j1", "location": "EU"},
        "configuration": {"load": {}},
        "status": {"state": "RUNNING"},
    }
    server.by = lambda _: as_json(job)
    load = bq.load_table_from_uri("gs://b/o", "acme.shop.orders")
    error = caught(lambda: load.result(timeout=0.2, retry=None))
    assert type(error) is GoogleUnavailableError


def test_other_errors_pass_as_they_are() -> None:
    for error in (ValueError("ours"), OSError(2, "No such file"), TidegateError("ours"), KeyError("ours")):
        with pytest.raises(type(error)) as raised, translated(TABLE):
            raise error
        assert raised.value is error


# Secrets


SESSION = (
    "https://storage.googleapis.com/upload/storage/v1/b/lake/o?uploadType=resumable&upload_id=ABg5-Uw-key"
)
TOKEN = "ya29.c.b0Aaekm1K-key_of_someone"


def test_no_credential_is_in_an_error_nor_in_what_led_to_it(server: Loopback, gcs: storage.Client) -> None:
    def answer(seen: Seen) -> Answer:
        told = f"Bad session {SESSION} for Bearer {TOKEN}"
        return as_json({"error": {"code": 400, "message": told}}, status=400)

    server.by = answer
    blob = gcs.bucket("acme-lake").blob("home/part.parquet")
    error = caught(lambda: blob.reload(retry=None), OBJECT)
    shown = "".join(traceback.format_exception(error)) + repr(error.__cause__) + (error.hint or "")
    assert "upload_id" not in shown
    assert "b0Aaekm1K" not in shown
    assert "/upload/storage/v1/b/lake/o" in str(error)


@pytest.mark.parametrize(
    "secret",
    [
        TOKEN,
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJyb2JvdCJ9.c2lnbmF0dXJl",
        "Authorization: Bearer c2VjcmV0LXRva2VuLW9mLW91cnM",
        "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----",
        '{"access_token": "c2VjcmV0LXRva2Vu", "expires_in": 3599}',
        "client_secret=GOCSPX-c2VjcmV0LXRva2Vu",
        "1//0gc2VjcmV0LXRva2Vu",
    ],
)
def test_what_looks_like_a_credential_is_taken_out(secret: str) -> None:
    shown = scrubbed(f"before {secret} after")
    assert "c2VjcmV0" not in shown
    assert "b0Aaekm1K" not in shown
    assert "eyJpc3Mi" not in shown
    assert shown.startswith("before ")


def test_names_of_accounts_and_hosts_are_no_permissions() -> None:
    told = (
        "robot@bigquery.tables.get.example and https://storage.googleapis.com/x: bigquery.jobs.create, please"
    )
    assert permission_in(told) == "bigquery.jobs.create"
    assert permission_in("https://bigquery.googleapis.com/x") is None
    assert role_for("compute.disks.get") is None
