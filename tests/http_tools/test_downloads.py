"""A download is there whole or not at all, goes on where it broke off, and takes no credential elsewhere."""

from __future__ import annotations

import asyncio
import errno
import gzip
import os
import re
import stat
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.http_tools.driving import Driver, at_once
from tests.http_tools.loopback import Answer, Loopback, Seen
from tidegate.http_tools.auth import APIKeyAuthManager
from tidegate.http_tools.clients import AsyncHttpClient, SyncHttpClient
from tidegate.http_tools.events import Answered, Event
from tidegate.http_tools.exceptions import (
    ClientClosedError,
    CrossOriginError,
    DownloadError,
    HttpClientError,
    NetworkError,
    NotFoundError,
    RequestTimeoutError,
    ResponseTooLargeError,
)
from tidegate.utils.errors import ExitCode

BODY = b"".join(b"%08d\n" % number for number in range(30_000))
OTHER = BODY[::-1]
SECRET = "a-key-for-one-origin-only"


class Files:
    """Serves `body`, with Range where `ranges` and a validator. `cuts` are where its answers break off."""

    def __init__(self, body: bytes = BODY, *, etag: str | None = '"v1"', ranges: bool = True) -> None:
        self.body, self.etag, self.ranges = body, etag, ranges
        self.cuts: list[int] = []
        self.headers: dict[str, str] = {}

    def __call__(self, seen: Seen) -> Answer:
        cut = self.cuts.pop(0) if self.cuts else None
        headers = dict(self.headers) | ({"ETag": self.etag} if self.etag else {})
        asked = re.fullmatch(r"bytes=(\d+)-", seen.headers.get("range", ""))
        if (
            self.ranges
            and asked
            and seen.headers.get("if-range") in (self.etag, headers.get("Last-Modified"))
        ):
            begin = int(asked[1])
            if begin >= len(self.body):
                return Answer(416, headers={"Content-Range": f"bytes */{len(self.body)}"})
            headers["Content-Range"] = f"bytes {begin}-{len(self.body) - 1}/{len(self.body)}"
            return Answer(206, body=self.body[begin:], headers=headers, cut_after=cut)
        return Answer(body=self.body, headers=headers, cut_after=cut)


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# -- whole


def test_a_body_comes_to_a_file(driver: Driver, server: Loopback, tmp_path: Path) -> None:
    server.by = Files()
    server.by.headers = {"Content-Type": "text/csv"}
    client = driver.client(server.url, auth_manager=APIKeyAuthManager(SECRET))
    got = driver.download(client, "/file", tmp_path / "rows.csv", params={"year": 2026})
    assert (tmp_path / "rows.csv").read_bytes() == BODY
    assert (got.path, got.size, got.resumed) == (tmp_path / "rows.csv", len(BODY), 0)
    assert (got.content_type, got.encoding, got.etag) == ("text/csv", None, '"v1"')
    assert left(tmp_path) == ["rows.csv"]
    (seen,) = server.seen
    assert (seen.target, seen.headers["accept-encoding"]) == ("/file?year=2026", "identity")
    assert seen.headers["api-key"] == SECRET
    assert "range" not in seen.headers


