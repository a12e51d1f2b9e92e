"""`Page`: one answer that a route takes as data, and how its rows are read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json, to_json

from tidegate.contracts.normalising import list_of_numbered
from tidegate.contracts.personal import personal_attributes
from tidegate.contracts.reading import Reading, envelope
from tidegate.contracts.rejects import listed
from tidegate.http_tools.exceptions import ContractError
from tidegate.http_tools.pagination import PageRequest

if TYPE_CHECKING:
    from tidegate.http_tools.calls import Call

R = TypeVar("R", bound=BaseModel)

# Of a body that is no JSON: far more than is shown, so that no secret is cut in two.
_LOOKED_AT = 1 << 20
_ROWS = re.compile(rb"[\s\[]*[{\"]")  # what was to be rows, and breaks off or goes wrong later


@dataclass(frozen=True)
class Page(Generic[R]):
    """One answer that a route takes as data: its bytes, and how they are read.

    `headers` are those that the paginator looks at; `moved` is the address without its query where a redirect
    led away from the one that was asked. `rows` are those that a route has found itself.
    """

    call: Call[R]
    request: PageRequest
    body: bytes = field(repr=False)
    status_code: int = 200
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    moved: str | None = None
    rows: list[Any] | None = field(default=None, repr=False)

    def holding(self, rows: list[Any] | None) -> Page[R]:
        """The same page with these rows in the place of those in the body; None leaves it as it is."""
        return self if rows is None else replace(self, rows=rows)

    @classmethod
    def from_log(
        cls, call: Call[R], request: PageRequest, status_code: int, body: bytes, kept: Mapping[str, Any]
    ) -> Page[R]:
        """The page as it was when `kept` was told."""
        return cls(call, request, body, status_code, kept.get("h", {}), kept.get("u"))

    @property
    def kept(self) -> dict[str, Any]:
        """What a page log must keep beside status and body for paging to go on from it, in plain values.

        `h`: headers; `u`: the address a redirect led to; `a`: path and query of a page asked for by its URL;
        `b`: what it added to the body; `m`: its method, where that is not the call's.
        """
        asked = self.call.target(self.request).raw_path.decode("ascii") if self.request.url else None
        told = {
            "h": dict(self.headers),
            "u": self.moved,
            "a": asked,
            "b": self.request.body,
            "m": self.request.method,
        }
        return {name: value for name, value in told.items() if value}

    @property
    def url(self) -> str:
        """Where the page stands, without a credential: what relative links on it are joined to."""
        return self.moved or str(self.call.target(self.request))

    @cached_property
    def doc(self) -> Any:
        """The decoded body. Raises `ContractError` where it is not JSON."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise self.error(f"the body is not JSON ({error}){self._beginning()}") from error

    def _beginning(self) -> str:
        """How a body begins that is no JSON; of rows that tell of persons nothing."""
        if _ROWS.match(self.body) and personal_attributes(self.call.reads):
            return ""
        text = self.body[:_LOOKED_AT].decode("utf-8", "replace")
        return f"; it begins {self.call.client.policy.redact.beginning(text, 60)!r}"

    @property
    def content(self) -> bytes:
        """JSON with a list of rows under the call's key: the body, unless it holds an object with numbers for
        keys, or a route has found the rows itself.
        """
        if self.rows is not None:
            return orjson.dumps(self._wrapped(self.rows))
        if not self.call.numbered or isinstance(self._held(self.doc), list):
            return self.body
        return to_json(self._wrapped(list_of_numbered(self._held(from_json(self.body)))))

    def _wrapped(self, rows: Any) -> Any:
        for key in reversed(envelope(self.call.items)):
            rows = {key: rows}
        return rows

    @property
    def ends_listing(self) -> bool:
        """Whether this is the `{}` with which some routes say that there is nothing (more)."""
        return self.call.empty_object_ends and self.doc == {}

    @cached_property
    def all_items(self) -> list[Any]:
        """The rows as decoded JSON, seam included. A missing envelope key is a `ContractError`."""
        if self.rows is not None:
            return self.rows
        if self.ends_listing:
            return []
        rows = self._held(self.doc)
        if self.call.numbered:
            rows = list_of_numbered(rows)
        if not isinstance(rows, list):
            where = f"the key {self.call.items!r}" if self.call.items else "the body"
            raise self.error(f"{where} holds {_shape(rows)}, not a list")
        return rows

    def _held(self, doc: Any) -> Any:
        """What stands under the call's key."""
        name, rows, where = self.call.items, doc, "the body"
        for key in envelope(name):
            if not isinstance(rows, dict) or key not in rows:
                raise self.error(f"the key {name!r} is missing from {where}: {_shape(rows)}")
            rows, where = rows[key], f"the key {key!r}"
        return rows

    @cached_property
    def items(self) -> list[Any]:
        """The rows as decoded JSON, each row of the listing once."""
        return self.all_items[self.request.seam :]

    def let_go(self) -> None:
        """Forget what was decoded of the body, which is ten times its size and can be decoded again."""
        for decoded in ("doc", "all_items", "items"):
            self.__dict__.pop(decoded, None)

    def read(self) -> Reading[R]:
        """The rows as read models, each once, and those that are none. Raises `ContractError` where the body
        holds no list of rows.
        """
        if not self.items:
            return Reading([], [])
        try:
            return self.call.reader.read(self.content, self.request.seam)
        except ValidationError as error:  # the envelope is sound, so this is JSON that only one parser takes
            # its cause would quote the body
            raise self.error(f"the body cannot be read: {error.errors()[0]['msg']}") from None

    def parse(self) -> list[R]:
        """The rows as read models, each once. Raises `ContractError` that names rows and fields at fault."""
        reading = self.read()
        if reading.rejects:
            raise self.error(listed(reading.rejects))
        return reading.models

    def error(self, what: str) -> ContractError:
        told = self.call.client.policy.redact(what)
        problem = ContractError(f"{self.call.endpoint} page {self.request.index}: {told}")
        problem.page = self.request.index
        return problem


def _shape(value: Any) -> str:
    if isinstance(value, dict):
        return f"an object with the keys {', '.join(list(map(str, value))[:8]) or '(none)'}"
    return {list: "a list", str: "a string", type(None): "null"}.get(type(value), f"a {type(value).__name__}")
