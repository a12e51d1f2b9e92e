"""Reads what Google's clients raise: which of our errors it is, in which words, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tidegate.utils.gcp_errors import (
    GoogleConflictError,
    GoogleCredentialsError,
    GoogleError,
    GoogleNotFoundError,
    GooglePermissionError,
    GooglePreconditionError,
    GoogleQuotaError,
    GoogleUnavailableError,
)
from tidegate.utils.gcp_facts import Facts, facts_of, scrub
from tidegate.utils.gcp_roles import permission_in, role_for

_QUOTA_REASONS = {"quotaExceeded", "rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED"}
_AGAIN_REASONS = {"backendError", "internalError", "jobBackendError", "jobInternalError", "tableUnavailable"}
_UNREAD = {
    "DataCorruption": "damaged on its way",
    "JSONDecodeError": "an answer that is none of Google's, perhaps a proxy's",
}
_LOGIN = (
    "Run `gcloud auth application-default login`, give the job a service account, or name a key file in "
    "GOOGLE_APPLICATION_CREDENTIALS."
)


@dataclass(frozen=True)
class _Verdict:
    kind: type[GoogleError]
    what: str
    hint: str


def translate(error: Exception, resource: str) -> GoogleError | None:
    """Ours for an error of Google's clients; None for any other. Scrubs `error` itself, too."""
    error = _root(error)
    if not _is_googles(error):
        return None
    facts = facts_of(error)
    verdict = _verdict(facts)
    status = f" ({facts.code})" if facts.code else ""
    made = verdict.kind(f"{resource}: {verdict.what}{status}: {facts.text}", hint=verdict.hint)
    made.resource, made.reason, made.permission = resource, facts.reason, permission_in(facts.text)
    scrub(error)
    return made


def _root(error: Exception) -> Exception:
    """What was raised last before retrying was given up."""
    while isinstance(cause := getattr(error, "cause", None), Exception) and _module(error) == "google":
        error = cause
    return error


def _module(error: BaseException) -> str:
    return type(error).__module__.partition(".")[0]


def _is_googles(error: Exception) -> bool:
    """requests is the transport of Google's clients, and grpc; who waits for a job gets a plain time-out."""
    return (
        _module(error) in {"google", "requests", "urllib3", "grpc"}
        or isinstance(error, TimeoutError | ConnectionError)
        or "Project was not passed" in str(error)
    )


def _verdict(facts: Facts) -> _Verdict:
    for rule in (_by_quota, _by_words, _by_kind, _by_code):
        if (verdict := rule(facts)) is not None:
            return verdict
    return _Verdict(GoogleError, "refused", "Google's words above say why.")


# Told apart by words alone, whatever the status: Google gives them no code of their own.
_WORDS: tuple[tuple[str, type[GoogleError], str, str], ...] = (
    (
        r"not found in location|different locations|location mismatch|in a different region",
        GoogleNotFoundError,
        "other location",
        "Give the dataset's location: bigquery://project/dataset?location=...; a bucket must lie in it.",
    ),
    (
        r"\b((is|of type|currently) (a )?|(on|over|into|to) a )(materialized )?view\b",
        GoogleError,
        "a view, not a table",
        "Give the table another name in the contract, or drop the view.",
    ),
    (
        r"(partitioning|clustering) spec|change (the )?(partitioning|clustering)|convert (non )?partitioned",
        GoogleError,
        "other partitioning or clustering than the contract says",
        "BigQuery cannot change it in place: put it back in the contract, or name another table.",
    ),
    (
        r"retention policy|object retention|active .*hold\b",
        GooglePermissionError,
        "nothing may be replaced there",
        "Name a bucket without a retention policy and without holds: leases and manifests are replaced.",
    ),
    (
        r"has not been used in project|api is not enabled|SERVICE_DISABLED|it is disabled",
        GooglePermissionError,
        "the API is switched off",
        "Switch it on: gcloud services enable SERVICE.googleapis.com --project PROJECT",
    ),
    (
        r"bytes billed",
        GoogleError,
        "it would bill more than maximum_bytes_billed",
        "Raise the limit, or narrow what is read.",
    ),
    (
        r"billing (has not been|is not|must be) enabled|billing account|free tier",
        GooglePermissionError,
        "no billing",
        "Link the project to a billing account.",
    ),
    (
        r"error while reading data|could not (parse|convert)|provided schema does not",
        GoogleError,
        "rows that BigQuery does not take",
        "Compare the contract with the table: tidegate schema diff WORKFLOW.",
    ),
    (
        r"streaming buffer",
        GoogleConflictError,
        "rows that another program has streamed in cannot be changed yet",
        "Run the same command again in 90 minutes; better, let nothing else stream into this table.",
    ),
    (
        r"partition elimination",
        GoogleError,
        "the table asks for a filter on its partition",
        "ALTER TABLE ... SET OPTIONS (require_partition_filter = false): tidegate looks at all of the table.",
    ),
    (
        r"concurrent update|too many (dml|concurrent)|could not serialize",
        GoogleConflictError,
        "another change was under way",
        "Run the same command again: it resumes.",
    ),
    (
        r"Project was not passed",
        GoogleCredentialsError,
        "no project is known",
        "Name it: bigquery://project/dataset, or GOOGLE_CLOUD_PROJECT.",
    ),
)