def test_a_file_takes_its_name_when_it_is_on_the_disk(
    driver: Driver, server: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named: list[bool] = []
    sync = os.fsync

    def noting(fd: int) -> None:
        named.append((tmp_path / "x").exists())
        sync(fd)

    monkeypatch.setattr("tidegate.http_tools.part_files.os.fsync", noting)
    server.by = Files()
    driver.download(driver.client(server.url), "/file", tmp_path / "x")
    assert named == [False, True]  # the file, and then the folder


def test_a_file_that_was_there_is_replaced_only_by_a_whole_one(
    driver: Driver, server: Loopback, tmp_path: Path
) -> None:
    target = tmp_path / "rows.csv"
    target.write_bytes(b"of yesterday")
    server.by = lambda _: Answer(404)
    with pytest.raises(NotFoundError):
        driver.download(driver.client(server.url), "/file", target)
    assert target.read_bytes() == b"of yesterday"
    assert left(tmp_path) == ["rows.csv"]
    server.by = Files()
    driver.download(driver.client(server.url), "/file", target)
    assert target.read_bytes() == BODY


def test_a_file_and_its_part_are_private(driver: Driver, server: Loopback, tmp_path: Path) -> None:
    server.by = Files()
    seen: set[int] = set()
    driver.download(
        driver.client(server.url),
        "/file",
        tmp_path / "rows.csv",
        progress=lambda *_: seen.update(stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()),
    )
    assert seen | {stat.S_IMODE((tmp_path / "rows.csv").stat().st_mode)} == {0o600}


def test_a_gzip_file_stays_one(driver: Driver, server: Loopback, tmp_path: Path) -> None:
    packed = gzip.compress(BODY, mtime=0)
    server.script(
        Answer(body=packed, headers={"Content-Type": "application/gzip"}),
        Answer(body=packed, headers={"Content-Encoding": "gzip"}),
    )
    client = driver.client(server.url)
    assert driver.download(client, "/rows.csv.gz", tmp_path / "a.gz").encoding is None
    assert driver.download(client, "/rows.csv", tmp_path / "b.gz").encoding == "gzip"
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes() == packed


@pytest.mark.parametrize("packed", [gzip.compress(BODY)[:-9], gzip.compress(BODY)[:-9] + b"x" * 9])
def test_a_file_that_the_server_compressed_and_cut_short_is_none(
    driver: Driver, server: Loopback, tmp_path: Path, packed: bytes
) -> None:
    server.by = Files(packed)
    server.by.headers = {"Content-Encoding": "gzip"}
    with pytest.raises(DownloadError, match="GET /file: ") as caught:
        driver.download(driver.client(server.url), "/file", tmp_path / "x")
    assert caught.value.exit_code is ExitCode.TRY_AGAIN
    assert left(tmp_path) == []  # and the next call begins anew


def test_a_file_in_a_coding_that_nobody_here_can_read_is_kept_as_it_came(
    driver: Driver, server: Loopback, tmp_path: Path
) -> None:
    server.by = Files()
    server.by.headers = {"Content-Encoding": "exi"}
    assert driver.download(driver.client(server.url), "/file", tmp_path / "x").encoding == "exi"
    assert (tmp_path / "x").read_bytes() == BODY


def test_a_bomb_is_no_file(driver: Driver, server: Loopback, tmp_path: Path) -> None:
    server.by = Files(gzip.compress(gzip.compress(bytes(64 << 20))))
    server.by.headers = {"Content-Encoding": "gzip, gzip"}
    with pytest.raises(ResponseTooLargeError, match="expands to more than 200 times"):
        driver.download(driver.client(server.url), "/file", tmp_path / "x")
    assert left(tmp_path) == []


def test_a_mock_whose_body_is_decoded_already_gives_a_plain_file(driver: Driver, tmp_path: Path) -> None:
    headers = {"Content-Encoding": "gzip"}
    mock = httpx2.MockTransport(lambda _: httpx2.Response(200, headers=headers, content=gzip.compress(BODY)))
    client = driver.client("http://api.test", transport=mock)
    assert driver.download(client, "/file", tmp_path / "x").encoding is None
    assert (tmp_path / "x").read_bytes() == BODY
    assert driver.request(client, "GET", "/file").content == BODY


def test_a_file_that_is_not_there_yet_is_told(driver: Driver, server: Loopback, tmp_path: Path) -> None:
    server.by = lambda _: Answer(202, body=b'{"status": "pending"}')
    with pytest.raises(DownloadError, match="GET /file: 202, the file is not there yet") as caught:
        driver.download(driver.client(server.url), "/file", tmp_path / "x")
    assert caught.value.exit_code is ExitCode.TRY_AGAIN
    assert left(tmp_path) == []


def test_an_empty_body_is_an_empty_file(driver: Driver, server: Loopback, tmp_path: Path) -> None:
    server.by = Files(b"")
    assert driver.download(driver.client(server.url), "/file", tmp_path / "none").size == 0
    assert left(tmp_path) == ["none"]


def test_progress_is_told(driver: Driver, server: Loopback, tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    server.by = Files()
    driver.download(
        driver.client(server.url), "/file", tmp_path / "x", progress=lambda *now: told.append(now)
    )
    assert told == sorted(told)
    assert told[-1] == (len(BODY), len(BODY))


def test_a_listener_hears_how_much_came(driver: Driver, server: Loopback, tmp_path: Path) -> None:
    heard: list[Event] = []
    server.by = Files()
    driver.download(driver.client(server.url, listeners=[heard.append]), "/file", tmp_path / "x")
    assert [event.size for event in heard if isinstance(event, Answered)] == [len(BODY)]


# -- broken off


def test_a_download_that_breaks_goes_on_where_it_stood(
    driver: Driver, server: Loopback, tmp_path: Path
) -> None:
    files = Files()
    files.cuts = [100_000, 50_000]
    server.by = files
    got = driver.download(driver.client(server.url), "/file", tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == BODY
    first, second, third = server.seen
    assert "range" not in first.headers
    starts = [int(seen.headers["range"][6:-1]) for seen in (second, third)]
    assert 0 < starts[0] < starts[1] == got.resumed
    assert {seen.headers["if-range"] for seen in (second, third)} == {'"v1"'}


@pytest.mark.parametrize("later", [None, "gzip", "br"], ids=["unsaid", "same", "other"])
def test_the_rest_of_a_compressed_file_is_one_with_its_beginning(
    driver: Driver, server: Loopback, tmp_path: Path, later: str | None
) -> None:
    packed = gzip.compress(OTHER)  # a 206 may leave out what the 200 said of it
    files = Files(packed)

    def by(seen: Seen) -> Answer:
        answer = files(seen)
        coding = later if answer.status == 206 else "gzip"
        return replace(answer, headers={**answer.headers, **({"Content-Encoding": coding} if coding else {})})

    files.cuts, server.by = [len(packed) // 2], by
    got = driver.download(driver.client(server.url), "/file", tmp_path / "x")
    assert (got.encoding, (tmp_path / "x").read_bytes()) == ("gzip", packed)
    assert (got.resumed > 0) is (later != "br")


@pytest.mark.parametrize(
    "files",
    [
        Files(ranges=False),
        Files(etag=None),
        Files(etag='W/"weak"'),
    ],
    ids=["no-ranges", "no-validator", "weak"],
)
def test_where_no_version_can_be_told_it_begins_anew(
    driver: Driver, server: Loopback, tmp_path: Path, files: Files
) -> None:
    files.cuts = [100_000]
    server.by = files
    assert driver.download(driver.client(server.url), "/file", tmp_path / "x").resumed == 0
    assert (tmp_path / "x").read_bytes() == BODY
    assert len(server.seen) == 2


def test_an_old_date_tells_versions_apart_and_a_fresh_one_does_not(
    driver: Driver, server: Loopback, tmp_path: Path
) -> None:
    files = Files(etag=None)
    just_now = formatdate(time.time() - 20, usegmt=True)
    for number, (modified, resumes) in enumerate(
        [("Mon, 01 Jan 2024 00:00:00 GMT", True), (just_now, False), (None, False), ("nonsense", False)]
    ):
        files.headers = {"Last-Modified": modified} if modified else {}
        files.cuts = [100_000]
        server.by = files
        got = driver.download(driver.client(server.url), "/file", tmp_path / f"{number}")
        assert bool(got.resumed) is resumes
        assert got.path.read_bytes() == BODY


def test_a_file_that_changed_between_attempts_is_not_mixed(
    driver: Driver, server: Loopback, tmp_path: Path
) -> None:
    files = Files()
    files.cuts = [100_000]

    def change(seen: Seen) -> Answer:
        answer = files(seen)
        files.body, files.etag = OTHER, '"v2"'
        return answer

    server.by = change
    assert driver.download(driver.client(server.url), "/file", tmp_path / "x").resumed == 0
    assert (tmp_path / "x").read_bytes() == OTHER


def test_a_server_that_ignores_the_version_asked_for_mixes_nothing(
    driver: Driver, server: Loopback, tmp_path: Path
) -> None:
    def answer(seen: Seen) -> Answer:
        if len(server.seen) == 1:
            return Answer(body=BODY, headers={"ETag": '"v1"'}, cut_after=100_000)
        headers = {"ETag": '"v2"'}
        begin = int(seen.headers.get("range", "bytes=0-")[6:-1])
        if begin:
            headers["Content-Range"] = f"bytes {begin}-{len(OTHER) - 1}/{len(OTHER)}"
        return Answer(206 if begin else 200, body=OTHER[begin:], headers=headers)

    server.by = answer
    driver.download(driver.client(server.url), "/file", tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == OTHER


def test_a_server_that_keeps_the_rest_to_itself_is_told(
    driver: Driver, server: Loopback, tmp_path: Path
) -> None:
    files = Files()

    def by(seen: Seen) -> Answer:
        answer = files(seen)
        return replace(answer, body=b"") if answer.status == 206 else answer

    files.cuts, server.by = [100_000], by
    with pytest.raises(DownloadError, match="does not send the rest"):
        driver.download(driver.client(server.url), "/file", tmp_path / "x")


def test_more_than_was_announced_is_not_taken(driver: Driver, server: Loopback, tmp_path: Path) -> None:
    files = Files()

    def by(seen: Seen) -> Answer:
        answer = files(seen)
        return replace(answer, body=answer.body + b"and more") if answer.status == 206 else answer

    files.cuts, server.by = [100_000], by
    assert driver.download(driver.client(server.url), "/file", tmp_path / "x").resumed == 0
    assert (tmp_path / "x").read_bytes() == BODY


@pytest.mark.parametrize(
    "wrong",
    [
        f"bytes 0-{len(BODY) - 1}/{len(BODY)}",
        "bytes {before}-{end}/" + str(len(BODY)),
        "nonsense",
        "",
    ],
)
def test_another_part_than_was_asked_for_is_not_taken(
    driver: Driver, server: Loopback, tmp_path: Path, wrong: str
) -> None:
    def answer(seen: Seen) -> Answer:
        headers = {"ETag": '"v1"'}
        if len(server.seen) == 1:
            return Answer(body=BODY, headers=headers, cut_after=100_000)
        if "range" in seen.headers:
            begin = int(seen.headers["range"][6:-1])
            told = wrong.format(before=begin - 9, end=len(BODY) - 10)
            return Answer(206, body=BODY[begin - 9 : -9], headers={**headers, "Content-Range": told})
        return Answer(body=BODY, headers=headers)

    server.by = answer
    driver.download(driver.client(server.url), "/file", tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == BODY


def test_a_server_that_sends_so_much_at_a_time_is_asked_until_all_is_here(
    driver: Driver, server: Loopback, tmp_path: Path
) -> None:
    def answer(seen: Seen) -> Answer:
        begin = int(seen.headers.get("range", "bytes=0-")[6:-1])
        end = min(begin + 100_000, len(BODY))
        headers = {"ETag": '"v1"', "Content-Range": f"bytes {begin}-{end - 1}/{len(BODY)}"}
        return Answer(206, body=BODY[begin:end], headers=headers)

    server.by = answer
    driver.download(driver.client(server.url), "/file", tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == BODY
    assert len(server.seen) == 3


def test_a_later_call_goes_on_where_an_earlier_one_broke_off(
    driver: Driver, server: Loopback, tmp_path: Path
) -> None:
    files = Files()
    files.cuts = [100_000]
    server.by = files
    client = driver.client(server.url, retry_strategy=at_once(1))
    with pytest.raises(NetworkError):
        driver.download(client, "/file", tmp_path / "x", params={"signature": SECRET})
    assert left(tmp_path) == [".x.part", ".x.part.json"]
    assert SECRET not in (tmp_path / ".x.part.json").read_text()
    got = driver.download(driver.client(server.url), "/file", tmp_path / "x", params={"signature": "b"})
    assert got.resumed > 0
    assert (tmp_path / "x").read_bytes() == BODY
    assert left(tmp_path) == ["x"]


def test_a_part_of_another_address_is_not_gone_on_from(
    driver: Driver, server: Loopback, tmp_path: Path
) -> None:
    files = Files()
    files.cuts = [100_000]
    server.by = files
    with pytest.raises(NetworkError):
        driver.download(driver.client(server.url, retry_strategy=at_once(1)), "/a", tmp_path / "x")
    files.body = OTHER
    assert driver.download(driver.client(server.url), "/b", tmp_path / "x").resumed == 0
    assert (tmp_path / "x").read_bytes() == OTHER


@pytest.mark.parametrize(
    "note", [b"", b"{", b"[]", b"null", b'{"url": "1", "validator": "a", "encoding": "a\\nb"}', None]
)
def test_a_part_without_a_sound_note_is_begun_anew(
    driver: Driver, server: Loopback, tmp_path: Path, note: bytes | None
) -> None:
    (tmp_path / ".x.part").write_bytes(b"of who knows what")
    if note is not None:
        (tmp_path / ".x.part.json").write_bytes(note)
    server.by = Files()
    assert driver.download(driver.client(server.url), "/file", tmp_path / "x").resumed == 0
    assert (tmp_path / "x").read_bytes() == BODY


def test_a_part_that_is_longer_than_the_file_is_begun_anew(
    driver: Driver, server: Loopback, tmp_path: Path
) -> None:
    files = Files()
    files.cuts = [200_000]
    server.by = files
    with pytest.raises(NetworkError):
        driver.download(driver.client(server.url, retry_strategy=at_once(1)), "/file", tmp_path / "x")
    with (tmp_path / ".x.part").open("ab") as file:
        file.write(BODY)
    driver.download(driver.client(server.url), "/file", tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == BODY


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.integers(0, 300_000), max_size=4),
    st.sampled_from(['"v1"', None, 'W/"w"']),
    st.booleans(),
)
def test_wherever_it_breaks_the_file_is_the_file(
    server: Loopback, tmp_path: Path, cuts: list[int], etag: str | None, ranges: bool
) -> None:
    files = Files(etag=etag, ranges=ranges)
    files.cuts = list(cuts)
    server.by = files
    with SyncHttpClient(server.url, retry_strategy=at_once(6)) as client:
        client.download("/file", tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == BODY
    assert left(tmp_path) == ["x"]


# -- refused


def test_a_file_over_the_cap_is_refused_and_nothing_stays(
    driver: Driver, server: Loopback, tmp_path: Path
) -> None:
    told: list[int] = []
    server.by = lambda _: Answer(body=BODY[:1001], drip_s=0.0001)
    client = driver.client(server.url)
    with pytest.raises(ResponseTooLargeError, match="GET /file: the file is over 1000 bytes"):
        driver.download(
            client, "/file", tmp_path / "x", max_bytes=1000, progress=lambda done, _: told.append(done)
        )
    assert (left(tmp_path), told) == ([], [])  # its length says it before a byte of it is here
    assert driver.download(client, "/file", tmp_path / "x", max_bytes=1001).size == 1001


def test_a_file_whose_length_is_not_said_is_cut_at_the_cap(tmp_path: Path) -> None:
    sent: list[int] = []

    def pieces() -> Iterator[bytes]:
        for number in range(1000):
            sent.append(number)
            yield bytes(100)

    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, content=pieces()))
    with (
        SyncHttpClient("http://api.test", transport=transport) as client,
        pytest.raises(ResponseTooLargeError),
    ):
        client.download("/file", tmp_path / "x", max_bytes=1000)
    assert len(sent) < 20
    assert left(tmp_path) == []


def test_a_target_that_cannot_be_written_is_told(driver: Driver, server: Loopback, tmp_path: Path) -> None:
    server.by = Files()
    (tmp_path / "folder").mkdir()
    for target in (tmp_path / "missing" / "x", tmp_path / "folder"):
        with pytest.raises(DownloadError, match="cannot write") as caught:
            driver.download(driver.client(server.url), "/file", target)
        assert caught.value.exit_code is ExitCode.FAILED
    assert not server.seen


def test_a_full_disk_is_told_and_worth_trying_again(
    driver: Driver, server: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int, __: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    server.by = Files()
    with monkeypatch.context() as patch:
        patch.setattr("tidegate.http_tools.part_files.os.write", full)
        with pytest.raises(DownloadError, match="the disk is full") as caught:
            driver.download(driver.client(server.url), "/file", tmp_path / "x")
    assert caught.value.exit_code is ExitCode.TRY_AGAIN
    assert len(server.seen) == 1
    assert not (tmp_path / "x").exists()


def test_two_downloads_to_one_target_do_not_mix(server: Loopback, tmp_path: Path) -> None:
    server.by = lambda _: Answer(body=BODY, delay_s=0.3)
    client = SyncHttpClient(server.url)
    first = threading.Thread(target=client.download, args=("/file", tmp_path / "x"))
    first.start()
    while not server.seen:
        time.sleep(0.005)
    with pytest.raises(DownloadError, match="is being downloaded already"):
        client.download("/file", tmp_path / "x")
    first.join()
    client.close()
    assert (tmp_path / "x").read_bytes() == BODY


def test_a_status_that_is_an_error_writes_nothing(driver: Driver, server: Loopback, tmp_path: Path) -> None:
    server.by = lambda _: Answer(403, body=b"no such export")
    with pytest.raises(HttpClientError, match=r"403 .*no such export"):
        driver.download(driver.client(server.url), "/file", tmp_path / "x")
    assert left(tmp_path) == []


def test_busy_answers_are_waited_for(driver: Driver, server: Loopback, tmp_path: Path) -> None:
    server.script(Answer(503), Answer(429, headers={"Retry-After": "0"}))
    server.by = Files()
    driver.download(driver.client(server.url), "/file", tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == BODY


# -- elsewhere


def test_a_bucket_is_asked_without_a_credential_and_gone_on_from(
    driver: Driver, server: Loopback, elsewhere: Loopback, tmp_path: Path
) -> None:
    server.by = lambda _: Answer(302, headers={"Location": elsewhere.url + "/bucket/x?signature=abc"})
    files = Files()
    files.cuts = [100_000]
    elsewhere.by = files
    client = driver.client(
        server.url, auth_manager=APIKeyAuthManager(SECRET), allowed_origins=[elsewhere.url]
    )
    got = driver.download(client, "/export/1", tmp_path / "x", headers={"X-Own": SECRET})
    assert got.resumed > 0
    assert (tmp_path / "x").read_bytes() == BODY
    assert SECRET not in repr(elsewhere.seen)
    assert "range" not in server.seen[0].headers


def test_a_bucket_that_is_not_allowed_is_not_asked(
    driver: Driver, server: Loopback, elsewhere: Loopback, tmp_path: Path
) -> None:
    client = driver.client(server.url, auth_manager=APIKeyAuthManager(SECRET))
    with pytest.raises(CrossOriginError):
        driver.download(client, elsewhere.url + "/x", tmp_path / "x")
    assert not elsewhere.seen
    assert left(tmp_path) == []


# -- cut


def test_there_is_no_limit_of_time_for_the_whole_but_one_may_be_set(
    driver: Driver, server: Loopback, tmp_path: Path
) -> None:
    server.by = lambda _: Answer(body=BODY[:40], drip_s=0.02)
    client = driver.client(server.url, total_timeout_s=0.2, retry_strategy=at_once(1))
    assert driver.download(client, "/file", tmp_path / "x").size == 40
    with pytest.raises(RequestTimeoutError):
        driver.download(client, "/file", tmp_path / "x", total_timeout_s=0.2)


def test_closing_cuts_a_download_and_keeps_its_part(driver: Driver, server: Loopback, tmp_path: Path) -> None:
    server.by = lambda _: Answer(body=BODY[:2000], drip_s=0.005, headers={"ETag": '"v1"'})
    client = driver.client(server.url)

    def close() -> None:
        part = tmp_path / ".x.part"
        while not part.exists() or part.stat().st_size < 20:
            time.sleep(0.005)
        client.close()

    closer = threading.Thread(target=close)
    closer.start()
    with pytest.raises(ClientClosedError):
        driver.download(client, "/file", tmp_path / "x")
    closer.join()
    assert left(tmp_path) == [".x.part", ".x.part.json"]
    server.by = Files(BODY[:2000])
    assert driver.download(driver.client(server.url), "/file", tmp_path / "x").resumed >= 20
    assert (tmp_path / "x").read_bytes() == BODY[:2000]


def test_a_cancelled_download_leaves_no_open_file(server: Loopback, tmp_path: Path) -> None:
    server.by = lambda _: Answer(body=BODY[:2000], drip_s=0.005)

    async def main() -> None:
        async with AsyncHttpClient(server.url) as client:
            task = asyncio.ensure_future(client.download("/file", tmp_path / "x"))
            while not server.seen:
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())
    opened = [str(each.readlink()) for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
    assert not [path for path in opened if str(tmp_path) in path]
    assert left(tmp_path) == []


def test_an_error_of_the_progress_callback_comes_out(
    driver: Driver, server: Loopback, tmp_path: Path
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("enough")

    server.by = Files()
    with pytest.raises(RuntimeError, match="enough"):
        driver.download(driver.client(server.url), "/file", tmp_path / "x", progress=fail)
    assert not (tmp_path / "x").exists()
    assert len(server.seen) == 1
