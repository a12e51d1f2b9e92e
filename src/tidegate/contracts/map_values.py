"""Sources of a `Map` that make one value of another, or of several."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter

from tidegate.contracts.map_sources import Facts, Of, Source, Values, source, spelled, text
from tidegate.contracts.map_types import Told, joined, told_of, told_of_values

_REFUSED = object()  # what is not in the table of a Lookup


@dataclass(frozen=True, repr=False)
class OfOne(Source):
    of: Of

    @cached_property
    def inputs(self) -> tuple[Source, ...]:
        return (source(self.of),)

    def function(self, facts: Facts) -> Values:  # noqa: ARG002
        make = self.make
        return lambda value: None if value is None else make(value)

    def make(self, value: Any) -> Any:
        """Of a value that is not None."""
        return value


@dataclass(frozen=True, repr=False)
class Default(OfOne):
    """`value` in the place of None."""

    value: Any

    def function(self, facts: Facts) -> Values:  # noqa: ARG002
        instead = self.value
        return lambda value: instead if value is None else value

    def told(self, inputs: Sequence[Told]) -> Told:
        return joined([Told(inputs[0].types), told_of_values([self.value])])


@dataclass(frozen=True, repr=False)
class Required(OfOne):
    """May be None as far as the read contract says, and is not: a row that has None is rejected."""

    def told(self, inputs: Sequence[Told]) -> Told:
        return Told(inputs[0].types)


@dataclass(frozen=True, repr=False)
class Cast(OfOne):
    """The value as another type, by Pydantic's ordinary coercion: `Cast("price", Decimal)`.

    Into `str` goes what Pydantic takes for no text: numbers and ids as they are written, true and false in
    lower case, dates and instants in ISO 8601.
    """

    to: Any

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.to)

    def make(self, value: Any) -> Any:
        return text(value) if self.to is str else self._adapter.validate_python(value)

    def told(self, inputs: Sequence[Told]) -> Told:
        return Told(told_of(self.to).types, inputs[0].nullable)


@dataclass(frozen=True, repr=False)
class Lookup(OfOne):
    """What the value stands for in `table`. A value that is not in it is an error of its row, or becomes
    `otherwise` where that is given.
    """

    table: Mapping[Any, Any]
    otherwise: Any = field(default=_REFUSED, kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "table", MappingProxyType(dict(self.table)))

    def make(self, value: Any) -> Any:
        found = self.table.get(value, self.otherwise)
        if found is _REFUSED:
            raise LookupError("not in the table of its Lookup")
        return found

    def told(self, inputs: Sequence[Told]) -> Told:
        instead = [] if self.otherwise is _REFUSED else [self.otherwise]
        gives = told_of_values([*self.table.values(), *instead])
        return Told(gives.types, gives.nullable or inputs[0].nullable)


@dataclass(frozen=True, repr=False)
class Hash(OfOne):
    """The keyed hash of the value, as that of a column marked `Personal("hash")`: 64 characters."""

    def function(self, facts: Facts) -> Values:
        if facts.keyed is None:
            raise AssertionError("the key is read before")
        return facts.keyed

    def told(self, inputs: Sequence[Told]) -> Told:
        return Told((str,), inputs[0].nullable)


@dataclass(frozen=True, init=False, repr=False)
class _OfSeveral(Source):
    of: tuple[Of, ...] = field(metadata={"spread": True})

    @cached_property
    def inputs(self) -> tuple[Source, ...]:
        return tuple(map(source, self.of))

    def _take(self, of: tuple[Of, ...], least: int) -> None:
        if len(of) < least:
            raise TypeError(f"{type(self).__name__} takes {least} paths or sources at least, not {len(of)}")
        object.__setattr__(self, "of", of)


@dataclass(frozen=True, init=False, repr=False)
class Coalesce(_OfSeveral):
    """The first that is not None."""

    def __init__(self, *of: Of) -> None:
        self._take(of, 2)

    def function(self, facts: Facts) -> Values:  # noqa: ARG002
        return lambda *values: next((value for value in values if value is not None), None)

    def told(self, inputs: Sequence[Told]) -> Told:
        return Told(joined(inputs).types, all(each.nullable for each in inputs))


@dataclass(frozen=True, init=False, repr=False)
class Join(_OfSeveral):
    """The texts one behind the other, `by` between them. What is None is left out; None if all are."""

    by: str = field(default="", kw_only=True)

    def __init__(self, *of: Of, by: str = "") -> None:
        self._take(of, 1)
        object.__setattr__(self, "by", by)

    def function(self, facts: Facts) -> Values:  # noqa: ARG002
        by = self.by

        def join(*values: Any) -> str | None:
            texts = [text(value) for value in values if value is not None]
            return by.join(texts) if texts else None

        return join

    def told(self, inputs: Sequence[Told]) -> Told:
        return Told((str,), all(each.nullable for each in inputs))


@dataclass(frozen=True, init=False, repr=False)
class Apply(_OfSeveral):
    """What a plain function makes of the value, or of several: `Apply(domain_of, "email")`.

    Where a value is None it is not called, and gives None.
    """

    call: Callable[..., Any]
    of: tuple[Of, ...] = field(metadata={"spread": True})

    def __init__(self, call: Callable[..., Any], *of: Of) -> None:
        if not callable(call):
            raise TypeError(f"Apply takes a function first, then paths or sources, not {call!r}")
        object.__setattr__(self, "call", call)
        self._take(of, 1)

    def function(self, facts: Facts) -> Values:  # noqa: ARG002
        call = self.call
        if len(self.of) == 1:
            return lambda value: None if value is None else call(value)
        return lambda *values: None if any(value is None for value in values) else call(*values)

    def told(self, inputs: Sequence[Told]) -> Told:
        return Told((), any(each.nullable for each in inputs))

    def _arguments(self) -> Iterator[str]:
        yield spelled(self.call)
        yield from map(spelled, self.of)