def _by_words(facts: Facts) -> _Verdict | None:
    for pattern, kind, what, hint in _WORDS:
        if facts.says(pattern):
            return _Verdict(kind, what, hint)
    return None


def _by_quota(facts: Facts) -> _Verdict | None:
    if facts.reason not in _QUOTA_REASONS and facts.code != 429:
        return None
    return _Verdict(
        GoogleQuotaError,
        "a quota of Google's is spent",
        "Run the same command again later: it resumes. Raise the quota in the console if it recurs.",
    )


def _by_kind(facts: Facts) -> _Verdict | None:
    if facts.reason in _AGAIN_REASONS:
        return _unavailable("no answer")
    if facts.reason == "stopped":
        return _unavailable("cancelled by somebody")
    if facts.code is not None:
        return None
    name = type(facts.error).__name__
    if "google.auth" in type(facts.error).__module__:
        return _of_auth(facts, name)
    return _unavailable(_UNREAD.get(name, "no answer"))


def _of_auth(facts: Facts, name: str) -> _Verdict:
    if name in {"TransportError", "TimeoutError"} or getattr(facts.error, "retryable", False):
        return _unavailable("no answer to the look for credentials")
    if facts.says("getAccessToken|impersonat|generateAccessToken"):
        return _Verdict(
            GooglePermissionError,
            "may not act as the service account to impersonate",
            "Grant roles/iam.serviceAccountTokenCreator on that account to who runs this.",
        )
    what = "credentials are no longer good" if name.endswith("RefreshError") else "no credentials"
    return _Verdict(GoogleCredentialsError, what, _LOGIN)


def _by_code(facts: Facts) -> _Verdict | None:
    code = facts.code or 0
    if code == 503 and facts.says("failed to connect"):  # gRPC's own words: nobody has answered
        return _unavailable("no answer")
    if code >= 500 and code != 501:
        return _unavailable("Google's side failed")
    made = _CODES.get(code)
    return made(facts) if made else None


def _unavailable(what: str) -> _Verdict:
    return _Verdict(
        GoogleUnavailableError,
        what,
        "Run the same command again: it resumes, and asks for no page that it has.",
    )


def _forbidden(facts: Facts) -> _Verdict:
    permission = permission_in(facts.text)
    if permission is None:
        return _Verdict(
            GooglePermissionError, "not allowed", "tidegate doctor --to ... says which permission is missing."
        )
    role = role_for(permission)
    hint = f"Grant {role} to who runs this" if role else f"Grant a role with {permission} to who runs this"
    return _Verdict(
        GooglePermissionError,
        f"permission {permission} is missing",
        f"{hint}; tidegate doctor says who that is.",
    )


_CODES: dict[int, Callable[[Facts], _Verdict]] = {
    401: lambda _: _Verdict(GoogleCredentialsError, "credentials were not taken", _LOGIN),
    403: _forbidden,
    404: lambda _: _Verdict(
        GoogleNotFoundError,
        "not found",
        "Check project, dataset, bucket and name; Google hides what may not be seen.",
    ),
    408: lambda _: _unavailable("no answer in time"),
    409: lambda _: _Verdict(
        GoogleConflictError,
        "it exists, or another change was under way",
        "Run the same command again: it resumes.",
    ),
    412: lambda _: _Verdict(
        GooglePreconditionError,
        "someone else changed it first",
        "Look who else writes there, then run again.",
    ),
    499: lambda _: _unavailable("cancelled"),
}
