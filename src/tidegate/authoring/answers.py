"""What a person says of an API: read from options, put into what is known."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from tidegate.authoring.description import Api, Credential, Listing, Quota, Since
from tidegate.utils.errors import UsageError
from tidegate.utils.settings import check_base_url

_AUTH = "header:NAME, query:NAME, bearer, basic, client_credentials:TOKEN_URL or none"
_UNITS = {"s": 1, "min": 60, "m": 60, "h": 3600, "d": 86400}
_CREDENTIAL = re.compile(r"\b(credential|authori[sz]|security|auth)", re.IGNORECASE)
_BASE_URL = re.compile(r"\bbase URL\b")
_QUOTA = re.compile(r"([0-9]{1,9})/([0-9]{0,6})(s|min|m|h|d)")


class Options(Protocol):
    """As they were typed."""

    @property
    def base_url(self) -> str | None: ...
    @property
    def auth(self) -> str | None: ...
    @property
    def quota(self) -> str | None: ...
    @property
    def rows(self) -> Sequence[str] | None: ...
    @property
    def key(self) -> Sequence[str] | None: ...
    @property
    def cursor(self) -> Sequence[str] | None: ...


@dataclass(frozen=True, slots=True)
class Answers:
    """None, and no entry, where nobody said. `rows` (dotted paths), `keys` and `since` are by the path of an
    endpoint.
    """

    base_url: str | None = None
    credential: Credential | None = None
    quota: Quota | None = None
    rows: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    since: Mapping[str, Since] = field(default_factory=dict)

    @classmethod
    def said(cls, names: Mapping[str, str], options: Options) -> Answers:
        """What options say; `names` are the tasks by the paths of their endpoints. Raises `UsageError`."""

        def of(option: str, given: Sequence[str] | None) -> Mapping[str, str]:
            return by_path(option, given or (), names)

        return cls(
            base_url(options.base_url) if options.base_url else None,
            credential(options.auth) if options.auth else None,
            quota(options.quota) if options.quota else None,
            of("--rows", options.rows),
            {path: key(text) for path, text in of("--key", options.key).items()},
            {path: since(text) for path, text in of("--cursor", options.cursor).items()},
        )

    def of_api(self, api: Api) -> Api:
        """The API with what was said of it, and without the sentences that asked for that."""
        return replace(
            api,
            base_url=self.base_url or api.base_url,
            credential=self.credential or api.credential,
            quota=self.quota or api.quota,
            todo=open_doubts(api.todo, credential=bool(self.credential), base_url=bool(self.base_url)),
        )

    def of_listing(self, listing: Listing) -> Listing:
        """Raises `UsageError` for fields that the rows do not have."""
        path = listing.endpoint.path
        key, since = self.keys.get(path), self.since.get(path)
        fields = listing.row.get("properties", {})
        for name in (*(key or ()), *([since.attribute] if since and since.attribute else ())):
            if fields and name not in fields:
                raise UsageError(
                    f"rows of {path} have no field {name!r}",
                    hint=f"They have: {', '.join(list(fields)[:40])}.",
                )
        if key:
            listing = replace(listing, key=key, todo=_without("key", listing.todo))
        if since:
            listing = replace(listing, since=since, todo=_without("cursor", listing.todo))
        return listing


def credential(text: str) -> Credential:
    """`header:X-Key`, `query:key`, `bearer`, `basic`, `client_credentials:URL`, `none`."""
    kind, _, name = text.partition(":")
    if kind == "client_credentials" and name:
        return Credential("client_credentials", token_url=base_url(name))
    if kind in {"header", "query"} and re.fullmatch(r"[A-Za-z0-9_.\-\[\]]+", name):
        return Credential("header" if kind == "header" else "query", name)
    if kind in {"bearer", "basic", "none"} and not name:
        return Credential("bearer" if kind == "bearer" else "basic" if kind == "basic" else "none")
    raise UsageError(f"--auth {kind}: not understood", hint=f"Give {_AUTH}.")  # what follows may be a secret


def quota(text: str) -> Quota:
    """`10/s`, `300/min`, `2000/15s`: so many requests in so long a time."""
    found = _QUOTA.fullmatch(text.replace(" ", ""))
    if found is None or not int(found[1]) or found[2] == "0":
        raise UsageError(
            f"--quota {text}: not understood", hint="Give REQUESTS/TIME, such as 10/s or 300/5min."
        )
    return Quota(int(found[1]), float(int(found[2] or 1) * _UNITS[found[3]]))


def base_url(text: str) -> str:
    """Raises `UsageError` for what is no address of an API."""
    try:
        return check_base_url(text.rstrip("/"))
    except ValueError as error:
        raise UsageError(str(error), hint="Give an address such as https://api.example.com/v3.") from error


def by_path(option: str, given: Iterable[str], names: Mapping[str, str]) -> dict[str, str]:
    """`NAME=VALUE` of an option, where NAME is a path or the name of its task; `names` has both by path."""
    found = {}
    for each in given:
        name, equals, value = each.partition("=")
        path = next(
            (path for path, task in names.items() if name.strip("/") in {task, path.strip("/")}), None
        )
        if not equals or not value:
            raise UsageError(f"{option} {each}: not understood", hint=f"Give {option} NAME=FIELD.")
        if path is None:
            raise UsageError(
                f"{option} {each}: there is no listing {name}",
                hint=f"There are: {', '.join(names.values())}.",
            )
        found[path] = value
    return found


def key(text: str) -> tuple[str, ...]:
    """`id` or `shop,id`."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def since(text: str) -> Since:
    """`PARAM:FIELD`: the parameter that asks for what changed since, and the field that it goes by."""
    param, colon, attribute = text.partition(":")
    if not param or (colon and not attribute):
        raise UsageError(f"--cursor {text}: not understood", hint="Give --cursor NAME=PARAM:FIELD.")
    return Since(param, attribute=attribute or None)


def open_doubts(todo: Iterable[str], *, credential: bool, base_url: bool) -> tuple[str, ...]:
    """Of the sentences about an API those that are not about what is settled."""
    settled = [
        about for about, is_settled in ((_CREDENTIAL, credential), (_BASE_URL, base_url)) if is_settled
    ]
    return tuple(each for each in todo if not any(about.search(each) for about in settled))


def _without(word: str, todo: Sequence[str]) -> tuple[str, ...]:
    return tuple(each for each in todo if not re.search(rf"\b{word}\b", each, re.IGNORECASE))
