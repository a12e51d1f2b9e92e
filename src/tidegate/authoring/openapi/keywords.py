"""One schema's own keywords, of any version of OpenAPI, in the words of JSON Schema 2020-12."""

from __future__ import annotations

from typing import Any

# Written by hand in many files; what is not here and no type of JSON Schema is left away.
_TYPES = {
    **{name: name for name in ("string", "number", "integer", "boolean", "array", "object", "null")},
    **dict.fromkeys(("int", "int32", "int64", "long", "bigint"), "integer"),
    **dict.fromkeys(("float", "double", "decimal"), "number"),
    **dict.fromkeys(("str", "text", "date", "datetime", "date-time", "uuid", "file", "timestamp"), "string"),
    **dict.fromkeys(("dict", "map", "hash", "json"), "object"),
    "bool": "boolean",
    "list": "array",
}
_FORMATS = {"date": "date", "datetime": "date-time", "date-time": "date-time", "uuid": "uuid"}
_KEPT: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(
        ("title", "description", "format", "pattern", "contentEncoding", "contentMediaType"), (str,)
    ),
    **dict.fromkeys(("uniqueItems", "deprecated", "readOnly"), (bool,)),
    **dict.fromkeys(("minimum", "maximum", "multipleOf"), (int, float)),
    **dict.fromkeys(
        ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), (int,)
    ),
    **dict.fromkeys(("default", "const"), (object,)),
}


def own_keywords(raw: dict[str, Any]) -> dict[str, Any]:
    """All but the keywords that hold schemas."""
    made = {key: raw[key] for key in _KEPT if key in raw and _suits(key, raw[key])}
    _set_type(made, raw)
    _set_bound(made, raw, "exclusiveMinimum", "minimum")
    _set_bound(made, raw, "exclusiveMaximum", "maximum")
    if isinstance(raw.get("required"), list):  # a boolean, as in draft 3, says nothing here
        made["required"] = list(dict.fromkeys(each for each in raw["required"] if isinstance(each, str)))
    if isinstance(raw.get("enum"), list) and raw["enum"]:
        made["enum"] = list(raw["enum"])
    examples = _examples(raw)
    if examples:
        made["examples"] = examples
    if raw.get("nullable") is True or raw.get("x-nullable") is True:
        allow_null(made)
    return made


def _suits(key: str, value: Any) -> bool:
    kinds = _KEPT[key]
    return isinstance(value, kinds) and (not isinstance(value, bool) or int not in kinds)


def allow_null(schema: dict[str, Any]) -> None:
    """Make a schema take null, too."""
    kinds = schema.get("type")
    if isinstance(kinds, str):
        schema["type"] = [kinds, "null"] if kinds != "null" else kinds
    elif isinstance(kinds, list) and "null" not in kinds:
        schema["type"] = [*kinds, "null"]
    if "enum" in schema and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]


def _set_type(made: dict[str, Any], raw: dict[str, Any]) -> None:
    given = raw.get("type")
    names = given if isinstance(given, list) else [given]
    kinds = list(dict.fromkeys(_TYPES[each] for each in map(_word, names) if each in _TYPES))
    if not kinds and isinstance(raw.get("properties"), dict):
        kinds = ["object"]
    if not kinds and isinstance(raw.get("items"), dict):
        kinds = ["array"]
    if kinds:
        made["type"] = kinds[0] if len(kinds) == 1 else kinds
    if isinstance(given, str) and given.lower() in _FORMATS:
        made.setdefault("format", _FORMATS[given.lower()])


def _word(name: Any) -> str:
    return name.lower() if isinstance(name, str) else ""


def _set_bound(made: dict[str, Any], raw: dict[str, Any], exclusive: str, bound: str) -> None:
    given = raw.get(exclusive)
    if given is True and bound in made:  # as before draft 6
        made[exclusive] = made.pop(bound)
    elif isinstance(given, int | float) and not isinstance(given, bool):
        made[exclusive] = given


def _examples(raw: dict[str, Any]) -> list[Any]:
    found = [raw["example"]] if "example" in raw else []
    if "x-example" in raw and not found:
        found = [raw["x-example"]]
    more = raw.get("examples")
    if isinstance(more, list):
        found += more
    elif isinstance(more, dict):  # as of a media type, at the wrong place
        found += [each["value"] for each in more.values() if isinstance(each, dict) and "value" in each]
    return found
