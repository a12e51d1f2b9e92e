"""The Terraform files as Terraform reads them; tests/conftest.py leaves them out where it is not installed.

The provider comes from a registry, which may not be there. What follows from the variables alone needs none:
so variables and locals are planned by themselves, with all that a job is started with.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli_words import parsed
from tests.servers.terraform_provider import provider
from tests.test_deploy_terraform import FOLDER
from tidegate.destinations import bigquery_url
from tidegate.utils.secrets import SecretReference

EXAMPLE = (FOLDER / "example.tfvars").read_text("utf-8")
OUTPUTS = "".join(
    f'output "{name}" {{\n  value = local.{name}\n}}\n'
    for name in (
        "arguments",
        "bucket",
        "destination",
        "environment",
        "home",
        "secret_ids",
        "sources",
        "steps",
    )
)


def terraform(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["terraform", f"-chdir={folder}", *arguments],
        env=os.environ
        | {"CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": os.devnull, "TF_IN_AUTOMATION": "1"}
        | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Variables and locals, with the values of the example."""
    for name in ("variables.tf", "locals.tf"):
        shutil.copy(FOLDER / name, tmp_path)
    (tmp_path / "outputs.tf").write_text(OUTPUTS)
    (tmp_path / "a.auto.tfvars").write_text(EXAMPLE)
    return tmp_path


def values(folder: Path, **changed: Any) -> dict[str, Any]:
    (folder / "b.auto.tfvars.json").write_text(json.dumps(changed))
    planned = terraform(folder, "plan", "-input=false", "-no-color", "-out=planned")
    assert planned.returncode == 0, planned.stderr
    outputs = json.loads(terraform(folder, "show", "-json", "planned").stdout)["planned_values"]["outputs"]
    return {name: output["value"] for name, output in outputs.items()}


def test_the_files_are_formatted() -> None:
    shown = terraform(FOLDER, "fmt", "-check", "-diff", "-recursive")
    assert (shown.returncode, shown.stdout) == (0, "")


def test_a_job_is_a_command_that_tidegate_has(folder: Path) -> None:
    jobs = {"brevo": {"schedule": "15 3 * * *", "tasks": ["events"], "options": ["--max-wait", "30m"]}}
    given = parsed(values(folder, jobs=jobs)["arguments"]["brevo"])
    assert (given["workflow"], given["tasks"]) == ("brevo", ["events"])
    assert (given["quarantine_exit"], given["summary"], given["max_wait"]) == (0, "-", "30m")


def test_destination_and_home_are_ones_that_tidegate_takes(folder: Path) -> None:
    told = values(folder, project="example.com:data-prod", location="europe-west1")
    place = bigquery_url.parse(told["destination"])
    assert (place.project, place.dataset, place.location) == (
        "example.com:data-prod",
        "warehouse",
        "europe-west1",
    )
    assert place.staging == ("example-com-data-prod-tidegate", "staging")
    assert told["home"] == "gs://example-com-data-prod-tidegate/home"
    assert told["environment"]["TIDEGATE_HOME"] == told["home"]


def test_secrets_are_references_that_tidegate_looks_up(folder: Path) -> None:
    secrets = {"BREVO_API_KEY": "brevo-api-key", "TIDEGATE_HASH_KEY": "hash-key/1"}
    planned = values(folder, environment={"BREVO_BASE_URL": "https://api.example.com"}, secrets=secrets)
    assert set(planned["secret_ids"]) == {"brevo-api-key", "hash-key"}
    told = planned["environment"]
    fixed = SecretReference.parse(told["TIDEGATE_HASH_KEY"])
    assert fixed is not None
    assert (fixed.name, fixed.version) == ("hash-key", "1")
    reference = SecretReference.parse(told["BREVO_API_KEY"])
    assert reference is not None
    assert (reference.project, reference.name, reference.version) == (
        "acme-data-prod",
        "brevo-api-key",
        "latest",
    )
    assert told["BREVO_BASE_URL"] == "https://api.example.com"


def test_shards_take_the_steps_of_one_run_one_by_one(folder: Path) -> None:
    jobs = {
        "nightly": {"schedule": "15 3 * * *", "workflow": "brevo", "shards": 4},
        "other": {"schedule": "0 4 * * *"},
    }
    told = values(folder, jobs=jobs)
    assert set(told["sources"]) == {"nightly"}
    steps = told["steps"]["nightly"]
    assert [(step["name"], step["tasks"]) for step in steps] == [("plan", 1), ("extract_1", 4), ("commit", 1)]
    plan, extract, commit = (parsed(step["args"]) for step in steps)
    assert (plan["workflow"], plan["to"]) == ("brevo", told["destination"])
    assert plan["run_id"] == extract["run_id"] == commit["run_id"] == "${run_id}"
    assert (extract["shard"], extract["stage"]) == ("auto", None)
    assert (commit["quarantine_exit"], commit["summary"]) == (0, "-")


def test_stages_are_extracted_one_after_the_other(folder: Path) -> None:
    jobs = {"brevo": {"schedule": "15 3 * * *", "shards": 2, "stages": 2}}
    told = values(folder, jobs=jobs)
    assert [parsed(step["args"])["stage"] for step in told["steps"]["brevo"][1:3]] == [1, 2]
    steps = json.loads(told["sources"]["brevo"])["main"]["steps"]
    assert [name for step in steps for name in step] == ["begin", "plan", "extract_1", "extract_2", "commit"]


