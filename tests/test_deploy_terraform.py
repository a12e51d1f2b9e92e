"""What the Terraform files promise, read without Terraform: the least rights, nothing public, no secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hcl2
import pytest

FOLDER = Path(__file__).resolve().parent.parent / "deploy" / "terraform"
TEXTS = {path.name: path.read_text("utf-8") for path in sorted(FOLDER.glob("*.tf"))}
# Each role that is given, with what it is given on. Another one is a decision to be made here as well.
ROLES = {
    ("google_project_iam_member", "roles/bigquery.jobUser"),
    ("google_bigquery_dataset_iam_member", "roles/bigquery.dataEditor"),
    ("google_storage_bucket_iam_member", "roles/storage.objectUser"),
    ("google_secret_manager_secret_iam_member", "roles/secretmanager.secretAccessor"),
    ("google_secret_manager_secret_iam_member", "roles/secretmanager.secretVersionManager"),
    ("google_cloud_run_v2_job_iam_member", "roles/run.invoker"),
    # only where a job has several shards
    ("google_cloud_run_v2_job_iam_member", "${google_project_iam_custom_role.conducts[0].id}"),
    ("google_project_iam_member", "roles/workflows.invoker"),
}
# Who has a role, and which: those of the jobs are nobody else's.
STARTS = {"roles/run.invoker", "roles/workflows.invoker"}
CONDUCTS = "${google_project_iam_custom_role.conducts[0].id}"


def plain(value: Any) -> Any:
    """Without the quotes that the parser keeps around strings and labels."""
    if isinstance(value, dict):
        return {plain(key): plain(each) for key, each in value.items() if key != "__is_block__"}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value[1:-1] if isinstance(value, str) and value[:1] == value[-1:] == '"' else value


FILES = {name: plain(hcl2.loads(text)) for name, text in TEXTS.items()}


def blocks(kind: str) -> Iterator[Any]:
    for file in FILES.values():
        yield from file.get(kind, [])


def resources() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for block in blocks("resource"):
        for type_, named in block.items():
            for name, body in named.items():
                yield type_, name, body


def resource(type_: str) -> dict[str, Any]:
    (body,) = [body for found, _, body in resources() if found == type_]
    return body


def variables() -> dict[str, dict[str, Any]]:
    return {name: body for block in blocks("variable") for name, body in block.items()}


def grants() -> Iterator[tuple[str, dict[str, Any]]]:
    return (
        (type_, body) for type_, _, body in resources() if "_iam_" in type_ and "custom_role" not in type_
    )


def test_each_account_has_these_roles_and_no_other() -> None:
    assert {(type_, body["role"]) for type_, body in grants()} == ROLES


def test_roles_are_added_to_accounts_of_ours_and_nobody_elses_are_taken_away() -> None:
    for type_, body in grants():
        assert type_.endswith("_iam_member"), f"{type_} would replace what others have granted"
        owner = (
            "scheduler"
            if body["role"] in STARTS
            else "conductor[0]"
            if body["role"] == CONDUCTS
            else "runner"
        )
        assert body["member"] == f"${{google_service_account.{owner}.member}}"


def test_the_role_of_our_own_can_neither_read_what_it_need_not_nor_give_rights() -> None:
    assert resource("google_project_iam_custom_role")["permissions"] == [
        "run.executions.get",
        "run.jobs.get",
        "run.jobs.run",
        "run.jobs.runWithOverrides",
    ]


def test_nothing_is_public() -> None:
    for text in TEXTS.values():
        assert "allUsers" not in text
        assert "allAuthenticatedUsers" not in text
    bucket = resource("google_storage_bucket")
    assert (bucket["uniform_bucket_level_access"], bucket["public_access_prevention"]) == (True, "enforced")


def test_no_value_of_a_secret_passes_through_terraform() -> None:
    types = {type_ for type_, _, _ in resources()}
    assert "google_secret_manager_secret" in types
    assert not any("secret_version" in type_ for type_ in types)
    assert not list(blocks("data"))
    assert "secret://${var.project}/${id}" in TEXTS["locals.tf"]


def test_state_and_staged_parts_go_by_themselves() -> None:
    rules = resource("google_storage_bucket")["lifecycle_rule"]
    found = {
        (rule["action"][0]["type"], *rule["condition"][0].get("matches_prefix", [])): rule["condition"][0][
            "age"
        ]
        for rule in rules
    }
    assert found == {
        ("Delete", "home/"): "${var.state_days}",
        ("Delete", "staging/"): 2,
        ("AbortIncompleteMultipartUpload",): 2,
    }
    assert '"gs://${local.bucket}/home"' in TEXTS["locals.tf"]
    assert "staging=gs://${local.bucket}/staging" in TEXTS["locals.tf"]


def test_tables_never_expire_and_nothing_that_holds_data_goes_with_the_rest() -> None:
    dataset, bucket = resource("google_bigquery_dataset"), resource("google_storage_bucket")
    assert "default_table_expiration_ms" not in dataset
    assert (dataset["delete_contents_on_destroy"], bucket["force_destroy"]) == (False, False)
    assert resource("google_secret_manager_secret")["lifecycle"] == [{"prevent_destroy": True}]


def test_bucket_and_dataset_are_in_one_place() -> None:
    places = {resource(type_)["location"] for type_ in ("google_storage_bucket", "google_bigquery_dataset")}
    assert places == {"${var.location}"}


def test_a_job_writes_to_its_scratch_folder_alone() -> None:
    (outer,) = resource("google_cloud_run_v2_job")["template"]
    (task,) = outer["template"]
    (container,) = task["containers"]
    assert [mount["mount_path"] for mount in container["volume_mounts"]] == ["/tmp"]
    assert task["volumes"][0]["empty_dir"][0]["size_limit"] == "${each.value.scratch}"
    assert task["service_account"] == "${google_service_account.runner.email}"


@pytest.mark.parametrize("name", sorted(variables()))
def test_each_variable_says_what_it_is_and_is_used(name: str) -> None:
    assert variables()[name]["description"]
    assert variables()[name]["type"]
    elsewhere = "".join(text for file, text in TEXTS.items() if file != "variables.tf")
    assert re.search(rf"\bvar\.{name}\b", elsewhere)


def test_each_output_says_what_it_is() -> None:
    outputs = {name: body for block in blocks("output") for name, body in block.items()}
    assert set(outputs) == {"destination", "home", "jobs", "runner", "secrets"}
    assert all(body["description"] for body in outputs.values())
