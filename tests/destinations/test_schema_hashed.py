"""Values and keyed hashes of them never stand in one column: the change from the one to the other is told."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from tests.destinations.evolving import held, land, rows_of, texts
from tidegate.contracts.personal import Personal
from tidegate.destinations.base import Destination
from tidegate.destinations.exceptions import DestinationError, SchemaChangeError
from tidegate.utils.hashing import KeyedHash

PLAIN, NUMBER = rows_of(email=str), rows_of(email=int)
HASHED: Any = rows_of(email=Annotated[str, Personal("hash")])


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEGATE_HASH_KEY", "a key of the tests")


def test_a_column_that_is_to_be_hashed_from_now_on_is_no_change_that_a_run_makes(
    destination: Destination,
) -> None:
    land(destination, PLAIN, [{"email": "ann@example.com"}])
    assert texts(destination, HASHED) == ["retype email: string to keyed hash", "describe email"]
    with pytest.raises(SchemaChangeError, match="retype email: string to keyed hash"):
        destination.prepare(HASHED)


@pytest.mark.parametrize(("was", "value"), [(PLAIN, "ann@example.com"), (NUMBER, 33612345678)])
def test_no_value_that_is_no_hash_gets_under_the_label_of_hashes(
    was: Any, value: Any, retyping: Destination
) -> None:
    land(retyping, was, [{"email": value}])
    with pytest.raises(DestinationError, match="1 row has a value that would be lost"):
        retyping.apply(HASHED, retyping.differences(HASHED))
    assert held(retyping) == [{"email": value}]


def test_an_empty_table_and_one_of_hashes_take_the_label(retyping: Destination) -> None:
    hashed = KeyedHash.read()("ann@example.com")
    land(retyping, PLAIN, [{"email": hashed}])
    retyping.apply(HASHED, retyping.differences(HASHED))
    assert texts(retyping, HASHED) == []
    land(retyping, HASHED, [{"email": "ann@example.com"}])
    assert held(retyping) == [{"email": hashed}] * 2


def test_hashes_become_plain_text_when_a_person_says_so_and_lose_the_label(retyping: Destination) -> None:
    land(retyping, HASHED, [{"email": "ann@example.com"}])
    assert texts(retyping, PLAIN) == ["retype email: keyed hash to string"]
    retyping.apply(PLAIN, retyping.differences(PLAIN))
    assert texts(retyping, PLAIN) == []
