"""Where the values of a `Map` come from: small values, frozen, nested in any order.

Each takes what it is made of as a path of the read model (`"customer.email"`) or as another source
(`Day(Coalesce("paid_at", "created_at"))`). None stays None, unless a source says otherwise.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from datetime import date, time
from enum import Enum
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any

from tidegate.contracts.map_types import UNKNOWN, Told, told_of_values

Values = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a map is told beside its rows: the context of the slice, and the keyed hash of the project."""

    context: Any = None
    keyed: Values | None = None


class Source(ABC):
    """Makes one value of the values of its `inputs`, in their order."""

    @property
    def inputs(self) -> tuple[Source, ...]:
        return ()

    @abstractmethod
    def function(self, facts: Facts) -> Values:
        """Takes the values of `inputs`, gives the value: pure, the same for every row."""

    def told(self, inputs: Sequence[Told]) -> Told:  # noqa: ARG002
        """What is known of the value, of what is known of the inputs. Raises `TypeError` for those that
        cannot be right.
        """
        return UNKNOWN

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self._arguments())})"

    def _arguments(self) -> Iterator[str]:
        """As they were written: inputs first, then what is not as it is by default, by name."""
        for each in fields(self):  # type: ignore[arg-type]  # every source is a dataclass
            value = getattr(self, each.name)
            if each.metadata.get("spread"):
                yield from map(spelled, value)
            elif not each.kw_only:
                yield spelled(value)
            elif each.default is MISSING or value != each.default:
                yield f"{each.name}={spelled(value)}"


Of = str | Source


def source(of: Any) -> Source:
    """Raises `TypeError` for what is neither a path nor a source."""
    if isinstance(of, Source):
        return of
    if isinstance(of, str):
        return Path(of)
    raise TypeError(f"{of!r} is no path and no source; write a text for a path, Constant(...) for a value")


def spelled(value: Any) -> str:
    """As it stands in the source code, more or less: functions by their names."""
    if isinstance(value, Path):
        return repr(value.path)
    if isinstance(value, MappingProxyType):
        return repr(dict(value))
    return getattr(value, "__qualname__", None) or repr(value)


@dataclass(frozen=True, repr=False)
class Path(Source):
    """The attribute of the read model, or of what stands in it: `"customer.email"`.

    Keys of a dict are steps, too. None where a step before the last leads to None, or a dict lacks the key.
    """

    path: str

    @cached_property
    def keys(self) -> tuple[str, ...]:
        return tuple(self.path.split("."))

    def function(self, facts: Facts) -> Values:  # noqa: ARG002
        raise AssertionError("a path is read from the row")


@dataclass(frozen=True, repr=False)
class Position(Source):
    """Of an `Explode`: the position of the item in its list, from 0."""

    def function(self, facts: Facts) -> Values:  # noqa: ARG002
        raise AssertionError("a position is that of the item")

    def told(self, inputs: Sequence[Told]) -> Told:  # noqa: ARG002
        return Told((int,))


@dataclass(frozen=True, repr=False)
class Row(Source):
    """What a function makes of the whole read model, and of the context where it takes a second argument.

    A plain function stands for it: `total=lambda order: order.net + order.tax`.
    """

    of: Callable[..., Any]
    takes_context: bool = field(default=False, kw_only=True)

    def function(self, facts: Facts) -> Values:
        if not self.takes_context:
            return self.of
        function, context = self.of, facts.context
        return lambda row: function(row, context)

    def __repr__(self) -> str:
        return spelled(self.of)


@dataclass(frozen=True, repr=False)
class Constant(Source):
    """The same value for every row."""

    value: Any

    def function(self, facts: Facts) -> Values:  # noqa: ARG002
        return lambda: self.value

    def told(self, inputs: Sequence[Told]) -> Told:  # noqa: ARG002
        return told_of_values([self.value])


@dataclass(frozen=True, repr=False)
class FromContext(Source):
    """A fact of the slice: `"run_time"`, `"account"`, `"window.first_day"`, `"window.start"`, ..., or
    `"values.NAME"`, one of what its task is split over. None where the task has none.
    """

    path: str

    def function(self, facts: Facts) -> Values:
        found = facts.context
        for key in self.path.split("."):
            found = None if found is None else step(found, key)
        return lambda: found


def step(value: Any, key: str) -> Any:
    """One step of a path: a key of a mapping, None where it has none; else an attribute."""
    return value.get(key) if is_mapping(type(value)) else getattr(value, key)


def _is_mapping(cls: Hashable) -> bool:
    return isinstance(cls, type) and issubclass(cls, Mapping)


is_mapping: Callable[[type], bool] = lru_cache(maxsize=1024)(_is_mapping)


def text(value: Any) -> str:
    """A value as it is written: what is in an Enum, true and false in lower case, dates in ISO 8601."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)
