"""What was seen at one place of a body, over all samples. Order does not matter: only counts and sets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tidegate.authoring.exceptions import DescriptionError
from tidegate.authoring.samples.formats import epoch_format, text_format

_DEEPEST = 100


@dataclass(slots=True)
class Seen:
    """`values` counts all, null among them; `texts` and `integers` are formats of the values of that type.

    `fields` are those of the objects, `items` what the lists held. `positions` say how far in front a field
    stood at best, so that fields have an order whatever the order of samples.
    """

    values: int = 0
    nulls: int = 0
    booleans: int = 0
    fractions: int = 0
    lists: int = 0
    objects: int = 0
    texts: set[str] = field(default_factory=set)
    integers: set[str] = field(default_factory=set)
    items: Seen | None = None
    fields: dict[str, Seen] = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)

    def see(self, value: Any, depth: int = 0) -> None:
        """Raises `DescriptionError` for a body that is nested beyond reason."""
        if depth > _DEEPEST:
            raise DescriptionError(f"a sample is nested more than {_DEEPEST} levels deep")
        self.values += 1
        match value:
            case None:
                self.nulls += 1
            case bool():
                self.booleans += 1
            case int():
                self.integers.add(epoch_format(value))
            case float():
                self.fractions += 1
            case str():
                self.texts.add(text_format(value))
            case list():
                self._see_list(value, depth)
            case _:
                self._see_object(value, depth)

    def _see_list(self, values: list[Any], depth: int) -> None:
        self.lists += 1
        for value in values:
            self.items = self.items or Seen()
            self.items.see(value, depth + 1)

    def _see_object(self, value: Mapping[str, Any], depth: int) -> None:
        self.objects += 1
        for position, (name, each) in enumerate(value.items()):
            self.positions[name] = min(position, self.positions.get(name, position))
            self.fields.setdefault(name, Seen()).see(each, depth + 1)

    @property
    def names(self) -> list[str]:
        """Of the fields, in an order that the order of samples has no part in."""
        return sorted(self.fields, key=lambda name: (self.positions[name], name))

    def always(self, name: str) -> bool:
        """Whether every object had the field."""
        return self.fields[name].values == self.objects

    def add(self, other: Seen) -> None:
        """As if all that `other` saw had been seen here."""
        for count in ("values", "nulls", "booleans", "fractions", "lists", "objects"):
            setattr(self, count, getattr(self, count) + getattr(other, count))
        self.texts |= other.texts
        self.integers |= other.integers
        if other.items is not None:
            self.items = self.items or Seen()
            self.items.add(other.items)
        for name, seen in other.fields.items():
            position = other.positions[name]
            self.positions[name] = min(position, self.positions.get(name, position))
            self.fields.setdefault(name, Seen()).add(seen)


def together(several: Iterable[Seen | None]) -> Seen:
    """What was seen at several places, as if they were one."""
    whole = Seen()
    for seen in several:
        if seen is not None:
            whole.add(seen)
    return whole
