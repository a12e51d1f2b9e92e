"""What is kept of an API between two calls of `tidegate new`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from tidegate.authoring.description import Api, Credential, Endpoint, Parameter, Quota, Since
from tidegate.authoring.generating import record_of, remembered
from tidegate.authoring.openapi import read
from tidegate.authoring.remembered import Remembered
from tidegate.utils.errors import SettingsError

SPECS = Path(__file__).parent / "specs"


@pytest.mark.parametrize("spec", ["ledger.json", "library.yaml", "harbour.json"])
def test_what_is_kept_comes_back_as_it_was(tmp_path: Path, spec: str) -> None:
    api = replace(read(SPECS / spec), quota=Quota(10, 1.0))
    kept = Remembered(
        api,
        tuple(each.path for each in api.endpoints),
        {"/orders": "result.data"},
        {"/orders": ("shop", "id")},
        {"/orders": Since("since", attribute="at")},
        {
            PurePosixPath("a/b.py"): "one\n\ntwo\n",
            PurePosixPath("empty.py"): "",
            PurePosixPath("c"): "no end",
        },
        registered=True,
    )
    (tmp_path / "kept.json").write_text(kept.text(), encoding="utf-8")
    assert Remembered.read(tmp_path / "kept.json") == kept


def test_a_change_of_one_line_is_one_line_of_the_file() -> None:
    api = Api("acme", "Acme", None, Credential(), ())
    one, two = (Remembered(api, files={PurePosixPath("a.py"): f"x = 1\ny = {n}\n"}).text() for n in (1, 2))
    assert sum(a != b for a, b in zip(one.splitlines(), two.splitlines(), strict=True)) == 1


def test_of_endpoints_without_code_only_the_path_is_kept() -> None:
    endpoints = (
        Endpoint("/a", summary="A"),
        Endpoint("/b", summary="B", parameters=(Parameter("x", "query"),)),
    )
    kept = Remembered(Api("acme", "Acme", None, Credential(), endpoints), paths=("/a",))
    assert json.loads(kept.text())["endpoints"] == [{"path": "/a", "summary": "A"}, {"path": "/b"}]


def test_a_second_description_adds_to_the_first() -> None:
    mine = Endpoint("/a", response={"type": "array"})
    api = Api("acme", "Acme", "https://a.example", Credential("bearer"), (mine, Endpoint("/b")), "a.json")
    told = Endpoint("/b", response={"type": "object"})
    other = Api("acme", "x", "https://b.example", Credential("none"), (Endpoint("/c"), told), "b.json")
    doubts = ("The base URL is a guess.", "The description names no credential.", "Other.")
    other = replace(other, todo=doubts)
    joined = Remembered(api, ("/a",)).joined(other)
    assert joined.endpoints == (mine, told, Endpoint("/c"))
    assert joined.origin_of_facts == "a.json; b.json"
    assert joined.todo == ("Other.",)  # what is settled is not asked again
    assert (joined.title, joined.base_url, joined.credential) == (
        "Acme",
        "https://a.example",
        Credential("bearer"),
    )


@pytest.mark.parametrize(
    "content", ["", "{}", "<<<<<<< HEAD", '{"format": 99}', '{"format": 1, "api": {}}', "[1]"]
)
def test_a_file_that_is_not_as_it_was_written_is_told(tmp_path: Path, content: str) -> None:
    (tmp_path / "generated.json").write_text(content)
    with pytest.raises(SettingsError, match=r"generated\.json"):
        Remembered.read(tmp_path / "generated.json")


def test_the_record_of_another_api_is_told(tmp_path: Path) -> None:
    file = tmp_path / record_of("books")
    file.parent.mkdir(parents=True)
    file.write_text(Remembered(Api("ledger", "Ledger", None, Credential(), ())).text())
    with pytest.raises(SettingsError, match="the record of ledger, not of books"):
        remembered(tmp_path, "books")


def test_nothing_is_kept_where_there_is_no_file(tmp_path: Path) -> None:
    assert Remembered.read(tmp_path / "generated.json") is None
