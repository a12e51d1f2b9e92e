"""What is inferred over samples: it takes all of them, in any order, and another one only loosens it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.authoring.samples.accepting import accepts
from tidegate.authoring.exceptions import DescriptionError
from tidegate.authoring.samples.made_up import made_up
from tidegate.authoring.samples.schema import schema_of

TITELIVE = (
    '{"type":1,"page":"1","nombre":1,"result":[{"id":2842547,"titre":"T","auteurs_multi":["A"],'
    '"article":{"1":{"gencod":"9782370730541","prix":22.9,"prixpays":{"fr":{"value":22.9,"devise":"&euro;"}},'
    '"dateparution":"11/06/2015","dispo":1,"image":"1","gtl":{"first":{"1":{"code":"3000000"}}}}}}],'
    '"nbreponses":50000,"temps":1.18904}'
)

NUMBERS = ("0", "1", "2")
texts = st.sampled_from(
    [
        "",
        "a",
        "12",
        "2024-02-29",
        "2023-02-29",
        "2024-01-01T00:00:00Z",
        "2024-01-01T24:00:00Z",
        "2024-01-01 10:00:00.25+0100",
        "2024-01-01T00:00:00",
        "a@b.co",
        "https://x.example/1",
        "/x?page=2",
        "6fa459ea-ee8a-3ca4-894e-db77e160355e",
    ]
)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 2), st.sampled_from([1.5, 1700000000, 1700000000123]), texts
)


def _nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["a", "b", "at", "next"]), inner, max_size=3),
        st.dictionaries(st.sampled_from(NUMBERS), inner, min_size=1, max_size=2),
    )


bodies = st.recursive(scalars, _nested, max_leaves=8)
samples = st.lists(bodies, min_size=1, max_size=5)


@given(samples)
def test_the_schema_takes_every_sample(seen: list[Any]) -> None:
    schema = schema_of(seen)
    assert all(accepts(schema, each) for each in seen)


@given(samples, st.randoms())
def test_the_order_of_samples_does_not_matter(seen: list[Any], random: Any) -> None:
    shuffled = random.sample(seen, len(seen))
    assert json.dumps(schema_of(seen)) == json.dumps(schema_of(shuffled))


def _lists_stay(schema: Any) -> bool:
    """Whether no place has keys that are numbers: there, a name in a later sample makes fields of them."""
    return "numeric-keys" not in json.dumps(schema)


@settings(max_examples=300)
@given(samples, samples, bodies)
def test_more_samples_never_make_it_stricter(seen: list[Any], more: list[Any], other: Any) -> None:
    first, both = schema_of(seen), schema_of([*seen, *more])
    for value in (*seen, *more, other):
        if accepts(first, value, known=True) and _lists_stay(first):
            assert accepts(both, value)


@given(samples)
def test_the_body_that_is_made_up_is_one_that_the_schema_takes(seen: list[Any]) -> None:
    schema = schema_of(seen)
    assert accepts(schema, made_up(schema))


def _field(*values: Any, name: str = "field") -> Any:
    return schema_of([{name: value} for value in values])["properties"][name]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ((1, 2), {"type": "integer"}),
        ((1, 2.5), {"type": "number"}),
        (("1", "2"), {"type": "string"}),
        ((1, "1"), {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        ((True, 1), {"anyOf": [{"type": "boolean"}, {"type": "integer"}]}),
        ((None, 1), {"type": ["integer", "null"]}),
        ((None,), {}),
        (([],), {"type": "array", "items": {}}),
        (([], [1]), {"type": "array", "items": {"type": "integer"}}),
        (("2024-01-31", "2024-02-01"), {"type": "string", "format": "date"}),
        (("2024-01-31", ""), {"type": "string"}),
        (("2024-01-31T10:00:00Z",), {"type": "string", "format": "date-time"}),
        (("2024-01-31 10:00:00",), {"type": "string", "format": "date-time-local"}),
        (("2024-01-31", "2024-01-31T10:00:00Z"), {"type": "string"}),
        (("a@b.example",), {"type": "string", "format": "email"}),
        (("https://a.example",), {"type": "string", "format": "uri"}),
        (("open", "closed"), {"type": "string"}),
        ((1700000000,), {"type": "integer"}),
    ],
)
def test_a_field_is_told_by_all_of_its_values(values: tuple[Any, ...], told: Any) -> None:
    assert _field(*values) == told


@pytest.mark.parametrize("name", ["created_at", "createdAt", "timestamp", "date", "last_updated"])
def test_an_integer_is_an_instant_where_its_name_says_so(name: str) -> None:
    assert _field(1700000000, name=name) == {"type": "integer", "format": "unix-time"}
    assert _field(1700000000000, name=name) == {"type": "integer", "format": "unix-time-ms"}
    assert _field(1700000000, 0, name=name) == {"type": "integer"}


def test_a_link_without_a_host_is_one_where_its_name_says_so() -> None:
    assert _field("/v2/things?page=2", None, name="next") == {
        "type": ["string", "null"],
        "format": "uri-reference",
    }
    assert _field("/v2/things", "https://a.example/v2", name="next") == {"type": "string"}
    assert _field("/images/1.png", name="path") == {"type": "string"}


def test_what_is_absent_is_optional_and_what_is_null_may_be_null() -> None:
    schema = schema_of([{"id": 1, "name": None}, {"id": 2, "name": "x", "tag": "y"}, {"id": 3, "name": "z"}])
    assert schema["required"] == ["id", "name"]
    assert schema["properties"]["name"] == {"type": ["string", "null"]}
    assert schema["properties"]["tag"] == {"type": "string"}


def test_numbers_as_keys_stand_for_a_list() -> None:
    one, two = {"1": {"code": "a"}}, [{"code": "b", "label": "c"}]
    item = {"type": "object", "properties": {"code": {"type": "string"}}, "required": ["code"]}
    assert _field(one) == {"type": "array", "items": item, "x-tidegate-numeric-keys": "always"}
    both = _field(one, two, None)
    assert both["x-tidegate-numeric-keys"] == "sometimes"
    assert both["type"] == ["array", "null"]
    assert both["items"]["required"] == ["code"]


def test_ids_and_years_as_keys_are_not_thrown_away() -> None:
    map_of_numbers = {"type": "object", "additionalProperties": {"type": "integer"}}
    assert _field({"2024": 5, "2025": 6}) == map_of_numbers
    assert _field({"2024-01-31": 5}, {"2024-02-01": 6}) == map_of_numbers
    assert _field(*({f"k{n}": n} for n in range(101))) == map_of_numbers


def test_a_list_where_php_means_an_empty_object() -> None:
    told = _field([], {"first": 1})
    assert [each["type"] for each in told["anyOf"]] == ["array", "object"]


def test_the_answer_of_titelive_keeps_its_quirks() -> None:
    schema = schema_of([json.loads(TITELIVE)])
    article = schema["properties"]["result"]["items"]["properties"]["article"]
    assert article["x-tidegate-numeric-keys"] == "always"
    fields = article["items"]["properties"]
    assert fields["gencod"] == {"type": "string"}
    assert fields["dateparution"] == {"type": "string"}
    assert fields["prix"] == {"type": "number"}
    assert fields["gtl"]["properties"]["first"]["x-tidegate-numeric-keys"] == "always"


def test_no_value_of_a_sample_is_in_what_is_written() -> None:
    schema = schema_of([{"email": "jane@corp.example", "by": {"jane@corp.example": "Jane"}, "n": 4711}])
    written = json.dumps([schema, made_up(schema)])
    assert not [each for each in ("jane", "Jane", "4711") if each in written]


def test_a_sample_that_is_nested_beyond_reason_is_refused() -> None:
    body: Any = 1
    for _ in range(150):
        body = [body]
    with pytest.raises(DescriptionError, match="nested"):
        schema_of([body])
