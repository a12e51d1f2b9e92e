"""What becomes of files that are generated once more, and that they are written whole or not at all."""

from __future__ import annotations

import os
import resource
import stat
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import pytest

from tidegate.authoring.drafts import drafts_in
from tidegate.authoring.merging import Outcome, merged, place
from tidegate.authoring.merging.placing import Change
from tidegate.utils.errors import SettingsError, TidegateError, UsageError

A, B = PurePosixPath("connectors/acme/client.py"), PurePosixPath("workflows/acme/tasks.py")


def _generate(root: Path, base: dict[PurePosixPath, str], new: dict[PurePosixPath, str]) -> list[Outcome]:
    outcomes = list(merged(root, base, new))
    place(root, {each.path: Change(each.before, each.after) for each in outcomes if each.after is not None})
    return outcomes


def _kinds(outcomes: list[Outcome]) -> list[str]:
    return [each.kind for each in outcomes]


def test_new_files_are_written_with_their_folders_readable_by_all(tmp_path: Path) -> None:
    assert _kinds(_generate(tmp_path, {}, {A: "a = 1\n", B: "b = 1\n"})) == ["new", "new"]
    assert (tmp_path / A).read_text() == "a = 1\n"
    assert stat.S_IMODE((tmp_path / A).stat().st_mode) == 0o644
    assert sorted(each.name for each in tmp_path.iterdir()) == ["connectors", "workflows"]


def test_the_same_again_changes_nothing(tmp_path: Path) -> None:
    files = {A: "a = 1\n"}
    _generate(tmp_path, {}, files)
    (outcome,) = _generate(tmp_path, files, files)
    assert (outcome.kind, outcome.is_written, outcome.diff()) == ("same", False, "")


def test_a_hand_made_change_and_a_new_listing_are_both_there(tmp_path: Path) -> None:
    base = {A: "class One:\n    a: int\n"}
    _generate(tmp_path, {}, base)
    (tmp_path / A).write_text("class One:\n    a: str  # by hand\n\n\nclass Mine:\n    pass\n")
    (outcome,) = _generate(tmp_path, base, {A: "class One:\n    a: int\n\n\nclass Two:\n    b: int\n"})
    text = (tmp_path / A).read_text()
    assert outcome.kind == "updated"
    assert "by hand" in text
    assert "class Mine" in text
    assert "class Two" in text


def test_what_both_defined_under_one_name_stays_as_the_hand_has_it(tmp_path: Path) -> None:
    base = {A: "x = 1\n"}
    _generate(tmp_path, {}, base)
    (tmp_path / A).write_text("x = 1\n\n\nclass Two:\n    mine = 1\n")
    (outcome,) = _generate(tmp_path, base, {A: "x = 1\n\n\nclass Two:\n    b: int\n"})
    assert outcome.kind == "kept"
    assert "b: int" not in (tmp_path / A).read_text()
    assert "+    b: int" in outcome.refused


def test_a_merge_that_would_be_no_python_is_not_made(tmp_path: Path) -> None:
    base = {A: "call(\n    a,\n)\n"}
    _generate(tmp_path, {}, base)
    (tmp_path / A).write_text("call(\n    a,\n    mine=1,\n)\n")
    (outcome,) = _generate(tmp_path, base, {A: "call(\n    a,\n    *b,\n    c,\n)\n"})
    assert outcome.kind == "kept"
    assert (tmp_path / A).read_text() == "call(\n    a,\n    mine=1,\n)\n"


def test_a_file_that_a_hand_deleted_stays_deleted(tmp_path: Path) -> None:
    base = {A: "a = 1\n"}
    _generate(tmp_path, {}, base)
    (tmp_path / A).unlink()
    assert _kinds(_generate(tmp_path, base, {A: "a = 2\n"})) == ["deleted"]
    assert not (tmp_path / A).exists()


def test_a_file_that_was_there_before_us_is_kept_whole(tmp_path: Path) -> None:
    (tmp_path / A).parent.mkdir(parents=True)
    (tmp_path / A).write_bytes(b"caf\xe9 = 1\n")
    (outcome,) = _generate(tmp_path, {}, {A: "a = 1\n"})
    assert outcome.kind == "kept"
    assert "+a = 1" in outcome.refused
    assert (tmp_path / A).read_bytes() == b"caf\xe9 = 1\n"


