"""No secret of eight characters or more survives redaction, in whatever encoding and position."""

from __future__ import annotations

import base64
import json
import pickle
import timeit
import traceback
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tidegate.utils.redact import MASK, MIN_LENGTH, Redactor


def unlike_the_mask(text: str) -> bool:
    return text not in MASK


secrets = st.text(st.characters(codec="utf-8"), min_size=MIN_LENGTH, max_size=60).filter(unlike_the_mask)
keys = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=MIN_LENGTH, max_size=80).filter(
    unlike_the_mask
)
around = st.text(st.characters(codec="utf-8"), max_size=20)


def hidden(secret: str, encoded: str, before: str = "", after: str = "") -> bool:
    """Whether the encoded secret is gone from the text, and the text around it is not."""
    clean = Redactor([secret])(before + encoded + after)
    return encoded not in clean and MASK in clean


@given(secrets, around, around)
def test_a_plain_secret_is_hidden_wherever_it_stands(secret: str, before: str, after: str) -> None:
    assert secret not in Redactor([secret])(before + secret + after)


@given(secrets, around, around)
def test_a_url_encoded_secret_is_hidden(secret: str, before: str, after: str) -> None:
    for encoded in (quote(secret), quote(secret, safe=""), quote_plus(secret)):
        assert hidden(secret, encoded, before, after)


@given(keys)
def test_the_case_of_url_encoding_does_not_matter(secret: str) -> None:
    every = "".join(f"%{byte:02x}" for byte in secret.encode())
    assert hidden(secret, every)
    assert hidden(secret, every.upper())


@given(secrets, around, around)
@example('"quoted"/\\', "", "")
def test_a_json_encoded_secret_is_hidden(secret: str, before: str, after: str) -> None:
    for ascii_only in (True, False):
        encoded = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        assert hidden(secret, encoded, before, after)
        assert hidden(secret, encoded.replace("/", "\\/"), before, after)


@given(secrets, around, around)
def test_a_secret_in_a_repr_is_hidden(secret: str, before: str, after: str) -> None:
    assert hidden(secret, repr(secret)[1:-1], before, after)


@given(keys)
def test_json_that_escapes_every_character_hides_nothing_from_us(secret: str) -> None:
    assert hidden(secret, "".join(f"\\u{ord(each):04x}" for each in secret))
    assert hidden(secret, "".join(f"\\u{ord(each):04X}" for each in secret))


@given(keys, st.binary(max_size=7), st.binary(max_size=7))
def test_a_base64_secret_is_hidden_at_every_alignment(secret: str, before: bytes, after: bytes) -> None:
    raw = before + secret.encode() + after
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        clean = Redactor([secret])(encode(raw).decode())
        assert MASK in clean
        core = encode(secret.encode()).decode().rstrip("=")
        if len(before) % 3 == 0:
            assert core[:-2] not in clean


@given(st.binary(max_size=7), keys, st.binary(max_size=7))
def test_what_is_left_of_a_base64_secret_decodes_to_none_of_it(
    before: bytes, secret: str, after: bytes
) -> None:
    clean = Redactor([secret])(base64.b64encode(before + secret.encode() + after).decode())
    head, _, tail = clean.partition(MASK)
    shown = base64.b64decode(head + "A" * (-len(head) % 4))[: len(before) + 1]
    assert secret.encode() not in shown
    assert len(head) <= -(-(len(before)) * 8 // 6) + 1
    assert len(tail) <= 2 + -(-(len(after) + 2) // 3) * 4


@given(keys)
def test_base64_inside_a_url_is_hidden(secret: str) -> None:
    encoded = quote(base64.b64encode(secret.encode()), safe="")
    clean = Redactor([secret])(encoded)
    assert MASK in clean


WAYS: dict[str, Callable[[str], str]] = {
    "url": lambda text: quote(text, safe=""),
    "json": lambda text: json.dumps(text).replace("/", "\\/")[1:-1],
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
}


@pytest.mark.parametrize(
    "ways",
    [("url", "url"), ("url", "url", "url"), ("json", "json"), ("base64", "json"), ("base64", "url", "url")],
)
@given(keys.filter(lambda key: not {"\\", "%"} & set(key)))
@example("k3y/with+odd=characters&more")
def test_a_secret_that_is_encoded_again_is_hidden(ways: tuple[str, ...], secret: str) -> None:
    encoded = secret
    for way in ways:
        encoded = WAYS[way](encoded)
    left = Redactor([secret])(encoded).replace(MASK, "", 1)
    assert len(left) <= (2 + 2 * len("%25253D") if "base64" in ways else 0), left  # its end and its padding


@given(st.lists(keys, min_size=1, max_size=4))
def test_of_several_secrets_each_is_hidden(several: list[str]) -> None:
    redact = Redactor(several)
    clean = redact(" ".join(several))
    assert not any(each in clean for each in several)


def test_a_secret_that_begins_another_does_not_spare_its_rest() -> None:
    assert Redactor(["abcdefgh", "abcdefghij"])("abcdefghij") == MASK


@given(st.text())
def test_text_without_secrets_stays_as_it_is(text: str) -> None:
    assert Redactor()(text) == text
    assert Redactor(["a-secret-that-is-not-there"])(text) == text


def test_a_short_value_is_no_secret() -> None:
    assert Redactor(["short"])("a short word") == "a short word"


def test_a_redactor_shows_nothing_and_pickles_empty() -> None:
    redact = Redactor(["a-secret-of-mine"])
    assert "secret" not in repr(redact)
    assert pickle.loads(pickle.dumps(redact))("a-secret-of-mine") == "a-secret-of-mine"


@given(keys, st.integers(0, 60), st.integers(1, 80), st.integers(1, 4))
def test_the_beginning_of_a_text_ends_in_no_half_secret(
    secret: str, lead: int, size: int, repeats: int
) -> None:
    assume("_" not in secret)
    clean = Redactor([secret]).beginning("_" * lead + secret * repeats, size)
    assert clean == ("_" * lead + MASK * repeats)[:size]


@pytest.mark.parametrize("text", ["", "short", "x" * 500])
def test_the_beginning_of_a_text_without_secrets_is_its_beginning(text: str) -> None:
    assert Redactor().beginning(text, 100) == text[:100]
    assert Redactor(["a-secret-of-mine"]).beginning(text, 100) == text[:100]


def test_an_error_is_redacted_with_all_that_led_to_it() -> None:
    error = ValueError("it was a-secret-of-mine", 5)
    error.__cause__ = OSError("the line is a-secret-of-mine")
    Redactor(["a-secret-of-mine"]).error(error)
    shown = "".join(traceback.format_exception(error))
    assert error.args == (f"it was {MASK}", 5)
    assert f"OSError: the line is {MASK}" in shown
    assert "a-secret" not in shown


def test_redacting_takes_as_long_as_the_text_is() -> None:
    redact = Redactor(["xkeysib-" + "0123456789abcdef" * 4, "%" * 12 + "a", '"' * 12 + "a"])

    def seconds(times: int) -> float:
        text = 'xkeysib-0123456789abcdex %2525 \\\\"' * times
        return min(timeit.repeat(lambda: redact(text), number=1, repeat=3))

    assert seconds(8_000) < 32 * seconds(1_000)  # eight times would do; what takes a square, 64 times
