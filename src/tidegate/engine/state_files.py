"""The JSON files of a run (its plan, the manifests of its slices): whole or not there, and never believed
where they are damaged.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from tidegate.engine.exceptions import DamagedStateError, storage_error
from tidegate.utils.gcp_errors import GooglePreconditionError
from tidegate.utils.home import read_file, sync_folder, write_json
from tidegate.utils.mirrors.mounts import mirror_of

T = TypeVar("T")


def save(path: Path, value: dict[str, Any]) -> None:
    """Durable when this returns; the values are those of JSON.

    Written over what was read, if anything was: of two machines that do so at once, one fails.
    """
    try:
        write_json(path, value)
        mirror_of(path).keep(path)
    except OSError as error:
        raise storage_error(path, error) from error


def replace(path: Path, value: dict[str, Any]) -> None:
    """As `save`, whatever was there before."""
    try:
        write_json(path, value)
        mirror_of(path).put(path)
    except OSError as error:
        raise storage_error(path, error) from error


def save_once(path: Path, value: dict[str, Any]) -> bool:
    """As `save`, unless the file is there: of several processes at once, one saves. Whether it was this."""
    mirror = mirror_of(path)
    own = path.with_name(f"{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        mirror.fetch(path)
        write_json(own, value)
        try:
            os.link(own, path)
        except FileExistsError:
            return False
        finally:
            own.unlink()
        sync_folder(path.parent)
        mirror.keep(path)
    except GooglePreconditionError:  # another machine was first
        mirror.fetch(path)
        return False
    except OSError as error:
        raise storage_error(path, error) from error
    return True


def stands(path: Path) -> bool:
    """Whether the file is there."""
    try:
        mirror_of(path).fetch(path)
    except OSError as error:
        raise storage_error(path, error) from error
    return path.exists()


def load(path: Path, make: Callable[[dict[str, Any]], T]) -> T | None:
    """What `make` makes of the file, or None where there is none. Raises `DamagedStateError`."""
    try:
        mirror_of(path).fetch(path)
        return make(json.loads(read_file(path)))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise storage_error(path, error) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DamagedStateError(f"{path} is damaged", hint="Start a new run with --new.") from error
