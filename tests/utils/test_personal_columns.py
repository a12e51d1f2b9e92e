"""Columns of personal data: labelled, hashed under a key, left out, or refused."""

from __future__ import annotations

import hashlib
import hmac
from datetime import date
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, SecretStr, computed_field, create_model

from tidegate.contracts.table import Table
from tidegate.utils.columns import Column, SchemaError
from tidegate.utils.encoding import EncodeError, Encoder
from tidegate.utils.errors import SettingsError
from tidegate.utils.hashing import KeyedHash
from tidegate.utils.personal import Personal
from tidegate.utils.personal_columns import masked
from tidegate.utils.redact import MASK
from tidegate.utils.schemas import columns_of

KEY = "a key of sixteen or more"
Hashed = Annotated[str, Personal("hash")]


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIDEGATE_HASH_KEY", KEY)


def column(annotation: Any, description: str | None = None) -> Column:
    field = Field(description=description)
    (made,) = columns_of(create_model("Row", v=(annotation, field)))
    return made


def encoded(model: type[BaseModel], **values: Any) -> Any:
    (row,) = Encoder(model).encode([model(**values)]).to_pylist()
    return row


def hashed(text: str) -> str:
    return hmac.new(KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


def test_a_personal_column_says_so_in_flag_and_description() -> None:
    labelled = column(Annotated[str | None, Personal()], "Address of the contact")
    assert (labelled.personal, labelled.description) == (True, "Address of the contact (personal data)")
    assert (labelled.kind, labelled.nullable) == ("string", True)
    assert column(Annotated[dict[str, Any], Personal]).description == "Personal data"
    assert not column(str, "Name of the list").personal


def test_the_columns_inside_a_personal_record_are_personal_each() -> None:
    class Place(BaseModel):
        city: str
        zip: str = Field(description="Postal code")

    record = column(Annotated[Place | None, Personal()])
    assert [(each.personal, each.description) for each in record.fields] == [
        (True, "Personal data"),
        (True, "Postal code (personal data)"),
    ]


def test_a_json_column_with_personal_values_inside_is_personal() -> None:
    assert column(dict[str, list[Annotated[str, Personal()]]]).personal


@pytest.mark.usefixtures("key")
def test_a_keyed_hash_stands_for_the_value_wherever_it_is() -> None:
    class Inner(BaseModel):
        email: Hashed

    class Row(BaseModel):
        email: Hashed = Field(max_length=200)
        other: Hashed | None
        born: Annotated[date, Personal("hash")]
        number: Annotated[int, Personal("hash")]
        ip: Annotated[IPv4Address, Personal("hash")]
        several: frozenset[Hashed]
        inner: list[Inner]

        @computed_field
        def lowered(self) -> Hashed:
            return self.email.lower()

    values = {"other": None, "born": "2001-02-03", "number": 12, "ip": "10.0.0.1"}
    row = encoded(Row, email="A", several={"a", "b"}, inner=[{"email": "a"}], **values)
    assert row == {
        "email": hashed("A"),
        "other": None,
        "born": hashed("2001-02-03"),
        "number": hashed("12"),
        "ip": hashed("10.0.0.1"),
        "several": sorted([hashed("a"), hashed("b")]),
        "inner": [{"email": hashed("a")}],
        "lowered": hashed("a"),
    }
    assert {each.kind for each in columns_of(Row)} == {"string", "record"}
    assert columns_of(Row)[0].max_length == len(row["email"]) == 64
    assert columns_of(Row)[0].description == "Personal data, as a keyed hash"


@pytest.mark.usefixtures("key")
def test_a_hashed_column_may_be_a_key_and_text_that_is_not_unicode_names_no_value() -> None:
    class Row(BaseModel):
        email: Hashed

    assert Table("people", Row, key=("email",), write="merge").columns[0].personal
    with pytest.raises(EncodeError, match=r"Row\.email, row 0 of the batch") as caught:
        Encoder(Row).encode([Row.model_construct(email="ann\ud800")])
    assert "ann" not in str(caught.value)


def test_a_field_that_is_left_out_is_no_column() -> None:
    class Row(BaseModel):
        id: int
        email: Annotated[str, Personal("omit")]
        phones: list[Annotated[str, Personal("omit")]]
        password: Annotated[SecretStr, Personal("omit")]

        @computed_field
        def domain(self) -> Annotated[str, Personal("omit")]:
            return ""

    assert [each.name for each in columns_of(Row)] == ["id"]
    with pytest.raises(ValueError, match="key names 'email', not one of its columns"):
        Table("people", Row, key=("email",), write="merge")


def test_of_several_marks_the_strictest_counts() -> None:
    assert column(Annotated[Hashed, Personal()]).steps == ("hash",)
    assert column(Annotated[list[Hashed] | None, Personal()]).steps == ("hash",)


class Inside(BaseModel):
    email: Hashed


@pytest.mark.parametrize(
    ("annotation", "told"),
    [
        (Annotated[float, Personal("hash")], r"Row\.v: no hash of a column of kind float"),
        (Annotated[dict[str, Any], Personal("hash")], r"Row\.v: a JSON column holds its values as they are"),
        (Annotated[Inside, Personal("hash")], r"Row\.v: no hash of a column of kind record"),
        (dict[str, Inside], r"Row\.v: a JSON column holds its values as they are"),
    ],
)
def test_what_cannot_be_hashed_is_refused_when_the_table_is_made(annotation: Any, told: str) -> None:
    with pytest.raises(SchemaError, match=told) as caught:
        column(annotation)
    assert caught.value.hint is not None


def test_a_load_of_no_known_name_is_refused() -> None:
    load: Any = "hashed"
    with pytest.raises(TypeError, match=r"Personal\(load='hashed'\): none of omit, hash, as_is"):
        Personal(load)


@pytest.mark.parametrize(("given", "what"), [(None, "is not set"), ("short", "has less than 16 characters")])
def test_without_a_key_no_encoder_is_made(
    given: str | None, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TIDEGATE_HASH_KEY", raising=False)
    if given:
        Path(".env").write_text(f"TIDEGATE_HASH_KEY={given}\nOTHER=1\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=f"TIDEGATE_HASH_KEY {what}") as caught:
        Encoder(Inside)
    assert "openssl rand -hex 32" in str(caught.value.hint)
    Path(".env").write_text(f"TIDEGATE_HASH_KEY={KEY}\n", encoding="utf-8")
    assert encoded(Inside, email="a") == {"email": hashed("a")}


def test_a_key_is_told_apart_and_never_shown() -> None:
    one, other = KeyedHash(KEY), KeyedHash(KEY + "!")
    assert one.key_id == KeyedHash(KEY).key_id != other.key_id
    assert KEY not in f"{one} {one!r} {one.key_id}"


@pytest.mark.usefixtures("key")
def test_a_row_is_shown_with_its_hashes_and_without_its_personal_values() -> None:
    class Person(BaseModel):
        name: Annotated[str | None, Personal()]
        age: int

    class Team(BaseModel):
        lead: Person
        members: list[Person]
        phones: Annotated[list[str], Personal()]
        notes: dict[str, Annotated[str, Personal()]]
        email: Hashed

    ann, none = Person(name="Ann", age=40), Person(name=None, age=50)
    row = encoded(Team, lead=ann, members=[ann, none], phones=["1", "2"], notes={"a": "b"}, email="a@b.c")
    assert masked(columns_of(Team), row) == {
        "lead": {"name": MASK, "age": 40},
        "members": [{"name": MASK, "age": 40}, {"name": None, "age": 50}],
        "phones": [MASK, MASK],
        "notes": MASK,
        "email": hashed("a@b.c"),
    }
