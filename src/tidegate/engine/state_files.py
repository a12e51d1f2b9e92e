"""The JSON files of a run (its plan, the manifests of its slices): whole or not there, and never believed
where they are damaged.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from tidegate.engine.exceptions import DamagedStateError, storage_error
from tidegate.utils.home import write_json

T = TypeVar("T")


def save(path: Path, value: dict[str, Any], plain: Callable[[Any], Any]) -> None:
    """Durable when this returns; `plain` turns what JSON does not know into text."""
    try:
        write_json(path, json.loads(json.dumps(value, default=plain)))
    except OSError as error:
        raise storage_error(path, error) from error


def load(path: Path, make: Callable[[dict[str, Any]], T]) -> T | None:
    """What `make` makes of the file, or None where there is none. Raises `DamagedStateError`."""
    try:
        return make(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise storage_error(path, error) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DamagedStateError(f"{path} is damaged", hint="Start a new run with --new.") from error


def iso(value: Any) -> str:
    """A date or an instant as text."""
    text: str = value.isoformat()
    return text
