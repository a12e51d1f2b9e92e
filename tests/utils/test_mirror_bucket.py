from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.servers.cloud_storage import BUCKET, CloudStorageServer
from tidegate.utils.errors import ExitCode, SettingsError
from tidegate.utils.gcp_errors import (
    GoogleNotFoundError,
    GooglePermissionError,
    GooglePreconditionError,
    GoogleUnavailableError,
)
from tidegate.utils.mirrors.bucket import ABSENT, Bucket

URL = f"gs://{BUCKET}/some/home"
LARGE = bytes(range(256)) * 40_000  # ten megabytes: more than goes up in one request


@pytest.fixture
def bucket(storage: CloudStorageServer) -> Bucket:
    return Bucket(URL)


def test_an_object_is_made_only_where_it_is_not_there(bucket: Bucket, storage: CloudStorageServer) -> None:
    made = bucket.swap("a/1", b"one", 3, ABSENT)
    assert storage.asked[-1].query["ifGenerationMatch"] == "0"
    assert bucket.read("a/1") == (b"one", made.__class__("a/1", made.generation, made.crc32c, 3))
    with pytest.raises(GooglePreconditionError, match="somebody else has written it"):
        bucket.swap("a/1", b"two", 3, ABSENT)
    assert storage.objects["some/home/a/1"].content == b"one"


def test_an_object_is_replaced_only_over_the_generation_that_was_read(
    bucket: Bucket, storage: CloudStorageServer
) -> None:
    first = bucket.swap("lease", b"one", 3, ABSENT)
    second = bucket.swap("lease", b"two", 3, first.generation)
    assert storage.asked[-1].query["ifGenerationMatch"] == str(first.generation)
    with pytest.raises(GooglePreconditionError) as caught:
        bucket.swap("lease", b"own", 3, first.generation)
    assert caught.value.exit_code == ExitCode.LOST
    assert f"gs://{BUCKET}/some/home/lease" in str(caught.value)
    stands = bucket.look("lease")
    assert stands is not None
    assert stands.generation == second.generation


def test_the_same_content_that_stands_already_is_no_conflict(bucket: Bucket) -> None:
    made = bucket.swap("a/1", b"one", 3, ABSENT)
    assert bucket.swap("a/1", io.BytesIO(b"one"), 3, ABSENT).generation == made.generation


@pytest.mark.parametrize("body", [b"small", LARGE], ids=["in one request", "in a resumable session"])
def test_an_upload_whose_answer_is_lost_is_taken_for_what_it_is(
    bucket: Bucket, storage: CloudStorageServer, body: bytes
) -> None:
    what = "insert" if len(body) < 1_000_000 else "chunk"
    storage.fail(what, "part$", after=True)
    made = bucket.swap("part", io.BytesIO(body), len(body), ABSENT)
    assert storage.objects["some/home/part"].content == body
    assert made.generation == storage.objects["some/home/part"].generation


def test_an_upload_that_is_cut_in_the_middle_goes_on(bucket: Bucket, storage: CloudStorageServer) -> None:
    storage.fail("chunk", "part$", 2)
    bucket.swap("part", io.BytesIO(LARGE), len(LARGE), ABSENT)
    assert storage.objects["some/home/part"].content == LARGE
    assert storage.counts()["insert"] == 1
    begun = next(each for each in storage.asked if each.what == "insert")
    assert begun.query["ifGenerationMatch"] == "0"


@pytest.mark.parametrize("cut", [0, 1], ids=["at once", "after a cut"])
def test_a_download_that_is_not_what_is_kept_is_worth_trying_again(
    bucket: Bucket, storage: CloudStorageServer, cut: int
) -> None:
    bucket.swap("part", io.BytesIO(LARGE), len(LARGE), ABSENT)
    storage.cut, storage.damage = cut, 1
    with pytest.raises(GoogleUnavailableError, match="damaged on its way") as caught:
        bucket.read("part")
    assert f"gs://{BUCKET}/some/home/part" in str(caught.value)
    assert bucket.read("part") is not None


