"""What decides what a page becomes, as a digest: parts carry it, and are built again where it changed."""

from __future__ import annotations

import hashlib
import re
import sys
from dataclasses import fields
from functools import partial
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any

from pydantic import BaseModel

from tidegate.contracts.map import AnyMap
from tidegate.contracts.map_sources import Source
from tidegate.engine.tasks import Task
from tidegate.utils.version import __version__


def fingerprint(task: Task[Any, Any, Any], reads: type[BaseModel], key_id: str = "") -> str:
    """A digest of all that decides what a page becomes: transform, both contracts with the sources of the
    modules that they are made in, columns, cursor field, key of hashed columns, and the version of tidegate.
    """
    digest = hashlib.sha256(__version__.encode())
    digest.update(_code(task.transform.function))
    for model in (reads, task.into.model):
        for each in model.__mro__:
            digest.update(_source(each.__module__))
        digest.update(_plain(model.model_fields))
    digest.update(_plain((task.into.columns, task.cursor, key_id)))
    return digest.hexdigest()[:24]


def _code(transform: Any) -> bytes:
    """What makes a transform do what it does: its module, for the helpers beside it, and what it holds."""
    if isinstance(transform, AnyMap):
        return _map(transform)
    if isinstance(transform, partial):
        return _code(transform.func) + _plain((transform.args, sorted(transform.keywords.items())))
    if isinstance(transform, MethodType):
        return _code(transform.__func__) + _object(transform.__self__)
    wrapped = getattr(transform, "__wrapped__", None)
    if wrapped is not None:
        return _code(wrapped) + _source(transform.__module__)
    if not isinstance(transform, FunctionType):
        return _object(transform)
    code, held = transform.__code__, [cell.cell_contents for cell in transform.__closure__ or ()]
    holds = (transform.__qualname__, transform.__defaults__, transform.__kwdefaults__, code.co_consts, held)
    return _source(transform.__module__) + code.co_code + _plain(holds)


def _map(transform: AnyMap[Any, Any, Any]) -> bytes:
    """Where each field comes from, functions by what they do, and the key of its hashes."""
    each, keyed = transform.each, transform.keyed
    told = (each and each.path, keyed and keyed.key_id)
    made = (name.encode() + _of_source(top) for name, top in sorted(transform.sources.items()))
    return _plain((type(transform).__name__, told)) + _object(transform.writes) + b"".join(made)


def _of_source(top: Source) -> bytes:
    """A source by its class, by what it holds, and by the same of its inputs."""
    held = [getattr(top, each.name) for each in fields(top)]  # type: ignore[arg-type]  # all are dataclasses
    inside = b"".join(_code(each) if callable(each) else _plain(each) for each in held)
    return f"({type(top).__name__} ".encode() + inside + b"".join(map(_of_source, top.inputs)) + b")"


def _object(holder: Any) -> bytes:
    """What an object holds, and the module of its class; a class is its name and its module."""
    if isinstance(holder, type):
        return _source(holder.__module__) + holder.__qualname__.encode()
    return _source(type(holder).__module__) + _plain((getattr(holder, "__dict__", None), holder))


def _plain(value: Any) -> bytes:
    """Its text, less what changes from process to process: addresses, and the order of sets."""
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(_ordered(value))).encode()


def _ordered(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return sorted(map(repr, map(_ordered, value)))
    if isinstance(value, list | tuple):
        return [_ordered(each) for each in value]
    if isinstance(value, dict):
        return {key: _ordered(each) for key, each in value.items()}
    return value


def _source(module: str) -> bytes:
    file = getattr(sys.modules.get(module), "__file__", None)
    try:
        return Path(file).read_bytes() if file and file.endswith(".py") else module.encode()
    except OSError:
        return module.encode()
