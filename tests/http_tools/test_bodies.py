"""A body is read whole and decoded, or refused early: too long, too much of too little, or unreadable."""

from __future__ import annotations

import gzip
import json
import time
import tracemalloc
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from itertools import pairwise

import brotli  # type: ignore[import-untyped]  # the package has no types
import httpx2
import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from tests.http_tools.driving import Driver, at_once
from tests.http_tools.loopback import Answer, Loopback
from tidegate.http_tools.bodies import Body
from tidegate.http_tools.codings import CodingError, Decoder, extra_codings
from tidegate.http_tools.exceptions import ClientError, ContractError, NetworkError, ResponseTooLargeError

MIB = 1 << 20
CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": partial(brotli.compress, quality=3),
    "zstd": zstd.compress,
}
each_coding = pytest.mark.parametrize("coding", CODINGS)
TEXT = json.dumps([{"id": number, "name": f"row {number}"} for number in range(20_000)]).encode()


@cache
def encoded(body: bytes, *codings: str) -> Answer:
    for coding in codings:
        body = CODINGS[coding](body)
    return Answer(body=body, headers={"Content-Encoding": ", ".join(codings)})


def test_every_coding_that_can_be_read_is_asked_for(driver: Driver, server: Loopback) -> None:
    driver.request(driver.client(server.url), "GET", "/")
    assert server.seen[0].headers["accept-encoding"] == "gzip, deflate, br, zstd"


@each_coding
def test_a_coding_is_decoded(driver: Driver, server: Loopback, coding: str) -> None:
    server.by = lambda _: encoded(TEXT, coding)
    assert driver.request(driver.client(server.url), "GET", "/").content == TEXT


