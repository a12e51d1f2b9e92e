"""tidegate: typed contracts from API to warehouse. The names that users import, loaded when first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tidegate.app.api import run as run
    from tidegate.app.workflow import workflow as workflow
    from tidegate.contracts.base import ReadContract as ReadContract
    from tidegate.contracts.base import WriteContract as WriteContract
    from tidegate.contracts.map import Map as Map
    from tidegate.contracts.personal import Personal as Personal
    from tidegate.contracts.table import SYNTHETIC_KEY as SYNTHETIC_KEY
    from tidegate.contracts.table import Table as Table
    from tidegate.contracts.view import View as View
    from tidegate.contracts.windows import Cursor as Cursor
    from tidegate.contracts.windows import Window as Window
    from tidegate.contracts.windows import Windows as Windows
    from tidegate.engine.context import Context as Context
    from tidegate.engine.load import load as load
    from tidegate.engine.over import Each as Each
    from tidegate.engine.over import From as From
    from tidegate.engine.tasks import task as task
    from tidegate.utils.version import __version__ as __version__

_HOMES = {
    "Context": "tidegate.engine.context",
    "Cursor": "tidegate.contracts.windows",
    "Each": "tidegate.engine.over",
    "From": "tidegate.engine.over",
    "Map": "tidegate.contracts.map",
    "Personal": "tidegate.contracts.personal",
    "ReadContract": "tidegate.contracts.base",
    "SYNTHETIC_KEY": "tidegate.contracts.table",
    "Table": "tidegate.contracts.table",
    "View": "tidegate.contracts.view",
    "Window": "tidegate.contracts.windows",
    "Windows": "tidegate.contracts.windows",
    "WriteContract": "tidegate.contracts.base",
    "__version__": "tidegate.utils.version",
    "load": "tidegate.engine.load",
    "run": "tidegate.app.api",
    "task": "tidegate.engine.tasks",
    "workflow": "tidegate.app.workflow",
}

__all__ = [
    "SYNTHETIC_KEY",
    "Context",
    "Cursor",
    "Each",
    "From",
    "Map",
    "Personal",
    "ReadContract",
    "Table",
    "View",
    "Window",
    "Windows",
    "WriteContract",
    "__version__",
    "load",
    "run",
    "task",
    "workflow",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tidegate' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
