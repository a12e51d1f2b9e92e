"""The project around the code: what the README, the Makefile and the lock files promise."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import httpx2
import pytest

from scripts.audit import NOT_REACHED, verdict
from scripts.check_tree import findings
from tests.prism import prism

ROOT = Path(__file__).resolve().parent.parent
LOCKS = {path.stem: path.read_text() for path in (ROOT / "requirements").glob("*.lock")}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
TARGETS = {
    "demo",
    "test",
    "coverage",
    "test-extended",
    "standins",
    "check",
    "docs",
    "format",
    "bench",
    "bench-new",
    "lock",
    "clean",
}


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make as from a shell, also when make runs these tests."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
    }
    return subprocess.run(
        ["make", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def package(requirement: str) -> str:
    """The normalised name of a requirement: `httpx2[zstd]>=2` is `httpx2`."""
    name = re.match(r"[\w.-]+", requirement)
    assert name is not None
    return re.sub(r"[-_.]+", "-", name.group()).lower()


def locked(name: str) -> dict[str, str]:
    """Each package of the lock file, with what stands under it."""
    entries = re.split(r"^(?=[a-z0-9])", LOCKS[name], flags=re.MULTILINE)[1:]
    return {package(entry): entry for entry in entries}


def test_bare_make_lists_every_target() -> None:
    lines = make().stdout.splitlines()
    assert {line.split()[1] for line in lines} == TARGETS
    assert all(len(line.split()) > 3 for line in lines), "each target says what it does"


def test_readme_gives_commands_that_exist() -> None:
    commands = set(re.findall(r"\bmake ([a-z-]+)", (ROOT / "README.md").read_text()))
    assert commands <= TARGETS
    assert "demo" in commands


def test_an_old_python_is_refused_with_its_version(tmp_path: Path) -> None:
    old = tmp_path / "python-old"
    old.write_text('#!/bin/sh\ncase "$1" in --version) echo "Python 3.10.1";; *) exit 1;; esac\n')
    old.chmod(0o755)
    refused = make("demo", f"PYTHON={old}")
    assert refused.returncode != 0
    assert f"tidegate needs Python 3.11 or newer; '{old}' is Python 3.10.1" in refused.stdout


@pytest.mark.parametrize("name", ["build", "dev", "runtime", "standins"])
def test_every_locked_package_has_a_hash_and_none_an_address(name: str) -> None:
    assert [name for name, entry in locked(name).items() if "--hash=sha256:" not in entry] == []
    assert re.findall(r"\S*(?:://|--index|--find-links|@ )\S*", LOCKS[name]) == []


def test_everything_the_project_asks_for_is_locked() -> None:
    asked = [
        *PROJECT["project"]["dependencies"],
        *PROJECT["dependency-groups"]["dev"],
        *PROJECT["build-system"]["requires"],
    ]
    assert {package(requirement) for requirement in asked} <= locked("dev").keys()
    production = [
        *PROJECT["project"]["dependencies"],
        *PROJECT["project"]["optional-dependencies"]["bigquery"],
    ]
    assert {package(requirement) for requirement in production} <= locked("runtime").keys()


def test_what_runs_in_production_is_what_is_tested_and_audited() -> None:
    tested = locked("dev")
    entries = locked("runtime") | locked("build")
    pins = {name: entry.split()[0] for name, entry in entries.items()}
    assert pins == {name: tested[name].split()[0] for name in pins}


def test_npm_lock_file_holds_no_address() -> None:
    npm_packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert [name for name, entry in npm_packages.items() if "resolved" in entry] == []


def test_every_npm_package_is_pinned_by_its_content() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert [name for name, entry in packages.items() if name and "integrity" not in entry] == []


@pytest.mark.parametrize(
    ("stray", "what"),
    [
        ("open('/wo^rk/main/x')", "machine path"),
        ("index = https://py^pi.org/simple", "registry"),
        ("specs are in ..^/shared/specs", "folder of CI"),
        ("done \N{PARTY POPPER}", "emoji"),
    ],
)
def test_stray_strings_are_found(stray: str, what: str) -> None:
    text = f"first line\n{stray.replace('^', '')}"  # whole, this file would be a finding
    assert [line.rsplit(": ", 1)[0] for line in findings("docs/x.md", text)] == [f"docs/x.md:2: {what}"]


def test_addresses_of_apis_and_plain_signs_are_no_stray_strings() -> None:
    assert findings("docs/x.md", "https://api.example.com/network/x → ▸ ✓ … §") == []


def test_a_known_vulnerability_fails_the_audit() -> None:
    found = {"name": "acme", "version": "1.0", "vulns": [{"id": "X-1", "fix_versions": ["1.1"]}]}
    passed, said = verdict(json.dumps({"dependencies": [found]}), "")
    assert not passed
    assert "acme 1.0: X-1, mended in ['1.1']" in said


def test_a_clean_audit_says_nothing() -> None:
    clean = {"name": "acme", "version": "1.0", "vulns": []}
    assert verdict(json.dumps({"dependencies": [clean]}), "No known vulnerabilities found") == (True, "")


@pytest.mark.parametrize(
    ("stdout", "stderr"),
    [
        ("", "requests.exceptions.ProxyError: Unable to connect to proxy"),
        (
            json.dumps({"dependencies": [{"name": "acme", "skip_reason": "not found"}]}),
            "No known vulnerabilities",
        ),
    ],
    ids=["no network", "an index that knows none of the packages"],
)
def test_an_audit_that_looked_nothing_up_says_so(stdout: str, stderr: str) -> None:
    assert verdict(stdout, stderr) == (True, NOT_REACHED)


def test_an_audit_that_broke_is_a_failure() -> None:
    passed, said = verdict("", "error: unrecognized arguments: --fast")
    assert not passed
    assert "unrecognized arguments" in said


def test_a_skip_fails_only_where_none_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    (tmp_path / "test_runs.py").write_text("def test_runs(): pass\n")
    for name, source in {
        "call": "def test_x(): pytest.skip('no server')",
        "mark": "@pytest.mark.skip(reason='no server')\ndef test_x(): pass",
        "module": "pytest.skip('no server', allow_module_level=True)",
    }.items():
        (tmp_path / f"test_{name}.py").write_text(f"import pytest\n{source}\n")

    def run(no_skips: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-rs", "--continue-on-collection-errors", "--rootdir", tmp_path],
            env=os.environ | {"TIDEGATE_NO_SKIPS": no_skips, "PYTHONPATH": str(ROOT)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    allowed, refused = run(""), run("1")
    assert allowed.returncode == 0
    assert "1 passed, 3 skipped" in allowed.stdout
    assert refused.returncode == 1
    assert "1 failed, 1 passed, 2 errors" in refused.stdout


@pytest.mark.extended
def test_prism_answers_as_brevo_is_described(specs: Path) -> None:
    with prism(specs / "brevo" / "brevo-2026-02.json") as base_url:
        page = httpx2.get(f"{base_url}/contacts", headers={"api-key": "any"}, params={"limit": 2})
        refused = httpx2.get(f"{base_url}/contacts")
    assert page.status_code == 200
    assert {"id", "email", "modifiedAt"} <= page.json()["contacts"][0].keys()
    assert refused.status_code == 401
