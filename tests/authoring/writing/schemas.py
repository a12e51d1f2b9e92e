"""Schemas of rows as APIs have them, with values that fit."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

# What Python, Pydantic, annotations or a warehouse would trip over.
ODD_NAMES = (
    *(
        "class",
        "from",
        "None",
        "copy",
        "json",
        "schema",
        "model_config",
        "model_dump_x",
        "model_fields",
        "self",
    ),
    *(
        "date",
        "datetime",
        "list",
        "dict",
        "str",
        "int",
        "Any",
        "Field",
        "_private",
        "__dunder__",
        "$ref",
        "@id",
    ),
    *(
        "2fa",
        "a.b",
        "a-b",
        "a b",
        "A_B",
        "aB",
        "ab",
        "AB",
        "\u00e9t\u00e9",
        "\u65e5\u672c",
        "",
        " ",
        "_TABLE_x",
        "Personal",
    ),
    *("root", "validate", "createdAt", "HTMLContent", "x" * 120, 'a"b', "a\\b", "a\nb", "{x}", "$x", "%s"),
)
# What would not stay text if it were written down as it is.
ODD_TEXTS = (
    *(
        'x"""\nraise SystemExit  #',
        "\\",
        'ends with "',
        "{x} $x %s",
        "# type: ignore",
        "\u2028\x85\r",
        "'''",
        "",
    ),
)
_names = st.sampled_from(ODD_NAMES) | st.text(
    st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=12
).filter(lambda name: not {"id", "count"} & {name.lower()})
_moments = st.datetimes(timezones=st.timezones()).map(lambda each: each.replace(year=2024).isoformat())

SCALARS: tuple[tuple[dict[str, Any], st.SearchStrategy[Any]], ...] = (
    ({"type": "string"}, st.text(st.characters(codec="utf-8"), max_size=8)),
    ({"type": "string", "enum": ["a", "b"]}, st.sampled_from(["a", "b", "new"])),
    ({"type": "string", "format": "uuid"}, st.uuids().map(str)),
    ({"type": "string", "format": "date"}, st.dates().map(lambda each: each.isoformat())),
    (
        {"type": "string", "format": "date-time"},
        st.sampled_from(["2024-02-29T23:59:59Z", "2024-01-01T00:00:00+05:30"]),
    ),
    ({"type": "integer", "minimum": 3}, st.integers(-(2**63), 2**63 - 1)),
    ({"type": "number"}, st.floats(allow_nan=False, allow_infinity=False)),
    ({"type": "boolean"}, st.booleans()),
    ({"const": 5}, st.just(5)),
)
_free = st.dictionaries(st.text(max_size=4), st.integers(0, 9), max_size=2)


def rows_of(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that the schema allows, as far as its words are those that are made here."""
    schema = {word: said for word, said in schema.items() if word != "description"}
    for each, values in SCALARS:
        if schema == each:
            return values
    if "anyOf" in schema:
        return st.one_of([rows_of(each) for each in schema["anyOf"]])
    if schema.get("type") == "null":
        return st.none()
    if schema.get("type") == "array":
        return st.lists(rows_of(schema["items"]), max_size=2)
    if schema.get("properties"):
        needed = {name: rows_of(schema["properties"][name]) for name in schema["required"]}
        others = {name: rows_of(each) for name, each in schema["properties"].items() if name not in needed}
        return st.fixed_dictionaries(needed, optional=others)
    return _free if schema.get("type") == "object" else st.none() | st.integers(0, 9) | _free


@st.composite
def objects(draw: st.DrawFn, values: st.SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
    properties = draw(st.dictionaries(_names, values, min_size=1, max_size=5))
    required = draw(st.lists(st.sampled_from(sorted(properties)), unique=True))
    if draw(st.booleans()):
        told = st.fixed_dictionaries({"description": st.sampled_from(ODD_TEXTS)})
        properties = {name: {**each, **draw(told)} for name, each in properties.items()}
    return {"type": "object", "properties": properties, "required": required}


_single = st.sampled_from([each for each, _ in SCALARS])
_nested: st.SearchStrategy[dict[str, Any]] = st.recursive(
    _single | st.sampled_from([{}, {"type": "object"}]),
    lambda inner: st.one_of(
        inner.map(lambda each: {"type": "array", "items": each}),
        inner.map(lambda each: {"anyOf": [each, {"type": "null"}]}),
        st.lists(inner, min_size=2, max_size=3).map(lambda several: {"anyOf": several}),
        objects(inner),
    ),
    max_leaves=8,
)
ROWS = objects(_nested)
