"""The Python types of all records, as datamodel-code-generator makes them: one run for all listings."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Mapping
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
    module = ast.parse(_generated({record.name: _schema(record) for record in several}))
    fields = {
        node.name: [each.annotation for each in node.body if isinstance(each, ast.AnnAssign)]
        for node in module.body
        if isinstance(node, ast.ClassDef)
    }
    classes = [ast.unparse(each) for each in fields[_ALL]]
    names = _Names(module, dict(zip(classes, (record.name for record in several), strict=True)))
    return {
        record.name: tuple(ast.unparse(names.visit(each)) for each in fields[called])
        for record, called in zip(several, classes, strict=True)
    }


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
        "properties": {f"record_{at}": {"$ref": f"#/$defs/{name}"} for at, name in enumerate(definitions)},
        "required": [f"record_{at}" for at in range(len(definitions))],
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


class _Names(ast.NodeTransformer):
    """The names that were meant: of types that were imported under others (`date as date_aliased`), as names
    are kept free here already, and of classes.
    """

    def __init__(self, module: ast.Module, classes: Mapping[str, str]) -> None:
        imports = [node for node in module.body if isinstance(node, ast.ImportFrom)]
        renamed = {each.asname: each.name for node in imports for each in node.names if each.asname}
        self._meant = {**renamed, **classes}

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self._meant.get(node.id, node.id), node.ctx)
