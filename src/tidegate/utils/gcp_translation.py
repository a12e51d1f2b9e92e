"""Reads what Google's clients raise: which of our errors it is, in which words, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
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
from tidegate.utils.gcp_roles import permission_in, role_for

_LONGEST = 600
_QUOTA_REASONS = {"quotaExceeded", "rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED"}
_AGAIN_REASONS = {"backendError", "internalError", "jobBackendError", "jobInternalError", "tableUnavailable"}
_LOGIN = (
    "Run `gcloud auth application-default login`, give the job a service account, or name a key file in "
    "GOOGLE_APPLICATION_CREDENTIALS."
)
# A session of a resumable upload is a URL that needs no other credential: queries are cut off whole.
_SECRETS = (
    (re.compile(r"(https?://[^\s?'\"]+|/[^\s?'\"]*)\?[^\s'\")]*"), r"\1"),
    (re.compile(r"\b(ya29\.|AIza|GOCSPX-|1//)[\w.-]+"), "[redacted]"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+(\.[\w-]+)?"), "[redacted]"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), r"\1 [redacted]"),
    (re.compile(r"-----BEGIN [^-]+-----.*?(-----END [^-]+-----|\Z)", re.DOTALL), "[redacted]"),
    (
        re.compile(r"(?i)((?:access|refresh|id)_token|client_secret|assertion)(\W{1,5})[^\s'\",}&]+"),
        r"\1\2[redacted]",
    ),
)


@dataclass(frozen=True)
class _Facts:
    """`code` is the HTTP status, also of a gRPC error; None where no answer came."""

    error: Exception
    code: int | None
    reason: str | None
    text: str

    def says(self, pattern: str) -> bool:
        return re.search(pattern, self.text, re.IGNORECASE) is not None


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
    facts = _facts(error)
    verdict = _verdict(facts)
    status = f" ({facts.code})" if facts.code else ""
    made = verdict.kind(f"{resource}: {verdict.what}{status}: {facts.text}", hint=verdict.hint)
    made.resource, made.reason, made.permission = resource, facts.reason, permission_in(facts.text)
    scrub(error)
    return made


def scrubbed(text: str) -> str:
    """The text without queries of URLs, tokens and keys."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


def scrub(error: BaseException) -> None:
    """Do so in place for an error and what led to it, so that a traceback shows none either."""
    one: BaseException | None = error
    seen = set[int]()
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        one.args = tuple(_plain(each) for each in one.args)
        for name in ("message", "_cause"):
            if isinstance(held := getattr(one, name, None), str):
                setattr(one, name, scrubbed(held))
        one = one.__cause__ or one.__context__


def _plain(value: object) -> object:
    return value if isinstance(value, int | float | None) else scrubbed(str(value))


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


def _facts(error: Exception) -> _Facts:
    code = getattr(error, "code", None)
    reason = next(_reasons(error), None)
    text = re.sub(r"^[A-Z]+ https?://\S+: ", "", str(getattr(error, "message", None) or error))
    text = " ".join(scrubbed(text).split())
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]} ..."
    return _Facts(error, int(code) if isinstance(code, int) else None, reason, text or type(error).__name__)


def _reasons(error: Exception) -> Iterator[str]:
    """Of the ErrorInfo, then of the list of errors, which only the older JSON APIs give."""
    if isinstance(reason := getattr(error, "reason", None), str):
        yield reason
    listed = getattr(error, "errors", None)
    for each in listed if isinstance(listed, Iterable) else ():
        if isinstance(each, dict) and isinstance(each.get("reason"), str):
            yield each["reason"]


def _verdict(facts: _Facts) -> _Verdict:
    for rule in (_by_words, _by_kind, _by_code):
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
        r"(is|of type|currently) (a |an )?(materialized )?view\b|on a view\b",
        GoogleError,
        "a view, not a table",
        "Give the table another name in the contract, or drop the view.",
    ),
    (
        r"partitioning spec|change partitioning|cannot convert (non )?partitioned|clustering spec",
        GoogleError,
        "other partitioning or clustering than the contract says",
        "BigQuery cannot change it in place: put it back in the contract, or name another table.",
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
        r"error while reading data|could not (parse|convert)|invalid (value|schema)|provided schema does not",
        GoogleError,
        "rows that BigQuery does not take",
        "Compare the contract with the table: tidegate schema diff WORKFLOW.",
    ),
    (
        r"concurrent update|too many (table|dml|concurrent)|could not serialize",
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


def _by_words(facts: _Facts) -> _Verdict | None:
    for pattern, kind, what, hint in _WORDS:
        if facts.says(pattern):
            return _Verdict(kind, what, hint)
    return None


def _by_kind(facts: _Facts) -> _Verdict | None:
    if facts.reason in _QUOTA_REASONS or facts.code == 429:
        return _Verdict(
            GoogleQuotaError,
            "a quota of Google's is spent",
            "Run the same command again later: it resumes. Raise the quota in the console if it recurs.",
        )
    if facts.reason in _AGAIN_REASONS:
        return _unavailable("no answer")
    if facts.code is not None:
        return None
    name = type(facts.error).__name__
    if "google.auth" in type(facts.error).__module__:
        return _of_auth(facts, name)
    return _unavailable("damaged on its way" if name == "DataCorruption" else "no answer")


def _of_auth(facts: _Facts, name: str) -> _Verdict:
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


def _by_code(facts: _Facts) -> _Verdict | None:
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


def _forbidden(facts: _Facts) -> _Verdict:
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


_CODES: dict[int, Callable[[_Facts], _Verdict]] = {
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
