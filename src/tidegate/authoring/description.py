"""What is known of an API before any code is written: the same words whether it was read from an OpenAPI
file, from recorded answers or from a live API.

A reader (`openapi`, `samples`) makes an `Api`; the detector adds a `Listing` for each endpoint that lists
rows; the writer makes code of those. A fact that nobody could tell is None and becomes a TODO in the code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

# A JSON Schema of the draft 2020-12 kind without references to elsewhere: `$ref` may point into its own
# `$defs` only (recursion), OpenAPI's `nullable` has become a type of null, `example` one of `examples`.
Schema = Mapping[str, Any]

CredentialKind = Literal["header", "query", "bearer", "basic", "client_credentials", "none", "unknown"]


@dataclass(frozen=True, slots=True)
class Credential:
    """How requests are authorised. `name` is that of the header or of the query parameter."""

    kind: CredentialKind = "unknown"
    name: str | None = None
    token_url: str | None = None
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    place: Literal["query", "path", "header"]
    schema: Schema = field(default_factory=dict)
    required: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A GET route. `path` is as in the file, placeholders in braces, to be put after `Api.base_url`.

    `response` describes the body of the answer that carries data; None where the file says nothing.
    `examples` are whole bodies. `response_headers` are the names that the file mentions. What it refers to
    and the file does not hold is told once, in `Api.todo`. Where it `is_sampled`, the parameters are only
    those that answers were recorded with, and the values of its examples are made up: they tell nothing.
    """

    path: str
    operation: str | None = None
    summary: str = ""
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    response: Schema | None = None
    examples: tuple[Any, ...] = ()
    response_headers: tuple[str, ...] = ()
    is_sampled: bool = False

    def parameter(self, name: str) -> Parameter | None:
        return next((each for each in self.parameters if each.name == name), None)


@dataclass(frozen=True, slots=True)
class Quota:
    """So many requests in any window of so many seconds."""

    requests: int
    window_s: float


@dataclass(frozen=True, slots=True)
class Api:
    """`name` is a Python identifier in lower case. `origin_of_facts` says what was read, for docstrings.

    `todo` are sentences about what could not be told of the API as a whole: the credential, broken
    references. `quota` is the vendor's own figure; None where nobody said.
    """

    name: str
    title: str
    base_url: str | None
    credential: Credential
    endpoints: tuple[Endpoint, ...]
    origin_of_facts: str = ""
    todo: tuple[str, ...] = ()
    quota: Quota | None = None


PagingKind = Literal[
    "offset", "page_number", "cursor", "next_url", "link_header", "id_after", "single", "unknown"
]


@dataclass(frozen=True, slots=True)
class Paging:
    """How a listing goes on, in the words of `http_tools.pagination`.

    `param` carries the offset, the page number, the cursor or the id; `limit_param` the size of a page,
    `limit` the largest that the API takes. `found_at` is the dotted path of the next cursor or link in the
    body, or `header:Name`. `total` and `pages` are dotted paths of counts. `first` is the number of the
    first page.
    """

    kind: PagingKind = "unknown"
    param: str | None = None
    limit_param: str | None = None
    limit: int | None = None
    found_at: str | None = None
    total: str | None = None
    pages: str | None = None
    first: int = 1


@dataclass(frozen=True, slots=True)
class Since:
    """The parameters that ask for what changed since, or for a window.

    `attribute` is the field of the row (as the API spells it) that the filter goes by. `wire` is how the
    API writes a moment.
    """

    start_param: str
    end_param: str | None = None
    attribute: str | None = None
    wire: Literal["datetime", "date", "epoch"] = "datetime"
    required: bool = False
    max_days: int | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """An endpoint that lists rows.

    `items` is the dotted path of the list in the body, "" where the body is the list itself. `row` describes
    one item. `key` and `version` are fields of the row as the API spells them. `todo` are sentences about
    what could not be told, each with what to look up. With `numbered` the rows come, at times, as an object
    with numbers for keys in place of a list.
    """

    endpoint: Endpoint
    items: str
    row: Schema
    paging: Paging = Paging()
    key: tuple[str, ...] = ()
    version: str | None = None
    since: Since | None = None
    todo: tuple[str, ...] = ()
    numbered: bool = False
