"""`plan`, `extract` and `commit` as an orchestrator calls them."""

from __future__ import annotations

import json

import pytest

from tests.brevo_bench import CORE
from tests.cli.command_line import Shell
from tests.cli.conftest import Standin

DAYS = ("--from", "2026-01-01", "--until", "2026-01-03")


def plan(shell: Shell, *more: str) -> dict[str, object]:
    ended = shell.inside("plan", "brevo", "--to", "x.duckdb", "--run-id", "one", *more)
    assert ended.code == 0, ended
    made: dict[str, object] = json.loads(ended.out)
    return made


@pytest.mark.extended
def test_three_steps_end_as_one_run(shell: Shell, brevo: Standin) -> None:
    before = brevo.requests
    made = plan(shell, *CORE)
    assert brevo.requests == before
    assert (made["run_id"], made["workflow"], made["destination"]) == ("one", "brevo", "x.duckdb")
    for number in (2, 1):
        ended = shell.inside("extract", "--run-id", "one", "--shard", f"{number}/2")
        assert ended.code == 0, ended
        assert "extracted, not loaded: tidegate commit --run-id one" in ended.out
        assert " loaded + " not in ended.out
    assert shell.tables() == {}
    asked = brevo.requests
    ended = shell.inside("commit", "--run-id", "one", "--summary", "-")
    assert (ended.code, brevo.requests) == (0, asked), ended
    summary = ended.summary
    assert summary["status"] == "loaded"
    assert sum(task["api_calls"] for task in summary["tasks"]) == asked - before
    rows = {task["table"]: task["rows_loaded"] for task in summary["tasks"]}
    assert shell.tables() == rows
    shell.env["TIDEGATE_HOME"] = "elsewhere"
    assert shell.inside("run", "brevo", *CORE, "--to", "y.duckdb").code == 0
    assert shell.tables("y.duckdb") == rows


def test_the_plan_is_written_where_it_is_wanted_and_names_every_slice(shell: Shell) -> None:
    ended = shell.inside("plan", "brevo", "events", *DAYS, "--run-id", "one", "--out", "plan.json")
    assert (ended.code, ended.out) == (0, ""), ended
    made = json.loads((shell.folder / "plan.json").read_text())
    (task,) = made["tasks"]
    assert (made["stages"], task["task"], task["stage"], task["waits_for"]) == (1, "brevo.events", 1, [])
    assert task["slices"][0]["first_day"] <= "2026-01-01"
    assert task["slices"][-1]["last_day"] >= "2026-01-03"


@pytest.mark.extended
def test_what_is_missing_is_named_and_the_run_can_be_taken_up(shell: Shell) -> None:
    plan(shell)
    assert shell.inside("extract", "--run-id", "one", "--shard", "1/2").code == 0
    ended = shell.inside("commit", "--run-id", "one")
    ended.failed(20, "not committed: ", " missing (", "tidegate extract --run-id one")
    assert shell.inside("extract", "--run-id", "one").code == 0
    assert shell.inside("commit", "--run-id", "one").code == 0


def test_a_shard_is_told_by_cloud_run_which_it_is(shell: Shell) -> None:
    plan(shell)
    for index in ("0", "1"):
        told = {"CLOUD_RUN_TASK_INDEX": index, "CLOUD_RUN_TASK_COUNT": "2"}
        assert shell.inside("extract", "--run-id", "one", "--shard", "auto", **told).code == 0
    assert shell.inside("commit", "--run-id", "one").code == 0


@pytest.mark.parametrize(
    ("shard", "said"),
    [
        ("0/3", "is no shard"),
        ("4/3", "is no shard"),
        ("a/b", "is no shard"),
        ("3", "write 1/3, 2/3 and 3/3"),
        ("", "is no shard"),
        ("-1/3", "is no shard"),
        ("auto", "needs CLOUD_RUN_TASK_INDEX and CLOUD_RUN_TASK_COUNT"),
    ],
)
def test_what_is_no_shard_is_wrong_usage(shell: Shell, shard: str, said: str) -> None:
    shell.inside("extract", "--run-id", "one", f"--shard={shard}").failed(2, "--shard", said)


def test_a_count_that_the_index_exceeds_is_no_shard(shell: Shell) -> None:
    told = {"CLOUD_RUN_TASK_INDEX": "2", "CLOUD_RUN_TASK_COUNT": "2"}
    shell.inside("extract", "--run-id", "one", "--shard", "auto", **told).failed(2, "(here they are 2 and 2)")


@pytest.mark.parametrize("step", ["extract", "commit"])
def test_a_run_that_nobody_planned_is_wrong_usage(shell: Shell, step: str) -> None:
    shell.inside(step, "--run-id", "none").failed(2, "no run 'none' here", "tidegate plan WORKFLOW")
    shell.inside(step, "--run-id", "../up").failed(2, "use letters, digits")
    shell.inside(step).failed(2, "--run-id")


def test_a_stage_that_there_is_not_is_wrong_usage(shell: Shell) -> None:
    plan(shell)
    shell.inside("extract", "--run-id", "one", "--stage", "2").failed(2, "there is no stage 2")


def test_run_takes_no_shard_and_says_what_does(shell: Shell) -> None:
    shell.run_inside("--shard", "1/3").failed(
        2, "run takes no --shard", "tidegate extract --run-id ID --shard 1/3", "tidegate commit"
    )


def test_a_step_in_another_folder_finds_the_warehouse_of_the_plan(shell: Shell) -> None:
    plan(shell, "contacts")
    shell.env["TIDEGATE_HOME"] = str(shell.home)
    below = shell.folder / "below"
    below.mkdir()
    elsewhere = Shell(below, shell.env)
    assert elsewhere.inside("extract", "--run-id", "one").code == 0
    assert elsewhere.inside("commit", "--run-id", "one").code == 0
    assert (set(shell.tables()), elsewhere.tables()) == ({"brevo_contacts"}, {})


def test_a_plan_that_cannot_be_written_stands_all_the_same(shell: Shell) -> None:
    ended = shell.inside("plan", "brevo", "contacts", "--run-id", "one", "--out", "no/such/folder.json")
    ended.failed(30, "--out no/such/folder.json cannot be written", "The run is planned")
    assert shell.inside("extract", "--run-id", "one").code == 0
