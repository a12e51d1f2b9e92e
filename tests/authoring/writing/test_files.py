"""What is written for an API, as a whole: read `lighthouse.txt` to judge it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from tests.authoring.writing.lighthouse import API, LISTINGS, colours
from tidegate.authoring.description import Credential, Quota
from tidegate.authoring.writing import Layout, files
from tidegate.authoring.writing.connector_files import auth_file, config_file, limiter_file
from tidegate.authoring.writing.identity import Identity
from tidegate.authoring.writing.layout import ROOT
from tidegate.authoring.writing.subjects import subjects
from tidegate.utils.errors import SettingsError

SETTINGS = Path(__file__).resolve().parents[3] / "pyproject.toml"
GOLDEN = Path(__file__).with_name("lighthouse.txt")


@pytest.fixture(scope="module")
def written() -> dict[PurePosixPath, str]:
    return dict(files(API, LISTINGS, Layout()))


def test_all_files_of_a_small_api_are_these(written: dict[PurePosixPath, str]) -> None:
    text = "".join(f"=== {path}\n{content}" for path, content in written.items())
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_the_same_description_gives_the_same_files(written: dict[PurePosixPath, str]) -> None:
    assert list(files(API, LISTINGS, Layout()).items()) == list(written.items())


def test_a_listing_more_changes_no_name_of_another() -> None:
    def names(*which: int) -> set[str]:
        return {each.names.plural for each in subjects(API, [LISTINGS[number] for number in which])}

    assert names(0) == {"lamps"}
    assert names(0, 1, 3) == {"lamps", "visits", "colours"}


def test_files_that_several_apis_share_are_written_where_they_are_missing() -> None:
    shared = {
        PurePosixPath(each) / "__init__.py" for each in ("connectors", "factories", "workflows", "tests")
    }
    assert shared <= files(API, [colours], Layout()).keys()
    assert not shared & files(API, [colours], Layout(present=shared)).keys()


@pytest.fixture(scope="module")
def within() -> dict[PurePosixPath, str]:
    return dict(files(API, LISTINGS, Layout(package="tidegate", source=PurePosixPath("src"))))


def test_within_tidegate_modules_import_from_where_names_live(within: dict[PurePosixPath, str]) -> None:
    tasks = within[PurePosixPath("src/tidegate/workflows/lighthouse/tasks.py")]
    assert "from tidegate.engine.tasks import task\n" in tasks
    assert "from tidegate.connectors.lighthouse.client import LighthouseConnector\n" in tasks
    assert not any("from tidegate import" in text for text in within.values())


def test_within_tidegate_code_is_in_the_style_of_this_project(
    within: dict[PurePosixPath, str], tmp_path: Path
) -> None:
    for path, text in within.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    own = "lint.isort.known-first-party = ['tidegate']"
    command = [sys.executable, "-m", "ruff", "check", "--config", str(SETTINGS), "--config", own, "."]
    checked = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_the_homes_of_root_names_are_those_of_the_package() -> None:
    import tidegate

    assert {name: tidegate._HOMES[name] for name in ROOT} == ROOT


def test_an_api_without_listings_is_refused() -> None:
    with pytest.raises(ValueError, match="lighthouse: there is no listing"):
        files(API, [], Layout())


@pytest.mark.parametrize(
    ("credential", "base", "settings"),
    [
        (Credential("query", "key"), "APIKeyAuthManager", ["api_key: SecretStr"]),
        (Credential("bearer"), "BearerAuthManager", ["api_token: SecretStr"]),
        (Credential("basic"), "BasicAuthManager", ["username: str", "password: SecretStr"]),
        (
            Credential("client_credentials", token_url="https://coast.example/token", scopes=("read",)),
            "OAuth2AuthManager",
            ["client_id: str", "client_secret: SecretStr"],
        ),
    ],
)
def test_a_credential_has_its_manager_and_its_settings(
    credential: Credential, base: str, settings: list[str]
) -> None:
    identity = Identity.of(replace(API, credential=credential))
    assert f"class LighthouseAuthManager({base}):" in auth_file(identity, Layout())
    assert all(f"    {each} = Field(" in config_file(identity, Layout()) for each in settings)


@pytest.mark.parametrize(("kind", "told"), [("none", False), ("unknown", True)])
def test_without_a_credential_there_is_no_manager_but_a_todo_where_nobody_knows(
    kind: str, told: bool
) -> None:
    credential = Credential(kind)  # type: ignore[arg-type]  # of two kinds
    found = files(replace(API, credential=credential), [colours], Layout())
    assert PurePosixPath("connectors/lighthouse/auth.py") not in found
    assert ("TODO: auth_manager=" in found[PurePosixPath("factories/lighthouse.py")]) == told


def test_a_quota_that_is_told_is_kept_to() -> None:
    identity = Identity.of(replace(API, quota=Quota(300, 60)))
    limiter = limiter_file(identity, None, Layout())
    assert "REQUESTS, WINDOW_S = 270, 60.0" in limiter
    assert "TODO: the quota" not in limiter


@pytest.mark.parametrize("library", ["datamodel_code_generator", "ruff"])
def test_without_the_extra_the_error_says_what_to_install(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)  # as if it were not installed
    with pytest.raises(SettingsError, match="is not installed") as failed:
        files(API, [colours], Layout())
    assert failed.value.hint == "pip install 'tidegate[new]'"
