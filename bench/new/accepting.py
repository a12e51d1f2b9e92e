"""Run inside a generated project: which examples its contracts take, read, made clean and encoded.

Reads cases from standard input ({"name", "reads": transform, "table", "items", "body", "values"}), writes for
each one null or what is wrong with it. Imports nothing of this package.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from tidegate.contracts.reading import RowsReader
from tidegate.engine.context import Context
from tidegate.utils.encoding import Encoder


def refusal(case: Mapping[str, Any]) -> str | None:
    """Why the contracts do not take a body; None where they do."""
    try:
        workflow = f"workflows.{case['name']}"
        clean = getattr(import_module(f"{workflow}.transform"), case["transform"])
        table = getattr(import_module(f"{workflow}.config"), case["table"])
        reading = RowsReader(clean.reads, case["items"] or None).read(json.dumps(case["body"]).encode())
        if reading.rejects:
            return str(reading.rejects[0])
        context = Context(datetime(2026, 1, 1, tzinfo=UTC), values=case["values"])
        Encoder(table.model).encode([clean(row, context) for row in reading.models])
    except Exception as error:
        return " ".join(f"{type(error).__name__}: {error}".split())[:300]
    return None


if __name__ == "__main__":
    sys.path.insert(0, ".")
    json.dump([refusal(case) for case in json.load(sys.stdin)], sys.stdout)
