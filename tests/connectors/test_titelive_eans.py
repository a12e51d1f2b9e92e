"""Lists of EANs: each one checked, the wrong ones named, none asked for twice."""

from __future__ import annotations

import logging

import pytest

from tidegate.connectors.titelive.client import TiteliveConnector
from tidegate.connectors.titelive.eans import Listed, distinct, fault_of, in_batches
from tidegate.http_tools.clients import SyncHttpClient
from tidegate.utils.errors import SettingsError

GOOD = "9782370730541"


def ean(number: int) -> str:
    """The EAN-13 of any twelve digits."""
    head = f"{number:012d}"
    return next(head + digit for digit in "0123456789" if fault_of(head + digit) is None)


@pytest.mark.parametrize("text", [GOOD, "4006381333931", "5901234123457", "0000000000000"])
def test_an_ean_with_the_right_last_digit_is_one(text: str) -> None:
    assert fault_of(text) is None


@pytest.mark.parametrize("digit", "023456789")
def test_no_other_last_digit_is_right(digit: str) -> None:
    assert fault_of(GOOD[:12] + digit) == f"ends with {digit}, its other digits ask for 1"


@pytest.mark.parametrize("text", ["", "978237073054", "97823707305410", "978237073054X", "\u0669" * 13])
def test_what_is_not_13_digits_is_none(text: str) -> None:
    assert fault_of(text) == "is not 13 digits"


def test_hyphens_and_blanks_are_left_out() -> None:
    assert distinct("a list", [Listed("line 1", " 978-2-37073-054-1 ")]) == [GOOD]


def test_wrong_ones_are_named_with_their_places() -> None:
    found = [Listed("line 1", GOOD), Listed("line 2", "123"), Listed("line 3", GOOD[:12] + "2")]
    with pytest.raises(SettingsError) as caught:
        distinct("books.txt", found)
    assert str(caught.value) == (
        "books.txt holds what is no EAN-13: line 2: '123' is not 13 digits;"
        " line 3: '9782370730542' ends with 2, its other digits ask for 1"
    )


def test_of_many_wrong_ones_some_are_named_and_all_are_counted() -> None:
    with pytest.raises(SettingsError, match=r"; and 15 more$"):
        distinct("a list", [Listed(f"line {number}", "x") for number in range(25)])


def test_one_that_comes_twice_is_asked_for_once_and_named(caplog: pytest.LogCaptureFixture) -> None:
    found = [Listed("line 1", GOOD), Listed("line 2", ean(7)), Listed("line 9", "978-2370730541")]
    with caplog.at_level(logging.WARNING):
        assert distinct("books.txt", found) == [GOOD, ean(7)]
    assert f"{GOOD} (line 1, line 9)" in caplog.text


def test_batches_hold_250_and_every_ean_once_in_order() -> None:
    eans = [ean(number) for number in range(501)]
    batches = in_batches(eans)
    assert [batch.count("|") + 1 for batch in batches] == [250, 250, 1]
    assert "|".join(batches).split("|") == eans


def test_a_call_takes_no_more_than_a_batch_and_nothing_else() -> None:
    titelive = TiteliveConnector(SyncHttpClient("https://api.test"))
    with pytest.raises(ValueError, match="from 1 to 250 EANs at once, not 251"):
        titelive.get_products([GOOD] * 251)
    with pytest.raises(ValueError, match="not 0"):
        titelive.get_products([])
    with pytest.raises(ValueError, match="'12' is not 13 digits"):
        titelive.get_products(["12"])


def test_without_a_list_the_setting_is_named() -> None:
    with pytest.raises(SettingsError, match="TITELIVE_EANS is not set"):
        TiteliveConnector(SyncHttpClient("https://api.test")).ean_batches()
