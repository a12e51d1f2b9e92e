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


def save(path: Path, value: dict[str, Any]) -> None:
    """Durable when this returns; the values are those of JSON."""
    try:
        write_json(path, value)
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
