"""The recipes for Airflow, Dagster and Prefect, run by these themselves, each in an environment of its own.

`TIDEGATE_ORCHESTRATORS` names a folder of environments, one a name; else they are made, once, in
`.orchestrators`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.recipes import ShopFolder, blocks

pytestmark = [pytest.mark.extended, pytest.mark.timeout(600)]

PACKAGES = {
    "airflow": ["apache-airflow-core==3.3.2", "apache-airflow-providers-standard==1.21.0"],
    "dagster": ["dagster==1.13.29"],
    "prefect": ["prefect==3.9.1"],
}
# The codes that the command ends with, one a call: what becomes of it, and after how many calls.
NIGHTS = {
    "good": ([0], "success", 1),
    "in quarantine": ([10], "success", 1),
    "again": ([20, 20, 10], "success", 3),
    "in vain": ([20] * 5, "failure", 5),
    "for good": ([30], "failure", 1),
    "wrong": ([2], "failure", 1),
    "lost": ([40], "success", 1),
}
_DAGSTER = """
import json, pathlib, sys
import recipe
for codes in json.loads(sys.argv[1]):
    pathlib.Path(".venv/bin/codes").write_text(" ".join(map(str, codes)))
    done = recipe.brevo.execute_in_process(raise_on_error=False)
    print("ended", "success" if done.success else "failure")
"""
_PREFECT = """
import json, pathlib, sys
import recipe
for codes in json.loads(sys.argv[1]):
    pathlib.Path(".venv/bin/codes").write_text(" ".join(map(str, codes)))
    state = recipe.brevo(return_state=True)
    print("ended", "success" if state.is_completed() else "failure")
"""


def environment(name: str) -> Path:
    """The folder of its programs. Skips where it cannot be made."""
    given = os.environ.get("TIDEGATE_ORCHESTRATORS")
    root = Path(given or Path(__file__).resolve().parent.parent / ".orchestrators") / name
    ready = root / ".ready"
    if given is None and not ready.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", root], check=True)
        command = [str(root / "bin" / "pip"), "install", "--quiet", *PACKAGES[name]]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            shutil.rmtree(root)
            pytest.skip(f"NOT TESTED in {name}: it cannot be installed: {done.stderr.splitlines()[-1]}")
        ready.touch()
    return root / "bin"


def play(shop: ShopFolder, command: list[Any], env: dict[str, str]) -> str:
    """What it prints; it looks for nothing outside of the folder."""
    quiet = {"DO_NOT_TRACK": "1", "HOME": str(shop.folder), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    done = subprocess.run(
        command,
        cwd=shop.folder,
        env={**quiet, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "driver", "env"),
    [
        ("dagster", _DAGSTER, {"DAGSTER_HOME": "{}"}),
        (
            "prefect",
            _PREFECT,
            {
                "PREFECT_HOME": "{}/prefect",
                "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
                "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
            },
        ),
    ],
)
def test_a_code_is_taken_for_what_it_means(
    tmp_path: Path, name: str, driver: str, env: dict[str, str]
) -> None:
    shop = ShopFolder(tmp_path)
    (recipe,) = blocks(name.capitalize())
    shop.scripted()
    shop.save("recipe.py", recipe)
    drive = shop.save("drive.py", driver)
    codes = json.dumps([codes for codes, *_ in NIGHTS.values()])
    made = {key: value.format(tmp_path) for key, value in env.items()}
    said = play(shop, [environment(name) / "python", drive, codes], made)
    ended = re.findall(r"^ended (\w+)$", said, re.MULTILINE)
    assert len(ended) == len(NIGHTS), said
    assert dict(zip(NIGHTS, ended, strict=True)) == {night: ends for night, (_, ends, _) in NIGHTS.items()}
    assert len(shop.calls) == sum(calls for *_, calls in NIGHTS.values())
    assert shop.calls[0][:4] == ["run", "brevo", "--to", "warehouse.duckdb"]


@pytest.fixture(scope="module")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("airflow")
    said = play(ShopFolder(folder), [environment("airflow") / "airflow", "db", "migrate"], airflow(folder))
    assert "migration done" in said, said
    return folder


def airflow(home: Path) -> dict[str, str]:
    return {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}


AGAIN = "up_for_retry"


@pytest.mark.parametrize(
    ("number", "codes", "states"),
    [
        (0, [20, 0], [AGAIN, "success"]),
        (0, [40], ["skipped"]),
        (1, [20, 20, 10], [AGAIN, AGAIN, "success"]),
        (1, [30], ["failed"]),
        (1, [40], ["skipped"]),
    ],
)
def test_airflow_takes_a_code_for_what_it_means(
    airflow_home: Path, tmp_path: Path, number: int, codes: list[int], states: list[str]
) -> None:
    shop = ShopFolder(tmp_path)
    shop.scripted(*codes, 99)
    (airflow_home / "dags").mkdir(exist_ok=True)
    (airflow_home / "dags" / "recipe.py").write_text(shop.here(blocks("Airflow")[number]))
    said = play(shop, [environment("airflow") / "airflow", "dags", "test", "brevo"], airflow(airflow_home))
    assert re.findall(r"new_state=(\w+)", said) == states, said
    assert len(shop.calls) == len(codes)