def test_commit_comes_after_shards_that_failed_too(folder: Path) -> None:
    jobs = {"brevo": {"schedule": "15 3 * * *", "shards": 2}}
    source = json.loads(values(folder, jobs=jobs)["sources"]["brevo"])
    begin, plan, extract, commit = source["main"]["steps"]
    assert begin == {
        "begin": {"assign": [{"run_id": '${"brevo-" + sys.get_env("GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID")}'}]}
    }
    assert set(extract["extract_1"]) == {"try", "except"}
    for call in (plan["plan"], extract["extract_1"]["try"], commit["commit"]):
        assert call["call"] == "googleapis.run.v1.namespaces.jobs.run"
        assert call["args"]["name"] == "namespaces/acme-data-prod/jobs/tidegate-brevo"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("project", "Acme", "A project id has"),
        ("region", "EU", "A region looks like"),
        ("location", "Paris", "A location is"),
        ("name", "-x", "A name has"),
        ("image", "europe-docker.pkg.dev/p/r/tidegate:latest", "other than latest"),
        ("image", "tidegate", "An image is named"),
        ("dataset", "with-hyphen", "A dataset id has"),
        ("bucket", "Upper", "A bucket's name has"),
        ("state_days", 1, "at least 14"),
        ("jobs", {"Brevo": {"schedule": "15 3 * * *"}}, "A job's name has"),
        ("jobs", {"brevo": {"schedule": "daily"}}, "five fields"),
        ("jobs", {"brevo": {"schedule": "15 3 * * *", "retries": 11}}, "at most 10 times"),
        ("jobs", {"brevo": {"schedule": "15 3 * * *", "timeout_s": 1}}, "from one minute"),
        ("jobs", {"brevo": {"schedule": "15 3 * * *", "memory": "2GB"}}, "sizes such as"),
        ("jobs", {"brevo": {"schedule": "15 3 * * *", "shards": 1.5}}, "whole numbers"),
        ("secrets", {"BREVO_API_KEY": "xkeysib-0123=/+"}, "the value itself does not belong"),
        ("environment", {"brevo": "x"}, "capitals, digits and underscores"),
        ("environment", {"BREVO_API_KEY": "x"}, "belongs in `secrets`"),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_right(folder: Path, name: str, value: Any, said: str) -> None:
    (folder / "b.auto.tfvars.json").write_text(json.dumps({name: value}))
    refused = terraform(folder, "plan", "-input=false", "-no-color")
    assert refused.returncode != 0
    assert said in " ".join(refused.stderr.split())


@pytest.fixture(scope="module")
def google_provider() -> Iterator[dict[str, str]]:
    with provider() as environment:
        yield environment


def test_the_files_are_valid_by_the_schema_of_the_provider(google_provider: dict[str, str]) -> None:
    checked = terraform(FOLDER, "validate", "-no-color", **google_provider)
    assert checked.returncode == 0, checked.stderr


def test_what_would_be_made_follows_from_the_jobs(google_provider: dict[str, str], tmp_path: Path) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "terraform", ignore=shutil.ignore_patterns(".*"))
    jobs = {
        "brevo": {"schedule": "15 3 * * *", "shards": 4},
        "acme": {"schedule": "0 4 * * *", "paused": True},
    }
    secrets = {"BREVO_API_KEY": "brevo-api-key", "ACME_REFRESH_TOKEN": "acme-token"}
    given = {"jobs": jobs, "secrets": secrets, "rotating_secrets": ["acme-token"]}
    (folder / "a.auto.tfvars").write_text(EXAMPLE)
    (folder / "b.auto.tfvars.json").write_text(json.dumps(given))
    planned = terraform(folder, "plan", "-input=false", "-no-color", "-out=planned", **google_provider)
    assert planned.returncode == 0, planned.stderr
    shown = json.loads(terraform(folder, "show", "-json", "planned", **google_provider).stdout)
    made = {each["address"]: each["change"]["after"] for each in shown["resource_changes"]}
    (task,) = made['google_cloud_run_v2_job.run["acme"]']["template"][0]["template"]
    (container,) = task["containers"]
    assert {
        "name": "TIDEGATE_HOME",
        "value": "gs://acme-data-prod-tidegate/home",
        "value_source": [],
    } in container["env"]
    assert made['google_cloud_scheduler_job.start["acme"]']["paused"] is True
    assert 'google_workflows_workflow.steps["brevo"]' in made
    assert 'google_workflows_workflow.steps["acme"]' not in made
    granted = sorted(
        each["role"]
        for address, each in made.items()
        if address.startswith("google_secret_manager_secret_iam")
    )
    assert granted == [
        *["roles/secretmanager.secretAccessor"] * 2,
        "roles/secretmanager.secretVersionManager",
    ]


def test_a_setting_that_is_both_secret_and_in_the_clear_is_refused(
    google_provider: dict[str, str], tmp_path: Path
) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "terraform", ignore=shutil.ignore_patterns(".*"))
    (folder / "a.auto.tfvars").write_text(EXAMPLE + '\nenvironment = { BREVO_BASE_URL = "x" }\n')
    (folder / "b.auto.tfvars.json").write_text(json.dumps({"secrets": {"BREVO_BASE_URL": "brevo-url"}}))
    refused = terraform(folder, "plan", "-input=false", "-no-color", **google_provider)
    assert refused.returncode != 0
    assert "either in `secrets` or in `environment`" in " ".join(refused.stderr.split())


@pytest.mark.extended
def test_terraform_validates_the_files_by_the_provider_itself_where_it_can_be_had(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "terraform", dirs_exist_ok=True)
    ready = terraform(tmp_path / "terraform", "init", "-backend=false", "-input=false", "-no-color")
    if ready.returncode == 0:
        checked = terraform(tmp_path / "terraform", "validate", "-no-color")
        assert checked.returncode == 0, checked.stderr
    else:  # there is no registry here: the schema in tests/servers stands for it
        assert "registry" in ready.stderr
