"""Which values of a row are personal, by the marks in its contract, and what is shown in their place."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

from tidegate.utils.personal import Personal
from tidegate.utils.redact import MASK
from tidegate.utils.shapes import PERSONAL, Shape, annotation_of

__all__ = ["MASK", "Path", "Personal", "PersonalPaths", "personal_attributes", "personal_paths"]

# Keys of the wire and indexes of lists, as in the `loc` of an error of Pydantic.
Path = tuple[int | str, ...]

# Shorter values stand in other words by chance: only where they are whole words are they masked.
_ANYWHERE = 4
_SHORTEST_WORD = 3


class PersonalPaths:
    """Where personal data stands in the rows of one contract. False where it has none.

    A place is known by the keys that lead to it; indexes of lists do not count, nor do numbers that are the
    keys of an object (some APIs send lists so). Everything below a personal place is personal. So is a key
    that the contract does not name, where it names personal ones beside or below it: it may be a renamed
    one. Where the contract allows several shapes, a place that is personal in one of them is personal.
    """

    def __init__(self, model: type[BaseModel]) -> None:
        self._root = Shape((model,))

    def __bool__(self) -> bool:
        return self._root.within

    def covers(self, path: Path) -> bool:
        """Whether all that stands at `path` is personal."""
        return self._at(path).personal

    def mask(self, value: Any, at: Path = ()) -> Any:
        """A copy of a decoded row, or of what came `at` a place of it, with a mask for each personal value.

        Null stays null. Where the contract expects personal data inside of an object, a value of another
        form is masked as a whole.
        """
        return _replaced(self._at(at), value, lambda _: MASK)

    def values(self, value: Any, at: Path = ()) -> list[str]:
        """What `mask` hides, as text: each value once, without true, false and empty text."""
        found: dict[str, None] = {}
        _replaced(self._at(at), value, lambda hidden: found.update(dict.fromkeys(_texts(hidden))))
        return list(found)

    def scrub(self, text: str, value: Any, at: Path = ()) -> str:
        """`text`, such as the message of an exception, less the personal values of a row and their words."""
        lowered = text.lower()
        spellings = {each for hidden in self.values(value, at) for each in _spellings(hidden)}
        shown = [each for each in spellings if each.lower() in lowered]
        if not shown:
            return text
        pattern = "|".join(map(_pattern, sorted(shown, key=len, reverse=True)))
        return re.sub(pattern, MASK, text, flags=re.IGNORECASE)

    def shown(self, path: Path) -> Path:
        """`path` as far as it can be shown: in a personal place, keys that the contract does not name may be
        personal themselves.
        """
        shape = self._root
        for step, key in enumerate(path):
            if shape.personal and isinstance(key, str) and key not in shape.fields:
                return path[:step]
            shape = shape.at(key)
        return path

    def _at(self, path: Path) -> Shape:
        shape = self._root
        for key in path:
            shape = shape.at(key)
        return shape


def personal_paths(model: type[BaseModel]) -> PersonalPaths:
    """Of any model, with what its nested models, lists and dicts mark."""
    return _paths(model)


def personal_attributes(model: type[BaseModel]) -> frozenset[str]:
    """The attributes of a model's instances, computed ones included, that hold anything personal."""
    return _attributes(model)


_paths = lru_cache(maxsize=1024)(PersonalPaths)


@lru_cache(maxsize=1024)
def _attributes(model: type[BaseModel]) -> frozenset[str]:
    stored = {name: annotation_of(info) for name, info in model.model_fields.items()}
    computed = {name: info.return_type for name, info in model.model_computed_fields.items()}
    return frozenset(name for name, each in (stored | computed).items() if Shape((each,)).within)


def _replaced(shape: Shape, value: Any, put: Callable[[Any], Any]) -> Any:
    """A copy of the value with `put(hidden)` for each part of it that is hidden."""
    if value is None or not shape.within:
        return value
    if shape.personal:
        return put(value)
    if isinstance(value, dict):
        return {key: _replaced(shape.child(key) or PERSONAL, each, put) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(shape, each, put) for each in value]
    return value if shape.plain else put(value)


def _texts(hidden: Any) -> Iterator[str]:
    if isinstance(hidden, dict):
        for key in map(str, hidden):
            if not key.isidentifier() and len(key) >= _SHORTEST_WORD:  # `ann@example.com`, not `NAME` or `1`
                yield key
        for each in hidden.values():
            yield from _texts(each)
    elif isinstance(hidden, list | tuple | set | frozenset):
        for each in hidden:
            yield from _texts(each)
    elif hidden is not None and not isinstance(hidden, bool) and str(hidden):
        yield str(hidden)


def _spellings(value: str) -> Iterable[str]:
    """As it is, as Python and JSON quote it, and its words: what code takes apart shows in parts."""
    yield value
    yield repr(value)[1:-1]
    yield json.dumps(value)[1:-1]
    yield from (word for word in re.findall(r"\w+", value) if len(word) >= _SHORTEST_WORD)


def _pattern(spelling: str) -> str:
    text = re.escape(spelling)
    return text if len(spelling) >= _ANYWHERE else rf"(?<!\w){text}(?!\w)"
