"""Where a list of EANs stands: in a file, or in a column of a table at a destination."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from tidegate.connectors.titelive.eans import Listed, distinct
from tidegate.destinations.base import ReadsColumns
from tidegate.destinations.registry import open_destination
from tidegate.utils.errors import SettingsError

_SHEETS = {".csv", ".tsv"}
_FILES = {".txt", *_SHEETS}
_COLUMN = "Of a file with several columns name one: books.csv#gtin."
_FORMS = "Write books.txt, books.csv#gtin, or a table's column: warehouse.duckdb#shop_books.ean"


def listed(source: str, folder: Path) -> list[str]:
    """The EANs that `source` names, each once, in order; relative paths lie in `folder`. Reads it now.

    Raises `SettingsError` for one that cannot be read, holds none, or holds what is no EAN, and
    `DestinationError`.
    """
    place, _, column = source.partition("#")
    if Path(place).suffix.lower() in _FILES:
        found = _in_file(folder / place, column)
    else:
        found = _in_table(source, place, column, folder)
    hint = _COLUMN if Path(place).suffix.lower() in _SHEETS and not column else ""
    eans = distinct(f"titelive: TITELIVE_EANS={source}", found, hint)
    if not eans:
        raise SettingsError(f"titelive: TITELIVE_EANS={source} holds no EANs", hint=_FORMS)
    return eans


def _in_file(path: Path, column: str) -> Iterator[Listed]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise SettingsError(
            f"titelive: TITELIVE_EANS: {path} cannot be read: {reason}", hint=_FORMS
        ) from error
    yield from _of_column(path, text, column) if column else _of_lines(path, text)


def _of_lines(path: Path, text: str) -> Iterator[Listed]:
    """One a line; empty lines and those that begin with # say nothing, nor does the word `ean` over them."""
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip().strip('"')
        if stripped and not stripped.startswith("#") and not (number == 1 and stripped.lower() == "ean"):
            yield Listed(f"{path.name} line {number}", stripped)


def _of_column(path: Path, text: str, column: str) -> Iterator[Listed]:
    lines = text.splitlines()
    first = lines[0] if lines else ""
    delimiter = max(",;\t", key=first.count)
    reader = csv.DictReader(lines, delimiter=delimiter)
    try:
        names = reader.fieldnames or ()
        if (times := names.count(column)) != 1:
            has = "no column" if times == 0 else f"{times} columns"
            raise SettingsError(
                f"titelive: TITELIVE_EANS: {path} has {has} {column!r} ({', '.join(names)})", hint=_FORMS
            )
        for row in reader:
            yield Listed(f"{path.name} line {reader.line_num}", row[column] or "")
    except csv.Error as error:
        raise SettingsError(
            f"titelive: TITELIVE_EANS: {path} line {reader.line_num + 1} cannot be read: {error}", hint=_FORMS
        ) from error


def _in_table(source: str, place: str, column: str, folder: Path) -> Iterator[Listed]:
    table, dot, name = column.partition(".")
    if not (table and dot and name):
        raise SettingsError(f"titelive: TITELIVE_EANS={source} names no list", hint=_FORMS)
    destination = open_destination(place, folder=folder)
    if not isinstance(destination, ReadsColumns):
        raise SettingsError(
            f"titelive: TITELIVE_EANS={source}: {place} gives no columns to read", hint=_FORMS
        )
    for value in destination.values(table, name):
        # a column of numbers has lost the zeros in front
        yield Listed(f"{table}.{name}", f"{value:013d}" if isinstance(value, int) else str(value))
