"""Where the rows are, as every script here is told it: `URL FOLDER` and the name of the listing."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

HEADERS = {"api-key": "bench"}


@dataclass(frozen=True)
class Source:
    """`url` is the listing but for limit and offset; `folder` is empty and the script's own."""

    url: str
    folder: Path
    listing: str
    limit: int

    @classmethod
    def typed(cls) -> Source:
        url, folder, listing, limit = sys.argv[1:]
        return cls(url, Path(folder), listing, int(limit))

    @property
    def base_url(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def params(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.url).query))


class Messages(io.TextIOBase):
    """Where a tool writes its messages to: it counts the records, and keeps nothing."""

    def __init__(self) -> None:
        self.records = 0

    def write(self, text: str) -> int:
        self.records += text.count('"type":"RECORD"') + text.count('"type": "RECORD"')
        return len(text)


def tell(rows: int) -> None:
    """What the bench reads from the last line of standard output."""
    sys.__stdout__.write(json.dumps({"rows": rows}) + "\n")  # type: ignore[union-attr]


def tell_table(file: Path, table: str) -> None:
    import duckdb

    with duckdb.connect(str(file), read_only=True) as connection:
        (rows,) = connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0]
    tell(rows)