def test_gzip_has_an_old_name(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: replace(encoded(TEXT, "gzip"), headers={"Content-Encoding": "X-GZip"})
    assert driver.request(driver.client(server.url), "GET", "/").content == TEXT


def test_raw_deflate_is_decoded_too(driver: Driver, server: Loopback) -> None:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    body = packer.compress(TEXT) + packer.flush()
    server.by = lambda _: Answer(body=body, headers={"Content-Encoding": "deflate"})
    assert driver.request(driver.client(server.url), "GET", "/").content == TEXT


@pytest.mark.parametrize("codings", [("gzip", "gzip"), ("br", "gzip"), ("zstd", "deflate", "identity")])
def test_several_codings_are_decoded_in_their_order(
    driver: Driver, server: Loopback, codings: tuple[str, ...]
) -> None:
    answer = encoded(TEXT, *[each for each in codings if each != "identity"])
    server.by = lambda _: Answer(body=answer.body, headers={"Content-Encoding": ", ".join(codings)})
    assert driver.request(driver.client(server.url), "GET", "/").content == TEXT


def test_more_layers_than_anyone_needs_are_refused(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: encoded(b"x" * 1000, *["gzip"] * 9)
    with pytest.raises(ContractError, match="9 layers deep"):
        driver.request(driver.client(server.url), "GET", "/")
    assert len(server.seen) == 1


@each_coding
def test_a_coded_body_that_is_empty_is_empty(driver: Driver, server: Loopback, coding: str) -> None:
    server.script(encoded(b"", coding), Answer(body=b"", headers={"Content-Encoding": coding}))
    client = driver.client(server.url)
    assert [driver.request(client, "GET", "/").content for _ in range(2)] == [b"", b""]


RAW = zlib.compressobj(wbits=-zlib.MAX_WBITS)
STREAMS = {
    **{coding: (coding, pack(TEXT[:4000])) for coding, pack in CODINGS.items()},
    "raw deflate": ("deflate", RAW.compress(TEXT[:4000]) + RAW.flush()),
    "two gzip members": ("gzip", gzip.compress(TEXT[:3000]) + gzip.compress(TEXT[3000:4000])),
    "two zstd frames": ("zstd", zstd.compress(TEXT[:3000]) + zstd.compress(TEXT[3000:4000])),
    "gzip with padding": ("gzip", gzip.compress(TEXT[:4000]) + bytes(20)),
}
each_stream = pytest.mark.parametrize("kind", STREAMS)


def decoded(coding: str, pieces: list[bytes]) -> bytes:
    decoder = Decoder([coding])
    found = b"".join(part for piece in pieces for part in decoder.decode(piece))
    decoder.end()
    return found


@each_stream
@given(st.lists(st.integers(0, 4000), max_size=5))
def test_a_stream_is_decoded_whole_wherever_it_is_split(kind: str, cuts: list[int]) -> None:
    coding, sent = STREAMS[kind]
    at = [0, *sorted(cuts), len(sent)]
    assert decoded(coding, [sent[start:end] for start, end in pairwise(at)]) == TEXT[:4000]
    assert decoded(coding, [sent[each : each + 1] for each in range(len(sent))]) == TEXT[:4000]


@each_coding
@given(st.data())
def test_a_stream_that_is_cut_short_anywhere_is_no_whole_one(coding: str, data: st.DataObject) -> None:
    sent = CODINGS[coding](TEXT[:4000])
    with pytest.raises(CodingError):
        decoded(coding, [sent[: data.draw(st.integers(1, len(sent) - 1))]])


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_what_follows_a_stream_without_end_is_not_kept(coding: str) -> None:
    decoder, junk = Decoder([coding]), b"x" * MIB
    assert b"".join(decoder.decode(CODINGS[coding](TEXT))) == TEXT
    tracemalloc.start()
    try:
        for _ in range(16):
            assert not b"".join(decoder.decode(junk))
        assert tracemalloc.get_traced_memory()[1] < 4 * MIB
    finally:
        tracemalloc.stop()
    decoder.end()


def test_a_second_member_that_is_cut_short_is_noticed() -> None:
    coding, sent = STREAMS["two gzip members"]
    with pytest.raises(CodingError, match="the gzip stream is cut short"):
        decoded(coding, [sent[:-5]])


@each_coding
def test_a_body_cut_short_inside_sound_framing_is_tried_again(
    driver: Driver, server: Loopback, coding: str
) -> None:
    whole = encoded(TEXT, coding)
    cut = Answer(body=whole.body[:-9], headers=whole.headers)  # its Content-Length fits
    server.script(cut, whole)
    assert driver.request(driver.client(server.url), "GET", "/").content == TEXT
    server.by = lambda _: cut
    with pytest.raises(NetworkError, match="cut short"):
        driver.request(driver.client(server.url, retry_strategy=at_once(2)), "GET", "/")
    assert len(server.seen) == 4


def test_a_body_within_a_body_that_is_cut_short_is_noticed(driver: Driver, server: Loopback) -> None:
    inner = brotli.compress(TEXT)[:-9]
    server.by = lambda _: Answer(body=gzip.compress(inner), headers={"Content-Encoding": "br, gzip"})
    with pytest.raises(NetworkError, match="the br stream is cut short"):
        driver.request(driver.client(server.url, retry_strategy=at_once(1)), "GET", "/")


# -- bombs


@each_coding
def test_a_bomb_is_cut_early_and_not_tried_again(driver: Driver, server: Loopback, coding: str) -> None:
    bomb = encoded(bytes(16 * MIB), coding)
    server.by = lambda _: bomb
    with pytest.raises(ResponseTooLargeError, match=r"GET /bomb: .* more than 200 times what was sent"):
        driver.request(driver.client(server.url), "GET", "/bomb")
    assert len(server.seen) == 1


def test_a_bomb_within_a_bomb_is_cut_early(driver: Driver, server: Loopback) -> None:
    bomb = encoded(bytes(64 * MIB), "gzip", "gzip")
    assert len(bomb.body) < 10_000
    server.by = lambda _: bomb
    with pytest.raises(ResponseTooLargeError):
        driver.request(driver.client(server.url, max_bytes=1 << 40), "GET", "/")


@each_coding
def test_a_bomb_never_stands_in_memory(coding: str) -> None:
    sent = CODINGS[coding](bytes(64 * MIB))
    request = httpx2.Request("GET", "http://api.test/")
    response = httpx2.Response(200, headers={"Content-Encoding": coding}, stream=httpx2.ByteStream(sent))
    body = Body(request, response, max_bytes=1 << 40, max_ratio=200)
    tracemalloc.start()
    try:
        with pytest.raises(ResponseTooLargeError):
            deque(map(body.add, response.iter_raw()), maxlen=0)
        assert tracemalloc.get_traced_memory()[1] < 16 * MIB
    finally:
        tracemalloc.stop()


def test_what_shrinks_well_is_no_bomb(driver: Driver, server: Loopback) -> None:
    rows = json.dumps([{"id": each, "opens": 0, "clicks": 0, "status": "sent"} for each in range(60_000)])
    for wanted in (rows.encode(), bytes(MIB)):  # and below a megabyte anything may
        server.by = lambda _, wanted=wanted: encoded(wanted, "gzip")  # type: ignore[misc]
        assert driver.request(driver.client(server.url), "GET", "/").content == wanted


def test_the_ratio_is_a_setting(driver: Driver, server: Loopback) -> None:
    server.by = lambda _: encoded(bytes(4 * MIB), "gzip")
    assert len(driver.request(driver.client(server.url, max_ratio=2000), "GET", "/").content) == 4 * MIB
    with pytest.raises(ResponseTooLargeError, match="more than 5 times"):
        driver.request(driver.client(server.url, max_ratio=5), "GET", "/")


def test_a_body_that_did_not_travel_has_no_ratio(driver: Driver) -> None:
    mock = httpx2.MockTransport(lambda _: httpx2.Response(200, content=bytes(3 * MIB)))
    assert (
        len(driver.request(driver.client("http://api.test", transport=mock), "GET", "/").content) == 3 * MIB
    )


def test_a_body_that_goes_on_past_the_deadline_is_cut_by_whatever_transport_it_comes() -> None:
    request = httpx2.Request("GET", "http://api.test/")
    over = time.monotonic() - 1
    body = Body(request, httpx2.Response(200), max_bytes=100, max_ratio=200, deadline=over)
    with pytest.raises(httpx2.ReadTimeout):
        body.add(b"x")


# -- what cannot be read


@each_coding
def test_a_damaged_body_is_tried_again(driver: Driver, server: Loopback, coding: str) -> None:
    damaged = Answer(body=b"\xff" * 90, headers={"Content-Encoding": coding})
    server.script(damaged, encoded(TEXT, coding))
    assert driver.request(driver.client(server.url), "GET", "/").content == TEXT
    assert len(server.seen) == 2


@pytest.mark.parametrize("coding", ["compress", "exi", "nonsense", "gzip, nonsense"])
def test_a_coding_that_nobody_asked_for_is_named(driver: Driver, server: Loopback, coding: str) -> None:
    server.by = lambda _: Answer(body=b"?", headers={"Content-Encoding": coding})
    with pytest.raises(ContractError, match=r"GET /x: the body's encoding .* cannot be read"):
        driver.request(driver.client(server.url), "GET", "/x")


def test_a_coding_whose_library_is_missing_gives_the_install_line(
    driver: Driver, server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidegate.http_tools.codings.extra_codings", lambda: ())
    server.by = lambda _: encoded(TEXT, "br")
    with pytest.raises(ContractError) as caught:
        driver.request(driver.client(server.url), "GET", "/")
    assert caught.value.hint == "pip install 'tidegate[compression]'"


def test_the_codings_of_this_environment_are_known() -> None:
    assert extra_codings() == ("br", "zstd")


@pytest.mark.parametrize(
    ("charset", "body", "text"),
    [
        ("utf-8", "\u00fc".encode(), "\u00fc"),
        ("latin-1", b"\xfc", "\u00fc"),
        ("windows-1252", b"\x80", "\u20ac"),
        ("shift_jis", "\u3042".encode("shift_jis"), "\u3042"),
        ("utf-16", "\u00fc".encode("utf-16"), "\u00fc"),
        ("utf-16", "\u00fc".encode("utf-16-le"), "\u00fc"),
        ("utf-8", b"a\xff", "a\ufffd"),
        ("no-such-thing", "\u00fc".encode(), "\u00fc"),
        ("hex", b"xyz", "xyz"),
        ("undefined", b"xyz", "xyz"),
        ("idna", b"\xff.x", "\ufffd.x"),
        ("unicode_escape", rb"\Q", r"\Q"),
        ("", b"x", "x"),
        ('"utf-8', b"x", "x"),
    ],
)
def test_a_bad_charset_never_breaks_the_text(
    driver: Driver, server: Loopback, charset: str, body: bytes, text: str
) -> None:
    server.by = lambda _: Answer(body=body, headers={"Content-Type": f"text/csv; charset={charset}"})
    assert driver.request(driver.client(server.url), "GET", "/").text == text


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20), st.binary(max_size=40))
def test_no_charset_and_no_body_raise_a_bare_error(charset: str, content: bytes) -> None:
    headers = {"Content-Type": f"text/plain; charset={charset}"}
    response = httpx2.Response(200, headers=headers, stream=httpx2.ByteStream(content))
    body = Body(httpx2.Request("GET", "http://api.test/"), response, max_bytes=100, max_ratio=1)
    for chunk in response.iter_raw():
        body.add(chunk)
    assert isinstance(body.whole().text, str)


@pytest.mark.parametrize("charset", ["hex", "utf-16", "undefined", "utf-7"])
def test_an_error_with_a_bad_charset_is_still_an_error_of_ours(
    driver: Driver, server: Loopback, charset: str
) -> None:
    headers = {"Content-Type": f"text/plain; charset={charset}"}
    server.by = lambda _: Answer(400, body=b"\xff\xfe\xfd", headers=headers)
    with pytest.raises(ClientError, match="400"):
        driver.request(driver.client(server.url), "GET", "/")
