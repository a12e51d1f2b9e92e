from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.servers.cloud_storage import BUCKET, CloudStorageServer
from tidegate.utils.errors import SettingsError
from tidegate.utils.gcp_errors import GooglePreconditionError
from tidegate.utils.home import Home
from tidegate.utils.mirrors.base import LOCAL_ONLY, LeaseHeldError, Mirror, MirrorDamagedError
from tidegate.utils.mirrors.cloud_storage import CloudStorage
from tidegate.utils.mirrors.mounts import mirror_of

URL = f"gs://{BUCKET}/home"


def machine(folder: Path) -> tuple[Path, CloudStorage]:
    folder.mkdir()
    return folder / "plan.json", CloudStorage(folder, URL, place=folder.name, where=folder.name)


def test_a_file_that_is_kept_stands_on_another_machine(storage: CloudStorageServer, tmp_path: Path) -> None:
    (here, one), (there, two) = machine(tmp_path / "a"), machine(tmp_path / "b")
    here.write_text("the plan")
    one.keep(here)
    two.fetch(there)
    assert there.read_text() == "the plan"
    assert there.stat().st_mode & 0o777 == 0o600
    assert "list" not in storage.counts()


def test_what_only_this_disk_has_is_not_believed(storage: CloudStorageServer, tmp_path: Path) -> None:
    here, one = machine(tmp_path / "a")
    here.write_text("never kept")
    one.fetch(here)
    assert not here.exists()


def test_a_file_that_is_as_in_the_bucket_is_not_fetched_again(
    storage: CloudStorageServer, tmp_path: Path
) -> None:
    here, one = machine(tmp_path / "a")
    here.write_text("the plan")
    one.keep(here)
    one.fetch(here)
    assert storage.counts()["download"] == 0
    storage.write("home/plan.json", b"of another machine")
    one.fetch(here)
    assert here.read_text() == "of another machine"


def test_of_two_that_keep_a_file_for_the_first_time_one_wins(
    storage: CloudStorageServer, tmp_path: Path
) -> None:
    (here, one), (there, two) = machine(tmp_path / "a"), machine(tmp_path / "b")
    one.fetch(here)
    two.fetch(there)
    here.write_text("one")
    there.write_text("two")
    one.keep(here)
    with pytest.raises(GooglePreconditionError):
        two.keep(there)


def test_of_two_that_replace_a_file_one_wins(storage: CloudStorageServer, tmp_path: Path) -> None:
    (here, one), (there, two) = machine(tmp_path / "a"), machine(tmp_path / "b")
    here.write_text("first")
    one.keep(here)
    two.fetch(there)
    here.write_text("second")
    one.keep(here)
    there.write_text("other")
    with pytest.raises(GooglePreconditionError):
        two.keep(there)
    assert storage.objects["home/plan.json"].content == b"second"


def test_of_a_folder_that_is_new_nothing_is_asked_for_until_work_begins_anew(
    storage: CloudStorageServer, tmp_path: Path
) -> None:
    here, one = machine(tmp_path / "a")
    log = here.parent / "all.pages"
    log.touch()
    one.is_new(here.parent)
    one.fetch(here)
    one.follow(log)
    assert storage.asked == []
    storage.write("home/plan.json", b"of another machine")
    storage.write("home/all.pages/00000001", b"page")
    one.follow(log)
    assert log.read_bytes() == b"page"
    one.fetch(here)
    assert not here.exists()
    one.until(lambda: False)
    one.fetch(here)
    assert here.read_text() == "of another machine"


def test_a_version_has_a_name_of_its_own(storage: CloudStorageServer, tmp_path: Path) -> None:
    (here, one), (there, two) = machine(tmp_path / "a"), machine(tmp_path / "b")
    for version in ("0001", "0002"):
        here.write_text(version)
        one.keep(here, version)
    two.fetch(there, "0001")
    assert there.read_text() == "0001"
    assert storage.names() == ["home/plan.json.0001", "home/plan.json.0002"]


def test_a_download_that_fails_leaves_no_half_file(
    storage: CloudStorageServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here, one), (there, two) = machine(tmp_path / "a"), machine(tmp_path / "b")
    here.write_text("the plan")
    one.keep(here)
    storage.fail("download", "plan", status=403)
    with pytest.raises(Exception, match="403"):
        two.fetch(there)
    assert list(there.parent.iterdir()) == []


def home(environ: Mapping[str, str], url: str = URL) -> Home:
    return Home.named(url, Path("/nowhere"), environ)


def test_a_home_in_a_bucket_works_in_a_private_scratch_folder(tmp_path: Path) -> None:
    made = home({"TIDEGATE_SCRATCH": str(tmp_path / "scratch")})
    assert made.root.is_relative_to(tmp_path / "scratch")
    assert made.root.stat().st_mode & 0o777 == 0o700
    assert made.shown == URL
    assert mirror_of(made.root / "runs" / "r" / "plan.json") is made.mirror
    assert mirror_of(tmp_path / "elsewhere") is LOCAL_ONLY


def test_two_homes_have_two_scratch_folders_and_one_home_always_the_same(tmp_path: Path) -> None:
    environ = {"TIDEGATE_SCRATCH": str(tmp_path)}
    assert home(environ).root == home(environ, URL + "/").root
    assert home(environ).mirror is home(environ).mirror
    assert home(environ).root != home(environ, f"gs://{BUCKET}/other").root


