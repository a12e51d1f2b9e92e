"""Contracts and map of one listing, written and run at once, without files."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import orjson
import pyarrow as pa
from pydantic import BaseModel

from tidegate.authoring.description import Api, Credential, Endpoint, Listing
from tidegate.authoring.writing import connector_files, workflow_files
from tidegate.authoring.writing.identity import Identity
from tidegate.authoring.writing.layout import Layout
from tidegate.authoring.writing.subjects import subjects
from tidegate.contracts.map import Map
from tidegate.contracts.reading import Reading, RowsReader
from tidegate.utils.encoding import Encoder


class Written:
    """`text` is the read contracts, the write contracts and the map in one."""

    def __init__(self, text: str, names: Mapping[str, Any]) -> None:
        self.text = text
        self.map: Map[Any, Any] = names["to_clean_thing"]
        self.reads: type[BaseModel] = names["ApiThing"]
        self.writes: type[BaseModel] = names["CleanThing"]

    def read(self, rows: Sequence[Any]) -> Reading[Any]:
        return RowsReader(self.reads, None).read(orjson.dumps(rows))

    def encoded(self, rows: Sequence[Any]) -> pa.RecordBatch:
        return Encoder(self.writes).encode([self.map(row) for row in self.read(rows).models])


@contextmanager
def written(
    row: Mapping[str, Any], examples: Sequence[Any] = (), key: tuple[str, ...] = ()
) -> Iterator[Written]:
    """Of the listing `/things`, whose body is the list."""
    endpoint = Endpoint("/things", examples=(list(examples),) if examples else ())
    api = Api("shop", "Shop", None, Credential("none"), (endpoint,))
    found, identity = subjects(api, [Listing(endpoint, "", row, key=key)]), Identity.of(api)
    parts = (connector_files.schemas_file, workflow_files.schemas_file, workflow_files.transform_file)
    text = "\n".join(part(identity, found, Layout()) for part in parts)
    lines = [each for each in text.splitlines() if not each.startswith(("from connectors", "from workflows"))]
    text = "from __future__ import annotations\n" + "\n".join(
        each for each in lines if "__future__" not in each
    )
    module = ModuleType("written_for_a_test")
    sys.modules[module.__name__] = module  # where Pydantic looks names up
    try:
        exec(compile(text, module.__name__, "exec"), vars(module))
        yield Written(text, vars(module))
    finally:
        del sys.modules[module.__name__]
