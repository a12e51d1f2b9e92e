"""The Python types of all records, as datamodel-code-generator makes them: one run for all listings."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tidegate.authoring.description import Schema
from tidegate.authoring.writing.arranging import Record
from tidegate.utils.errors import SettingsError

_ALL = "EveryRecordOfThisFile"  # refers to each record, so that each becomes a class


def annotated(records: Iterable[Record]) -> Mapping[str, tuple[str, ...]]:
    """By the name of the record the annotations of its properties, in order; of a `root` one.

    Raises `SettingsError` without the extra `new`.
    """
    several = list(records)
    if not several:
        return {}
    source = _generated({record.name: _schema(record) for record in several})
    found = dict(_classes(ast.parse(source)))
    return {record.name: found[record.name] for record in several}


def _schema(record: Record) -> Schema:
    """With every property required and none nullable: what is optional is decided elsewhere."""
    if record.root is not None:
        properties = {"value": record.root}
    else:
        properties = {each.name: each.plain for each in record.properties}
    return {"type": "object", "properties": properties, "required": list(properties)}


def _generated(definitions: Mapping[str, Schema]) -> str:
    try:
        from datamodel_code_generator import generate
        from datamodel_code_generator.enums import DataModelType, InputFileType
        from datamodel_code_generator.format import DatetimeClassType
    except ModuleNotFoundError as error:
        raise SettingsError(
            "to write contracts takes datamodel-code-generator, which is not installed",
            hint="pip install 'tidegate[new]'",
        ) from error
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": _ALL,
        "type": "object",
        "properties": {name: {"$ref": f"#/$defs/{name}"} for name in definitions},
        "$defs": definitions,
    }
    generated: Any = generate(
        json.dumps(document),
        input_file_type=InputFileType.JsonSchema,
        output_model_type=DataModelType.PydanticV2BaseModel,
        output_datetime_class=DatetimeClassType.Awaredatetime,
        formatters=[],
    )
    return str(generated)


def _classes(module: ast.Module) -> Iterator[tuple[str, tuple[str, ...]]]:
    names = _Names(module)
    for node in module.body:
        if isinstance(node, ast.ClassDef):
            fields = [each for each in node.body if isinstance(each, ast.AnnAssign)]
            yield node.name, tuple(ast.unparse(names.visit(each.annotation)) for each in fields)


class _Names(ast.NodeTransformer):
    """Undoes `from datetime import date as date_aliased`: names are kept free here already."""

    def __init__(self, module: ast.Module) -> None:
        imports = [node for node in module.body if isinstance(node, ast.ImportFrom)]
        self._meant = {each.asname: each.name for node in imports for each in node.names if each.asname}

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self._meant.get(node.id, node.id), node.ctx)
