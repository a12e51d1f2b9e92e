"""The recipes for schedulers do what the page says: each code is retried, left, told or taken for success."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.recipes import PAGE, ShopFolder, blocks
from tidegate.sandbox.brevo import BrevoSandbox
from tidegate.sandbox.server import running

ROWS = 300
QUOTA = "100000"


@pytest.fixture
def shop(tmp_path: Path) -> ShopFolder:
    return ShopFolder(tmp_path)


@pytest.fixture(scope="module")
def brevo() -> Iterator[str]:
    with running(BrevoSandbox(rows=ROWS, quota=float(QUOTA))) as origin:
        yield f"{origin}/v3"


def settings(url: str) -> dict[str, str]:
    return {"BREVO_API_KEY": "any", "BREVO_BASE_URL": url, "BREVO_QUOTA": QUOTA}


def events(shop: ShopFolder) -> int:
    with duckdb.connect(str(shop.folder / "warehouse.duckdb"), read_only=True) as db:
        return int(db.sql("SELECT count(*) FROM brevo_events").fetchall()[0][0])


def crontab(shop: ShopFolder) -> tuple[dict[str, str], str]:
    """The variables that cron sets, and the command that it gives to a shell."""
    script, table = blocks("cron")
    shop.save("nightly.sh", script)
    *variables, line = shop.here(table).splitlines()
    found = re.fullmatch(r"(?:[\d*,/-]+ ){4}[\d*,/-]+  (.*)", line)
    assert found is not None
    assert "%" not in found[1], "cron makes newlines of them"
    return dict(each.split("=", 1) for each in variables), found[1]


@pytest.mark.parametrize(
    ("codes", "ended", "told"),
    [
        ([0], 0, ""),
        ([10], 10, "quarantine list"),
        ([20, 20, 0], 0, ""),
        ([20, 10], 10, "quarantine list"),
        ([20] * 5, 20, ""),
        ([20, 30], 30, ""),
        ([30], 30, ""),
        ([40], 0, ""),
        ([2], 2, ""),
    ],
)
def test_cron_tries_again_what_is_worth_it_and_nothing_else(
    shop: ShopFolder, codes: list[int], ended: int, told: str
) -> None:
    shop.scripted(*codes, 99)
    variables, command = crontab(shop)
    done = shop.shell(command, RETRY_S="0", **variables)
    assert done.returncode == ended, done
    assert len(shop.calls) == len(codes)
    assert shop.calls[0] == ["run", "brevo", "--to", "warehouse.duckdb", "--on-invalid", "quarantine",
                             "--no-progress"]  # fmt: skip
    assert told in done.stderr
    assert done.stdout == "", "cron mails what is printed"


@pytest.mark.extended
def test_cron_runs_tidegate_and_mails_nothing_of_a_good_night(shop: ShopFolder, brevo: str) -> None:
    shop.real(**settings(brevo))
    variables, command = crontab(shop)
    done = shop.shell(command, **variables)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert events(shop) == ROWS
    assert "brevo.events" in (shop.folder / "nightly.log").read_text()


_GCLOUD = """#!{python}
# What Cloud Run does with `gcloud run jobs execute`: tasks with their numbers, each tried again.
import argparse, os, subprocess, sys
parser = argparse.ArgumentParser()
for name in ("run", "jobs", "execute", "job"):
    parser.add_argument(name)
parser.add_argument("--region", required=True)
parser.add_argument("--wait", action="store_true", required=True)
parser.add_argument("--tasks", type=int, required=True)
parser.add_argument("--args", required=True)
asked = parser.parse_args()
assert (asked.run, asked.jobs, asked.execute, asked.job) == ("run", "jobs", "execute", "tidegate")
command = ["{tidegate}", *asked.args.split(",")]
for index in range(asked.tasks):
    numbers = {{"CLOUD_RUN_TASK_INDEX": str(index), "CLOUD_RUN_TASK_COUNT": str(asked.tasks)}}
    env = {{**os.environ, **numbers, "CLOUD_RUN_EXECUTION": "tidegate-" + os.urandom(3).hex()}}
    if not any(subprocess.run(command, env=env).returncode == 0 for attempt in range(3)):
        sys.exit("task %d failed" % index)
"""


def cloud_run(shop: ShopFolder) -> str:
    (script,) = blocks("Cloud Run Jobs")
    shop.save("sharded.sh", script)
    shop.program("gcloud", _GCLOUD.format(python=sys.executable, tidegate=shop.bin / "tidegate"))
    return f"cd {shop.folder} && ./sharded.sh brevo 3 warehouse.duckdb"


@pytest.mark.extended
def test_shards_on_cloud_run_load_what_one_run_does(shop: ShopFolder, brevo: str) -> None:
    shop.real(**settings(brevo))
    done = shop.shell(cloud_run(shop), PATH=f"{shop.bin}:/usr/bin:/bin")
    assert done.returncode == 0, done
    assert events(shop) == ROWS
    assert '"status": "loaded"' in done.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("codes", "ended", "steps"),
    [
        ([0] * 5, 0, ["plan", *["extract"] * 3, "commit"]),
        ([0, 0, 20, 0, 0, 0], 0, ["plan", *["extract"] * 4, "commit"]),
        ([0, 30, 30, 30], 1, ["plan", *["extract"] * 3]),
        ([30, 30, 30], 1, ["plan"] * 3),
    ],
)
def test_on_cloud_run_a_step_that_failed_is_not_followed_by_the_next(
    shop: ShopFolder, codes: list[int], ended: int, steps: list[str]
) -> None:
    shop.scripted(*codes, 99)
    done = shop.shell(cloud_run(shop), PATH=f"{shop.bin}:/usr/bin:/bin")
    assert (done.returncode, [call[0] for call in shop.calls]) == (ended, steps), done
    assert len({call[call.index("--run-id") + 1] for call in shop.calls}) == 1


def bash_command(recipe: str) -> str:
    """What the recipe's BashOperator runs."""
    calls = [node for node in ast.walk(ast.parse(recipe)) if isinstance(node, ast.Call)]
    (found,) = [word for call in calls for word in call.keywords if word.arg == "bash_command"]
    return str(ast.literal_eval(found.value))


def test_the_command_of_the_bash_operator_is_one_that_runs(shop: ShopFolder, brevo: str) -> None:
    shop.real(**settings(brevo))
    recipe, _ = blocks("Airflow")
    done = shop.shell(f"cd {shop.folder} && {bash_command(shop.here(recipe))}")
    assert done.returncode == 0, done
    assert done.stdout.splitlines()[-1].startswith('{"run_id"')
    assert events(shop) == ROWS


@pytest.mark.parametrize("section", ["Airflow", "Dagster", "Prefect"])
def test_recipes_in_python_run_the_command_as_the_page_says(section: str) -> None:
    for recipe in blocks(section):
        compile(recipe, str(PAGE), "exec", dont_inherit=True)
        assert "/srv/shop/.venv/bin/tidegate" in recipe


def test_the_script_of_cron_is_bash(shop: ShopFolder) -> None:
    for script in (blocks("cron")[0], blocks("Cloud Run Jobs")[0]):
        path = shop.save("script.sh", script)
        assert subprocess.run(["bash", "-n", path], check=False, capture_output=True).stderr == b""