def test_a_download_that_is_cut_goes_on_where_it_was(bucket: Bucket, storage: CloudStorageServer) -> None:
    stored = bucket.swap("part", io.BytesIO(LARGE), len(LARGE), ABSENT)
    storage.cut = 2
    found = bucket.read("part")
    assert found is not None
    assert found[0] == LARGE
    assert found[1].generation == stored.generation
    assert storage.counts()["download"] == 3


def test_a_download_is_checked_and_what_is_missing_is_none(bucket: Bucket, tmp_path: Path) -> None:
    bucket.swap("part", io.BytesIO(LARGE), len(LARGE), ABSENT)
    with (tmp_path / "part").open("wb") as file:
        assert bucket.copy("part", file) is not None
    assert (tmp_path / "part").read_bytes() == LARGE
    assert bucket.read("nothing") is None
    assert bucket.look("nothing") is None


def test_an_object_is_deleted_only_as_the_generation_that_is_meant(
    bucket: Bucket, storage: CloudStorageServer
) -> None:
    first = bucket.swap("lease", b"one", 3, ABSENT)
    bucket.swap("lease", b"two", 3, first.generation)
    with pytest.raises(GooglePreconditionError):
        bucket.delete("lease", first.generation)
    assert storage.asked[-1].query["ifGenerationMatch"] == str(first.generation)
    assert bucket.delete("lease")
    assert not bucket.delete("lease")


def test_names_are_listed_in_order_a_thousand_at_a_time(bucket: Bucket, storage: CloudStorageServer) -> None:
    for number in range(1_001):
        storage.write(f"some/home/runs/{number:04}", b"")
    storage.write("some/home/runs-of-others", b"")
    assert [each.name for each in bucket.names("runs/")] == [f"runs/{number:04}" for number in range(1_001)]
    assert storage.counts()["list"] == 2
    assert len(list(bucket.names("runs/", 3))) == 3
    assert storage.asked[-1].query["maxResults"] == "3"


def test_a_bucket_that_is_not_there_is_named(storage: CloudStorageServer) -> None:
    with pytest.raises(GoogleNotFoundError, match="gs://no-such-lake/home/x") as caught:
        Bucket("gs://no-such-lake/home").swap("x", b"", 0, ABSENT)
    assert caught.value.hint


def test_a_bucket_that_may_not_be_used_is_named_with_the_permission(
    bucket: Bucket, storage: CloudStorageServer
) -> None:
    storage.fail(
        "insert",
        "",
        status=403,
        message="me@x.iam does not have storage.objects.create access to the object.",
    )
    with pytest.raises(GooglePermissionError, match=r"storage\.objects\.create") as caught:
        bucket.swap("x", b"", 0, ABSENT)
    assert caught.value.exit_code == ExitCode.FAILED


def test_a_bucket_out_of_order_is_worth_trying_again(storage: CloudStorageServer) -> None:
    storage.fail("insert", "", 1000)
    with pytest.raises(GoogleUnavailableError) as caught:
        Bucket(URL, patience_s=0.1).swap("x", b"", 0, ABSENT)
    assert caught.value.exit_code == ExitCode.TRY_AGAIN


def test_a_run_that_is_stopped_does_not_ask_again(storage: CloudStorageServer) -> None:
    storage.fail("insert", "", 1000)
    bucket = Bucket(URL, stopping=lambda: True)
    with pytest.raises(GoogleUnavailableError):
        bucket.swap("x", b"", 0, ABSENT)
    assert storage.counts()["insert"] == 1


@pytest.mark.parametrize(
    "url",
    [
        "gs://",
        "gs:///home",
        "gs://lake//x",
        "gs://lake/a//b",
        "gs://lake/../b",
        "gs://me@lake/a",
        "gs://Lake/a",
        "gs://lake/a\nb",
        "gs://lake\n/a",
    ],
)
def test_a_place_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="no place in Cloud Storage"):
        Bucket(url)


@pytest.mark.parametrize("url", ["gs://lake", "gs://lake/", "gs://lake/a/b/"])
def test_a_prefix_may_be_left_out_and_end_with_a_slash(url: str) -> None:
    assert Bucket(url).url == url.rstrip("/")
