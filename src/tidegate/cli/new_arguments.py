"""The options of `tidegate new`, spelled once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from tidegate.app import options

OpenApi = Annotated[
    str | None,
    typer.Option("--openapi", metavar="FILE|URL", help="OpenAPI 3 or Swagger 2, JSON or YAML."),
]
Sample = Annotated[
    list[str] | None,
    typer.Option(
        "--sample", metavar="[PATH=]FILE", help="A recorded answer: JSON, or a page log; repeatable."
    ),
]
Record = Annotated[
    list[str] | None,
    typer.Option(
        "--record", metavar="URL", help="Fetch a few pages of a listing, and go by them; repeatable."
    ),
]
Pages = Annotated[int, typer.Option("--pages", min=1, max=20, help="With --record: how many at most.")]
CredentialEnv = Annotated[
    str | None,
    typer.Option(
        "--credential-env", metavar="NAME", help="With --record: the variable that holds the credential."
    ),
]
Path = Annotated[
    list[str] | None,
    typer.Option("--path", metavar="PATH", help="An endpoint to write code for; repeatable."),
]
All = Annotated[bool, typer.Option("--all", help="Write code for every endpoint that lists rows.")]
BaseUrl = Annotated[str | None, typer.Option("--base-url", metavar="URL", help="Where the API is.")]
Auth = Annotated[
    str | None,
    typer.Option(
        "--auth",
        metavar="KIND",
        help="header:NAME, query:NAME, bearer, basic, client_credentials:TOKEN_URL or none.",
    ),
]
Rows = Annotated[
    list[str] | None,
    typer.Option("--rows", metavar="TASK=PATH", help="Where the rows are (orders=result.data); repeatable."),
]
Key = Annotated[
    list[str] | None,
    typer.Option("--key", metavar="TASK=FIELD", help="What tells rows apart (orders=id); repeatable."),
]
CursorOf = Annotated[
    list[str] | None,
    typer.Option(
        "--cursor", metavar="TASK=PARAM:FIELD", help="How to ask for what changed (orders=since:updated_at)."
    ),
]
Quota = Annotated[
    str | None, typer.Option("--quota", metavar="N/TIME", help="The vendor's limit: 10/s, 300/min, 2000/15s.")
]
Title = Annotated[str | None, typer.Option("--name", metavar="TEXT", help="What people call the API.")]
Yes = Annotated[bool, typer.Option("--yes", help="Ask nothing.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be written; write nothing.")]
Diff = Annotated[bool, typer.Option("--diff", help="Show every file as a diff, new ones too.")]


@dataclass(frozen=True, kw_only=True)
class NewArguments:
    """As they were typed."""

    openapi: OpenApi = None
    sample: Sample = None
    record: Record = None
    pages: Pages = 3
    credential_env: CredentialEnv = None
    path: Path = None
    all_: All = False
    base_url: BaseUrl = None
    auth: Auth = None
    rows: Rows = None
    key: Key = None
    cursor: CursorOf = None
    quota: Quota = None
    title: Title = None
    yes: Yes = False
    dry_run: DryRun = False
    diff: Diff = False
    as_json: options.Json = False
    debug: options.Debug = False