def test_line_ends_of_another_system_stay(tmp_path: Path) -> None:
    base = {A: "a = 1\nb = 1\n"}
    _generate(tmp_path, {}, base)
    (tmp_path / A).write_bytes(b"a = 1\r\nb = 1\r\n")
    assert _kinds(_generate(tmp_path, base, base)) == ["same"]
    assert _kinds(_generate(tmp_path, base, {A: "a = 1\nb = 2\n"})) == ["updated"]
    assert (tmp_path / A).read_bytes() == b"a = 1\r\nb = 2\r\n"


@pytest.mark.parametrize(
    "path", ["../evil.py", "/etc/evil.py", "a/../../evil.py", "a\\..\\evil.py", "a\n.py", ""]
)
def test_a_path_that_leads_out_of_the_project_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(UsageError, match="path"):
        merged(tmp_path, {}, {PurePosixPath(path): "x"})


def test_a_link_that_leads_out_of_the_project_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    project = tmp_path / "project"
    project.mkdir()
    (project / "connectors").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="leads out"):
        merged(project, {}, {A: "x"})


def test_a_file_that_cannot_be_written_leaves_all_as_it_was(tmp_path: Path) -> None:
    base = {A: "a = 1\n"}
    _generate(tmp_path, {}, base)
    (tmp_path / "workflows").write_text("a file in the place of a folder")
    with pytest.raises(SettingsError, match="workflows"):
        _generate(tmp_path, base, {A: "a = 2\n", PurePosixPath("new/x.py"): "", B: "b = 1\n"})
    assert (tmp_path / A).read_text() == "a = 1\n"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["connectors", "workflows"]


@contextmanager
def _files_of_at_most(size: int) -> Iterator[None]:
    """What a full disk is to a program, in this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    cached = sys.dont_write_bytecode
    sys.dont_write_bytecode = True  # a module would be cached in part
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        sys.dont_write_bytecode = cached


def test_on_a_full_disk_nothing_is_half_done(tmp_path: Path) -> None:
    _generate(tmp_path, {}, {A: "a = 1\n"})
    new = {A: "a = 2\n", B: f"b = {'1' * 200_000}\n"}
    with _files_of_at_most(100_000), pytest.raises(TidegateError, match="the disk is full") as caught:
        _generate(tmp_path, {A: "a = 1\n"}, new)
    assert caught.value.exit_code == 20
    assert (tmp_path / A).read_text() == "a = 1\n"
    assert [each.name for each in tmp_path.iterdir()] == ["connectors"]


def test_what_a_crash_left_half_written_is_completed_by_the_next_call(tmp_path: Path) -> None:
    base, new = {A: "a = 1\n", B: "b = 1\n"}, {A: "a = 2\n", B: "b = 2\n"}
    _generate(tmp_path, {}, base)
    (tmp_path / A).write_text("a = 2\n")  # and the record of what was generated is still the old one
    assert _kinds(_generate(tmp_path, base, new)) == ["same", "updated"]
    assert (tmp_path / B).read_text() == "b = 2\n"


@pytest.mark.parametrize("command", ["new", "init"])
def test_drafts_of_a_killed_process_are_removed_and_nothing_else(tmp_path: Path, command: str) -> None:
    left, kept = tmp_path / f".tidegate-{command}-ab_c1234", tmp_path / f".tidegate-{command}-mine"
    for folder in (left, kept):
        folder.mkdir()
        (folder / "0").write_text("x")
    (tmp_path / ".tidegate-new-linked00").symlink_to(kept)
    place(tmp_path, {A: Change(None, b"a")})
    assert not left.exists()
    assert (tmp_path / ".tidegate-new-linked00" / "0").read_text() == "x"


def test_one_at_a_time_has_drafts_in_a_folder(tmp_path: Path) -> None:
    entered = threading.Event()

    def enter() -> None:
        with drafts_in(tmp_path, "init"):
            entered.set()

    other = threading.Thread(target=enter)
    with drafts_in(tmp_path, "new") as mine:
        other.start()
        assert not entered.wait(0.2)
        assert mine.exists()
    other.join()
    assert entered.is_set()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    with pytest.raises(TidegateError, match="changed meanwhile") as caught:
        place(tmp_path, {A: Change(None, b"a"), B: Change(b"what was read", b"b")})
    assert caught.value.exit_code == 20
    assert not os.listdir(tmp_path)  # noqa: PTH208 - nothing at all


def test_a_file_keeps_its_mode(tmp_path: Path) -> None:
    _generate(tmp_path, {}, {A: "a = 1\n"})
    (tmp_path / A).chmod(0o755)
    _generate(tmp_path, {A: "a = 1\n"}, {A: "a = 2\n"})
    assert stat.S_IMODE((tmp_path / A).stat().st_mode) == 0o755