def test_the_folder_that_is_named_may_be_a_volume_of_somebody_else(tmp_path: Path) -> None:
    """A mounted one is root's, and open to all: what is made in it is private."""
    volume = tmp_path / "volume"
    volume.mkdir(mode=0o755)
    (tmp_path / "link").symlink_to(volume)
    made = home({"TIDEGATE_SCRATCH": str(tmp_path / "link")})
    assert made.root.stat().st_mode & 0o777 == 0o700
    assert volume.stat().st_mode & 0o777 == 0o755


def test_a_scratch_folder_of_somebody_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"TIDEGATE_SCRATCH": str(tmp_path)}
    own = home(environ).root
    somebody = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: somebody)
    with pytest.raises(SettingsError, match="belongs to somebody else") as caught:
        home(environ)
    assert "TIDEGATE_SCRATCH" in (caught.value.hint or "")
    monkeypatch.undo()
    own.rename(tmp_path / "moved")
    own.symlink_to(tmp_path / "moved")
    with pytest.raises(SettingsError, match="belongs to somebody else"):
        home(environ)


def test_in_the_temporary_folder_nothing_of_somebody_else_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "theirs").mkdir()
    (tmp_path / f"tidegate-{os.getuid()}").symlink_to(tmp_path / "theirs")
    with pytest.raises(SettingsError, match="belongs to somebody else"):
        home({})


def test_a_scratch_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="file cannot be made: File exists") as caught:
        home({"TIDEGATE_SCRATCH": str(tmp_path / "file")})
    assert "TIDEGATE_SCRATCH" in (caught.value.hint or "")


def test_other_places_than_buckets_and_folders_are_refused() -> None:
    with pytest.raises(SettingsError, match="only gs:// and folders"):
        home({}, "s3://lake/home")


@pytest.mark.parametrize(
    "name", ["../above", "runs/one/../../../above", "runs/..", "runs/./one", "runs//one", "runs/one/"]
)
def test_an_object_whose_name_leads_out_of_the_folder_is_none_of_ours(
    storage: CloudStorageServer, tmp_path: Path, name: str
) -> None:
    _, one = machine(tmp_path / "a")
    storage.write(f"home/{name}", b"hostile")
    storage.write("home/runs/own", b"ours")
    assert [each.path for each in one.held(tmp_path / "a" / "runs")] == [tmp_path / "a" / "runs" / "own"]
    one.fetch_those(tmp_path / "a" / "runs")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["own"]


def test_a_path_that_leads_out_of_the_folder_is_neither_fetched_nor_removed(
    storage: CloudStorageServer, tmp_path: Path
) -> None:
    (here, one), own = machine(tmp_path / "a"), tmp_path / "run.json"
    own.write_text("somebody's")
    out = here.parent / "runs" / ".." / ".." / "run.json"
    with pytest.raises(MirrorDamagedError, match="not within"):
        one.fetch(out)
    with pytest.raises(MirrorDamagedError, match="not within"):
        one.forget(out)
    assert own.read_text() == "somebody's"
    assert storage.asked == []


@pytest.mark.parametrize("stays", [True, False], ids=["here still", "gone here, too"])
def test_a_file_that_was_removed_from_the_bucket_may_be_kept_anew(
    storage: CloudStorageServer, tmp_path: Path, stays: bool
) -> None:
    here, one = machine(tmp_path / "a")
    here.write_text("first")
    one.keep(here)
    del storage.objects["home/plan.json"]
    if not stays:
        here.unlink()
    one.fetch(here)
    assert not here.exists()
    here.write_text("second")
    one.keep(here)
    assert storage.objects["home/plan.json"].content == b"second"


def test_what_is_forgotten_may_be_kept_anew(storage: CloudStorageServer, tmp_path: Path) -> None:
    here, one = machine(tmp_path / "a")
    here.write_text("first")
    one.keep(here, "v1")
    one.forget(here, version="v1")
    assert storage.objects == {}
    one.keep(here, "v1")
    assert list(storage.objects) == ["home/plan.json.v1"]


def test_a_file_is_kept_over_the_same_content_that_another_machine_has_written(
    storage: CloudStorageServer, tmp_path: Path
) -> None:
    here, one = machine(tmp_path / "a")
    here.write_text("first")
    one.keep(here)
    storage.write("home/plan.json", b"first")
    one.fetch(here)
    here.write_text("second")
    one.keep(here)
    assert storage.objects["home/plan.json"].content == b"second"


def test_the_same_task_of_an_execution_takes_over_at_once_and_another_one_does_not(
    storage: CloudStorageServer, tmp_path: Path
) -> None:
    def task(disk: str, index: str) -> Mirror:
        scratch = {"TIDEGATE_SCRATCH": str(tmp_path / disk)}
        return home(scratch | {"CLOUD_RUN_EXECUTION": "night", "CLOUD_RUN_TASK_INDEX": index}).mirror

    killed = task("first try", "0").lease("run r", "r")
    with pytest.raises(LeaseHeldError, match="held by run r") as caught:
        task("beside", "1").lease("run r", "r")
    assert caught.value.where == "execution night, task 0"
    again = task("second try", "0").lease("run r", "r")
    again.release()
    killed.release()
