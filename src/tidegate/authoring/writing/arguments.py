"""The arguments of a connector's method: parameters of the API under Python's names and types."""

from __future__ import annotations

from tidegate.authoring.description import Listing, Parameter, Schema
from tidegate.authoring.writing.names import PLACEHOLDER
from tidegate.authoring.writing.plans import given_by_paging
from tidegate.authoring.writing.words import argument, quoted, snake

_TYPES = {"integer": "int", "number": "float", "boolean": "bool"}
_FORMATS = {"date": "date", "date-time": "datetime"}
_WIRES = {"date": "date", "datetime": "datetime", "epoch": "int"}


class Arguments:
    """The arguments of a method, by the parameter of the API that each one becomes."""

    def __init__(self, listing: Listing) -> None:
        self.listing = listing
        self._names: dict[str, str] = {}
        self._in_path: dict[str, str] = {}
        given = given_by_paging(listing)
        parameters = [each for each in listing.endpoint.parameters if each.place == "query"]
        self.query = [each for each in parameters if each.name not in given]
        for name in PLACEHOLDER.findall(listing.endpoint.path):
            self._in_path.setdefault(name, argument(snake(name), list(self._in_path.values())))
        for each in self.query:
            taken = [*self._in_path.values(), *self._names.values()]
            self._names.setdefault(each.name, argument(snake(each.name), taken))

    def __getitem__(self, parameter: str) -> str:
        """Of the query."""
        return self._names[parameter]

    def in_path(self, placeholder: str) -> str:
        return self._in_path[placeholder]

    def __contains__(self, parameter: str) -> bool:
        return parameter in self._names

    @property
    def placeholders(self) -> list[str]:
        """Each once."""
        return list(self._in_path)

    def type_of(self, parameter: Parameter) -> str:
        since = self.listing.since
        if since and parameter.name in {since.start_param, since.end_param}:
            return _WIRES[since.wire]
        return _typed(parameter.schema)

    def placeholder_type(self, name: str) -> str:
        several = self.listing.endpoint.parameters
        found = next((each for each in several if each.name == name and each.place == "path"), None)
        told = _typed(found.schema) if found else "str"
        return "int" if told == "int" else "str"


def _typed(schema: Schema) -> str:
    values = schema.get("enum", ())
    if values and all(isinstance(each, str) for each in values) and len(values) < 20:
        return f"Literal[{', '.join(quoted(each) for each in values)}]"
    kind = schema.get("type")
    kind = next((each for each in kind if each != "null"), None) if isinstance(kind, list) else kind
    if kind == "array":
        return f"Sequence[{_typed(schema.get('items', {}))}]"
    if kind == "string":
        return _FORMATS.get(schema.get("format", ""), "str")
    return _TYPES.get(str(kind), "str")
