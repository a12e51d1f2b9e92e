from __future__ import annotations

import time

import pytest

from tests.servers.cloud_storage import BUCKET, CloudStorageServer
from tidegate.utils.errors import ExitCode
from tidegate.utils.gcp_errors import GoogleUnavailableError
from tidegate.utils.mirrors.base import LeaseHeldError
from tidegate.utils.mirrors.bucket import Bucket
from tidegate.utils.mirrors.leases import BucketLease, Claim

LEASE = "home/leases/x.json"


def take(owner: str, place: str = "here", lease_s: float = 60.0, *, shared: bool = False) -> BucketLease:
    claim = Claim(owner, place, f"machine of {owner}", lease_s, shared)
    return BucketLease(Bucket(f"gs://{BUCKET}/home", patience_s=1.0), "leases/x.json", claim)


def die(lease: BucketLease) -> None:
    """As if its process was killed: it is neither written anew nor given back."""
    lease._released.set()
    lease._thread.join()


def test_one_at_a_time_and_the_other_is_told_who(storage: CloudStorageServer) -> None:
    held = take("run-1")
    with pytest.raises(LeaseHeldError, match="run-1") as caught:
        take("run-2", "elsewhere")
    assert caught.value.exit_code == ExitCode.LOST
    assert (caught.value.owner, caught.value.where) == ("run-1", "machine of run-1")
    assert "60 s" in (caught.value.hint or "")
    held.release()
    take("run-2", "elsewhere").release()


def test_given_back_it_is_deleted_as_the_generation_that_was_written(storage: CloudStorageServer) -> None:
    held = take("run-1")
    generation = storage.objects[LEASE].generation
    held.release()
    deleted = next(each for each in storage.asked if each.what == "delete")
    assert deleted.query["ifGenerationMatch"] == str(generation)
    assert LEASE not in storage.objects


def test_the_lease_of_a_dead_owner_runs_out_by_the_servers_clock(storage: CloudStorageServer) -> None:
    storage.ahead_s = -86_400.0  # our clock is a day fast: it must not matter
    die(take("run-1"))
    storage.ahead_s += 55.0
    with pytest.raises(LeaseHeldError):
        take("run-2", "elsewhere")
    storage.ahead_s += 10.0
    take("run-2", "elsewhere").release()


def test_the_lease_of_a_living_owner_is_written_anew(storage: CloudStorageServer) -> None:
    held = take("run-1", lease_s=0.3)
    first = storage.objects[LEASE]
    deadline = time.monotonic() + 20
    while storage.counts()["insert"] < 4:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert storage.objects[LEASE].updated > first.updated
    guards = [each.query["ifGenerationMatch"] for each in storage.asked if each.what == "insert"]
    assert guards[:2] == ["0", str(first.generation)]
    assert len(set(guards)) == len(guards)
    held.release()


def test_who_comes_back_to_the_place_of_the_dead_owner_has_it_at_once(storage: CloudStorageServer) -> None:
    die(take("run-1", "execution-7/0"))
    take("run-1", "execution-7/0").release()


def test_an_owner_whose_lease_was_taken_over_must_not_commit(storage: CloudStorageServer) -> None:
    ghost = take("run-1", lease_s=3600.0)
    die(ghost)
    ghost._written -= 7200.0
    storage.objects[LEASE].updated = storage.objects[LEASE].updated.replace(year=2020)
    take("run-2", "elsewhere")
    with pytest.raises(LeaseHeldError, match="run-2"):
        ghost.check()
    ghost.release()
    assert b"run-2" in storage.objects[LEASE].content


def test_an_owner_that_cannot_tell_whether_it_still_has_it_does_not_commit(
    storage: CloudStorageServer,
) -> None:
    held = take("run-1")
    storage.fail("insert", "leases/x.json$", 1_000)
    held._written -= 2.0
    with pytest.raises(GoogleUnavailableError):
        held.check()
    storage.faults.clear()
    held.check()
    held.release()


def test_a_shared_lease_is_shared_with_those_of_the_same_run_only(storage: CloudStorageServer) -> None:
    one = take("run-1", "a", shared=True)
    two = take("run-1", "b", shared=True)
    for stranger in ({"owner": "run-2", "shared": True}, {"owner": "run-1", "shared": False}):
        with pytest.raises(LeaseHeldError):
            take(str(stranger["owner"]), "c", shared=bool(stranger["shared"]))
    for each in (one, two, one):
        each._written -= 2.0
        each.check()
    one.release()
    two._written -= 2.0
    two.check()
    two.release()
    assert LEASE not in storage.objects


def test_a_lease_that_its_owner_does_not_share_is_shared_with_nobody(storage: CloudStorageServer) -> None:
    alone = take("run-1", "a")
    with pytest.raises(LeaseHeldError):
        take("run-1", "b", shared=True)
    alone._written -= 2.0
    alone.check()
    alone.release()


def test_who_takes_over_with_the_very_same_claim_is_somebody_else_all_the_same(
    storage: CloudStorageServer,
) -> None:
    ghost, owner = take("run-1"), take("run-1")
    ghost._written -= 2.0
    with pytest.raises(LeaseHeldError):
        ghost.check()
    owner.check()
    ghost.release()
    assert LEASE in storage.objects
    owner.release()
