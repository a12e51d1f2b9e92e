"""`bigquery://project/dataset?location=EU&staging=gs://bucket/prefix`: what a person types, read strictly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from tidegate.utils.amounts import seconds, size
from tidegate.utils.errors import UsageError

_FORM = (
    "bigquery://project/dataset?location=EU, with &staging=gs://bucket/prefix, &max_bytes_billed=100GB and "
    "&default_expiry=60d where they are wanted"
)
# Old projects belong to a domain: example.com:analytics.
_PROJECT = re.compile(r"([a-z0-9][a-z0-9.-]*:)?[a-z][a-z0-9-]{0,28}[a-z0-9]")
_DATASET = re.compile(r"[A-Za-z0-9_]{1,1024}")
_LOCATION = re.compile(r"[A-Za-z]+(-[A-Za-z]+\d+)?")
_BUCKET = re.compile(r"gs://([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])(/[^?#]*)?")
# BigQuery takes an hour at least; more than a century is a slip.
_HOUR_S, _CENTURY_S = 3600, 100 * 365 * 86_400


@dataclass(frozen=True, slots=True)
class Place:
    """A dataset, and how it is written. `location`: None takes that of the dataset.

    `staging` is a bucket and a prefix without slashes at its ends, for loads of more than one file.
    `max_bytes_billed` bounds each statement. `default_expiry_ms` is given to a dataset that is made.
    """

    project: str
    dataset: str
    location: str | None = None
    staging: tuple[str, str] | None = None
    max_bytes_billed: int | None = None
    default_expiry_ms: int | None = None

    @property
    def spelled(self) -> str:
        """As it would be typed."""
        bucket = None if self.staging is None else "gs://" + "/".join(filter(None, self.staging))
        expiry = None if self.default_expiry_ms is None else f"{self.default_expiry_ms // 1000}s"
        given = {
            "location": self.location,
            "staging": bucket,
            "max_bytes_billed": self.max_bytes_billed,
            "default_expiry": expiry,
        }
        settings = "&".join(f"{name}={value}" for name, value in given.items() if value is not None)
        return f"bigquery://{self.project}/{self.dataset}{'?' if settings else ''}{settings}"

    @property
    def label(self) -> str:
        """What messages call it."""
        return f"BigQuery dataset {self.project}.{self.dataset}"


def parse(spec: str) -> Place:
    """The place that `spec` names. Raises `UsageError` that says which part of it is wrong."""
    url = urlsplit(spec)
    dataset = url.path.removeprefix("/").removesuffix("/")
    if url.scheme != "bigquery" or not url.netloc or not dataset or url.fragment:
        raise _wrong(spec, "names no project and dataset")
    if not _PROJECT.fullmatch(url.netloc):
        raise _wrong(spec, f"{url.netloc!r} is no id of a project (not its name, not its number)")
    if not _DATASET.fullmatch(dataset):
        raise _wrong(spec, f"{dataset!r} is no dataset: use letters, digits and _")
    settings = _settings(spec, url.query)
    return Place(
        url.netloc,
        dataset,
        location=_location(spec, settings.get("location")),
        staging=_staging(spec, settings.get("staging")),
        max_bytes_billed=_bytes(spec, settings.get("max_bytes_billed")),
        default_expiry_ms=_expiry(spec, settings.get("default_expiry")),
    )


def _settings(spec: str, query: str) -> dict[str, str]:
    known = ("location", "staging", "max_bytes_billed", "default_expiry")
    found: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in known:
            raise _wrong(spec, f"has an unknown setting {name}; known: {', '.join(known)}")
        if name in found:
            raise _wrong(spec, f"gives {name} twice")
        found[name] = value
    return found


def _location(spec: str, value: str | None) -> str | None:
    if value is not None and not _LOCATION.fullmatch(value):
        raise _wrong(spec, f"{value!r} is no location such as EU, US or europe-west9")
    return value


def _staging(spec: str, value: str | None) -> tuple[str, str] | None:
    if value is None:
        return None
    match = _BUCKET.fullmatch(value)
    if match is None:
        raise _wrong(spec, f"staging {value!r} is no gs://bucket/prefix")
    return match[1], (match[2] or "").strip("/")


def _bytes(spec: str, value: str | None) -> int | None:
    if value is None:
        return None
    found = size(value)
    if not found:
        raise _wrong(spec, f"max_bytes_billed {value!r} is no size such as 100GB")
    return found


def _expiry(spec: str, value: str | None) -> int | None:
    if value is None:
        return None
    found = seconds(value)
    if found is None or not _HOUR_S <= found <= _CENTURY_S:
        raise _wrong(spec, f"default_expiry {value!r} is no time such as 60d, of an hour at least")
    return int(found * 1000)


def _wrong(spec: str, what: str) -> UsageError:
    return UsageError(f"{spec}: {what}", hint=f"Write {_FORM}.")
