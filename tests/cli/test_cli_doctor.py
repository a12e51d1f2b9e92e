"""`tidegate doctor`: what it finds on a machine, in Google Cloud and at a vendor, and what it says to do."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from google.cloud import bigquery

from tests.cli.command_line import Ended, Shell
from tests.http_tools.loopback import Answer, Loopback
from tests.servers.google_cloud import LOADER, ROBOT, GoogleCloud, google_cloud
from tests.servers.secret_manager import SecretManager
from tests.standins import Google
from tidegate.app.doctor_findings import clock
from tidegate.utils.gcp_clients import bigquery_client

TO = "bigquery://acme/shop?location=EU"
JOBS, MAKE = "bigquery.jobs.create", "bigquery.datasets.create"
EDITOR = {
    f"bigquery.{each}"
    for each in (
        "datasets.get", "tables.create", "tables.delete", "tables.get", "tables.getData", "tables.list",
        "tables.update", "tables.updateData",
    )
}  # fmt: skip
OBJECTS = {f"storage.objects.{each}" for each in ("create", "delete", "get", "list")}


@pytest.fixture
def cloud(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GoogleCloud]:
    """A project in which the robot may do all that a run needs, with a dataset that has a table."""
    for name in ("BIGQUERY_EMULATOR_HOST", "STORAGE_EMULATOR_HOST"):
        monkeypatch.delenv(name, raising=False)
    with google_cloud() as cloud:
        shell.env |= cloud.environment(tmp_path)
        cloud.on_project, cloud.datasets, cloud.tables = {JOBS, *EDITOR}, {"shop": "EU"}, ["orders"]
        yield cloud
        assert cloud.written == []  # it looks, and changes nothing


def checks(ended: Ended) -> list[dict[str, Any]]:
    told = json.loads(ended.out)
    assert told["ok"] == (ended.code == 0)
    found: list[dict[str, Any]] = told["checks"]
    return found


def wrong(ended: Ended) -> list[tuple[str, str, str]]:
    return [
        (each["check"], each["told"], each["todo"]) for each in checks(ended) if each["verdict"] == "wrong"
    ]


def told(ended: Ended, check: str) -> str:
    (found,) = (each for each in checks(ended) if each["check"] == check and each["verdict"] == "ok")
    return str(found["told"])


# On this machine


def test_all_is_well_in_an_empty_folder_and_nothing_is_made_there(shell: Shell) -> None:
    ended = shell.inside("doctor")
    assert (ended.code, ended.err) == (0, "")
    assert [line.split()[0] for line in ended.out.splitlines()] == ["ok"] * 3
    assert "warehouse.duckdb, will be made by the first run" in ended.out
    assert list(shell.folder.iterdir()) == []


def test_after_a_run_its_destination_can_be_opened(shell: Shell) -> None:
    assert shell.run_inside("campaigns").code == 0
    ended = shell.inside("doctor", "--to", "x.duckdb", "--json")
    assert ended.code == 0
    assert any("can be opened; 1 tables have commits" in each["told"] for each in checks(ended))


def test_a_warehouse_that_somebody_has_open_is_told_with_its_owner(shell: Shell) -> None:
    assert shell.run_inside("campaigns").code == 0
    with duckdb.connect(str(shell.warehouse)):
        ended = shell("doctor", "--to", "x.duckdb", "--json")
    assert ended.code == 30
    ((check, text, todo),) = wrong(ended)
    assert (check, todo) == ("destination", "close it there, then run again")
    assert "has it open" in text


@pytest.mark.parametrize("to", ["x.duckdb", "parquet:x.duckdb"])
def test_a_file_that_is_no_warehouse_is_wrong(shell: Shell, to: str) -> None:
    shell.warehouse.write_text("something else")
    ended = shell.inside("doctor", "--to", to, "--json")
    assert ended.code == 30
    assert {check for check, _, _ in wrong(ended)} == {"destination"}


def test_a_destination_below_a_file_cannot_be_made(shell: Shell) -> None:
    (shell.folder / "notes").write_text("")
    ended = shell.inside("doctor", "--to", "notes/x.duckdb", "--json")
    ((_, text, _),) = wrong(ended)
    assert "notes is a file" in text


def test_a_state_folder_that_others_may_read_is_wrong(shell: Shell) -> None:
    shell.home.mkdir(mode=0o755)
    ((check, text, todo),) = wrong(shell.inside("doctor", "--json"))
    assert (check, todo) == ("home", f"chmod 700 {shell.home}")
    assert "others may read it" in text


def test_a_clock_that_is_off_is_wrong() -> None:
    now = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
    (near,) = clock("Sat, 31 Jan 2026 11:59:40 GMT", "Google", now)
    (late,) = clock("Sat, 31 Jan 2026 12:01:33 GMT", "Google", now)
    (early,) = clock("Sat, 31 Jan 2026 11:58:27 GMT", "brevo", now)
    assert near.verdict == "ok"
    assert (late.verdict, late.told) == ("wrong", "this machine's clock is 93.0 s behind that of Google")
    assert early.told == "this machine's clock is 93.0 s ahead of that of brevo"
    assert list(clock(None, "Google", now)) == list(clock("yesterday", "Google", now)) == []


# The workflow's credential


def test_a_key_that_is_taken_costs_one_request(shell: Shell, brevo: Any) -> None:
    before = brevo.requests
    ended = shell.inside("doctor", "brevo", "--json")
    assert ended.code == 0
    assert "the credential is taken" in told(ended, "brevo")
    assert brevo.requests == before + 1
    assert told(ended, "clock").startswith("that of brevo")


def test_a_key_that_is_refused_is_wrong_and_not_shown(scripted: Shell, api: Loopback) -> None:
    api.by = lambda _: Answer(401, b'{"code": "unauthorized", "message": "Key not found"}')
    ended = scripted.inside("doctor", "brevo", "--json")
    ((check, text, todo),) = wrong(ended)
    assert check == "brevo"
    assert "401" in text
    assert "BREVO_API_KEY" in todo
    assert scripted.env["BREVO_API_KEY"] not in ended.out
    assert len(api.seen) == 1


def test_a_key_that_is_not_set_is_named(shell: Shell) -> None:
    del shell.env["BREVO_API_KEY"]
    ((check, text, todo),) = wrong(shell.inside("doctor", "brevo", "--json"))
    assert (check, text) == ("brevo", "brevo: BREVO_API_KEY is not set")
    assert todo.startswith("Set BREVO_API_KEY")


def test_a_workflow_that_nobody_knows_is_wrong_usage(shell: Shell) -> None:
    shell.inside("doctor", "bravo").failed(2, "there is no workflow 'bravo'", "brevo")


# Secrets


def test_a_key_out_of_secret_manager_is_read_and_tried(
    scripted: Shell, api: Loopback, secret_manager: SecretManager
) -> None:
    secret_manager.put("acme/brevo", "a-key-that-is-kept")
    (scripted.folder / ".env").write_text("BREVO_API_KEY=secret://acme/brevo\n")
    del scripted.env["BREVO_API_KEY"]
    api.by = lambda seen: Answer(200 if seen.headers["api-key"] == "a-key-that-is-kept" else 401)
    ended = scripted.inside("doctor", "brevo", "--json")
    assert ended.code == 0
    assert told(ended, "secret") == "BREVO_API_KEY: secret://acme/brevo can be read, version 1"
    assert "a-key-that-is-kept" not in ended.out


@pytest.mark.parametrize("trouble", ["denied", "missing", "DISABLED", "DESTROYED"])
def test_what_is_wrong_with_a_secret_is_told_with_what_to_do(
    shell: Shell, secret_manager: SecretManager, trouble: str
) -> None:
    secret_manager.put("acme/key", "a-key-that-is-kept")
    shell.env["TIDEGATE_HASH_KEY"] = "secret://acme/key"
    expected = {
        "denied": "gcloud secrets add-iam-policy-binding key --project=acme",
        "missing": "gcloud secrets versions list other --project acme",
        "DISABLED": "Enable it",
        "DESTROYED": "Add a version",
    }[trouble]
    if trouble == "denied":
        secret_manager.denied.add("secretmanager.versions.access")
    elif trouble == "missing":
        shell.env["TIDEGATE_HASH_KEY"] = "secret://acme/other"
    else:
        secret_manager.set_state("acme/key", 1, trouble)
    ended = shell.inside("doctor", "--json")
    ((check, text, todo),) = wrong(ended)
    assert check == "secret"
    assert text.startswith("TIDEGATE_HASH_KEY: secret://acme/")
    assert expected in todo
    if trouble == "denied":
        assert "--role=roles/secretmanager.secretAccessor" in todo


# BigQuery


def test_who_may_do_all_on_the_project_is_told_so(shell: Shell, cloud: GoogleCloud) -> None:
    ended = shell.inside("doctor", "--to", TO, "--json")
    assert ended.code == 0
    assert told(ended, "identity") == ROBOT
    assert told(ended, "clock").startswith("that of Google")
    assert told(ended, "dataset") == "BigQuery dataset acme.shop, in EU"
    assert told(ended, "permissions").startswith("all that a run needs: bigquery.jobs.create, ")


def test_what_is_granted_on_the_dataset_alone_is_found_out_there(shell: Shell, cloud: GoogleCloud) -> None:
    cloud.on_project, cloud.on_dataset = {JOBS}, set(EDITOR)
    ended = shell.inside("doctor", "--to", TO, "--json")
    assert ended.code == 0
    assert told(ended, "permissions").startswith("all that a run needs")


def test_each_permission_that_is_missing_in_the_dataset_is_named_with_what_grants_it(
    shell: Shell, cloud: GoogleCloud
) -> None:
    seen = {"bigquery.datasets.get", "bigquery.tables.list"}
    cloud.on_project, cloud.on_dataset = {JOBS}, set(seen)
    ended = shell.inside("doctor", "--to", TO, "--json")
    assert ended.code == 30
    grant = (
        f'In BigQuery: GRANT `roles/bigquery.dataEditor` ON SCHEMA `acme.shop` TO "serviceAccount:{ROBOT}"'
    )
    assert sorted(wrong(ended)) == [
        ("permission", f"{each} is missing on dataset acme.shop", grant) for each in sorted(EDITOR - seen)
    ]


def test_without_the_right_to_list_tables_that_one_is_missing(shell: Shell, cloud: GoogleCloud) -> None:
    cloud.on_project, cloud.on_dataset = {JOBS}, EDITOR - {"bigquery.tables.list"}
    ended = shell.inside("doctor", "--to", TO, "--json")
    assert "bigquery.tables.list is missing on dataset acme.shop" in [text for _, text, _ in wrong(ended)]


def test_a_missing_right_to_run_jobs_is_granted_on_the_project(shell: Shell, cloud: GoogleCloud) -> None:
    cloud.on_project = set(EDITOR)
    ended = shell.inside("doctor", "--to", TO, "--json")
    command = "gcloud projects add-iam-policy-binding acme"
    member = f"--member=serviceAccount:{ROBOT} --role=roles/bigquery.jobUser"
    assert wrong(ended) == [("permission", f"{JOBS} is missing on project acme", f"{command} {member}")]


def test_a_dataset_without_tables_leaves_untold_what_only_it_may_grant(
    shell: Shell, cloud: GoogleCloud
) -> None:
    cloud.on_project, cloud.on_dataset, cloud.tables = {JOBS}, set(EDITOR), []
    ended = shell.inside("doctor", "--to", TO, "--json")
    assert ended.code == 0
    untold = [each["told"] for each in checks(ended) if each["verdict"] == "unknown"]
    assert len(untold) == 5
    assert "perhaps on the dataset" in untold[0]


def test_a_dataset_that_is_not_there_wants_the_right_to_make_it(shell: Shell, cloud: GoogleCloud) -> None:
    cloud.datasets.clear()
    cloud.on_project.add(MAKE)
    ended = shell.inside("doctor", "--to", TO, "--json")
    assert ended.code == 0
    assert told(ended, "dataset").endswith("will be made by the first run, in EU")
    cloud.on_project.remove(MAKE)
    ended = shell.inside("doctor", "--to", TO, "--json")
    ((_, text, todo),) = wrong(ended)
    assert text == f"{MAKE} is missing on project acme"
    assert "roles/bigquery.user" in todo


def test_a_dataset_that_is_not_there_wants_a_location(shell: Shell, cloud: GoogleCloud) -> None:
    cloud.datasets.clear()
    cloud.on_project.add(MAKE)
    ended = shell.inside("doctor", "--to", "bigquery://acme/shop", "--json")
    ((_, text, todo),) = wrong(ended)
    assert "nothing says where it should be" in text
    assert "bigquery://acme/shop?location=EU" in todo


def test_a_dataset_elsewhere_is_wrong(shell: Shell, cloud: GoogleCloud) -> None:
    cloud.datasets["shop"] = "us-central1"
    ((_, text, todo),) = wrong(shell.inside("doctor", "--to", TO, "--json"))
    assert text == "BigQuery dataset acme.shop is in us-central1, not in EU"
    assert "?location=us-central1" in todo


def test_a_dataset_that_may_not_be_seen_is_told_as_such(shell: Shell, cloud: GoogleCloud) -> None:
    cloud.on_project = {JOBS}
    ((check, text, todo),) = wrong(shell.inside("doctor", "--to", TO, "--json"))
    assert check == "dataset"
    assert "permission bigquery.datasets.get is missing" in text
    assert "roles/bigquery.dataEditor" in todo


def test_where_permissions_on_the_project_cannot_be_asked_they_are_tried(
    shell: Shell, cloud: GoogleCloud
) -> None:
    cloud.manager = False
    ended = shell.inside("doctor", "--to", TO, "--json")
    assert ended.code == 0
    (unknown,) = (each for each in checks(ended) if each["verdict"] == "unknown")
    assert "gcloud services enable" in unknown["todo"]
    assert told(ended, "permissions").startswith("all that a run needs")
    cloud.on_project.remove(JOBS)
    _, text, _ = wrong(shell.inside("doctor", "--to", TO, "--json"))[0]
    assert text == f"{JOBS} is missing on project acme"


def test_without_credentials_nothing_else_is_asked(shell: Shell, cloud: GoogleCloud) -> None:
    shell.env["GOOGLE_APPLICATION_CREDENTIALS"] = str(shell.folder / "none.json")
    ended = shell.inside("doctor", "--to", TO, "--json")
    ((check, _, todo),) = wrong(ended)
    assert check == "identity"
    assert "gcloud auth application-default login" in todo
    assert cloud.loopback.seen == []


def test_an_impersonated_account_is_who_is_looked_at(shell: Shell, cloud: GoogleCloud) -> None:
    shell.env["TIDEGATE_GOOGLE_IMPERSONATE"] = LOADER
    cloud.on_project = {"iam.serviceAccounts.getAccessToken", *EDITOR}
    ended = shell.inside("doctor", "--to", TO, "--json")
    assert told(ended, "identity") == LOADER
    ((_, text, todo),) = wrong(ended)
    assert text == f"{JOBS} is missing on project acme"
    assert f"--member=serviceAccount:{LOADER}" in todo


def test_who_may_not_impersonate_is_told_the_role(shell: Shell, cloud: GoogleCloud) -> None:
    shell.env["TIDEGATE_GOOGLE_IMPERSONATE"] = LOADER
    ((check, text, todo),) = wrong(shell.inside("doctor", "--to", TO, "--json"))
    assert check == "identity"
    assert "may not act as the service account to impersonate" in text
    assert "roles/iam.serviceAccountTokenCreator" in todo


def test_without_the_extra_the_install_line_is_what_to_do(
    shell: Shell, cloud: GoogleCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "google.auth", None)
    ((check, text, todo),) = wrong(shell.inside("doctor", "--to", TO, "--json"))
    assert (check, text, todo) == (
        "identity",
        "google-auth is not installed",
        "pip install 'tidegate[bigquery]'",
    )


# Buckets

STAGED = f"{TO}&staging=gs://acme-lake/staging"


def test_a_bucket_is_asked_for_what_a_run_needs(shell: Shell, cloud: GoogleCloud) -> None:
    cloud.buckets, cloud.on_bucket = {"acme-lake": "EU"}, {*OBJECTS, "storage.buckets.get"}
    ended = shell.inside("doctor", "--to", STAGED, "--json")
    assert ended.code == 0
    assert told(ended, "bucket") == "gs://acme-lake (staging) can be read and written, in EU"


def test_a_run_needs_no_right_to_look_at_the_bucket_itself(shell: Shell, cloud: GoogleCloud) -> None:
    cloud.buckets, cloud.on_bucket = {"acme-lake": "EU"}, set(OBJECTS)
    ended = shell.inside("doctor", "--to", STAGED, "--json")
    assert ended.code == 0
    assert told(ended, "bucket") == "gs://acme-lake (staging) can be read and written"


def test_each_permission_that_is_missing_on_the_bucket_is_named_with_what_grants_it(
    shell: Shell, cloud: GoogleCloud
) -> None:
    cloud.buckets = {"acme-lake": "EU"}
    ended = shell.inside("doctor", "--to", STAGED, "--json")
    command = "gcloud storage buckets add-iam-policy-binding gs://acme-lake"
    member = f"--member=serviceAccount:{ROBOT} --role=roles/storage.objectUser"
    assert wrong(ended) == [
        ("permission", f"{each} is missing on bucket gs://acme-lake", f"{command} {member}")
        for each in sorted(OBJECTS)
    ]


def test_a_bucket_that_is_not_there_is_told_with_the_command_that_makes_it(
    shell: Shell, cloud: GoogleCloud
) -> None:
    ((_, text, todo),) = wrong(shell.inside("doctor", "--to", STAGED, "--json"))
    assert text == "gs://acme-lake (staging) is not there"
    assert todo == "gcloud storage buckets create gs://acme-lake --location=EU"


def test_a_bucket_on_another_continent_than_the_dataset_is_wrong(shell: Shell, cloud: GoogleCloud) -> None:
    cloud.buckets, cloud.on_bucket = {"acme-lake": "US-EAST1"}, {*OBJECTS, "storage.buckets.get"}
    ((_, text, _),) = wrong(shell.inside("doctor", "--to", STAGED, "--json"))
    assert text.startswith("gs://acme-lake (staging) is in US-EAST1, and the dataset in EU")


def test_a_home_in_a_bucket_where_nothing_may_be_replaced_is_wrong(
    shell: Shell, cloud: GoogleCloud, tmp_path: Path
) -> None:
    cloud.buckets, cloud.on_bucket = {"acme-lake": "EU"}, {*OBJECTS, "storage.buckets.get"}
    cloud.retention_s = 7 * 86_400
    shell.env |= {"TIDEGATE_HOME": "gs://acme-lake/home", "TIDEGATE_SCRATCH": str(tmp_path / "scratch")}
    ((_, text, todo),) = wrong(shell.inside("doctor", "--json"))
    assert text == "gs://acme-lake (home) has a retention policy of 604,800 s: a run must replace files"
    assert todo == "Name a bucket without a retention policy."


def test_a_home_in_a_bucket_is_checked_whatever_the_destination(
    shell: Shell, cloud: GoogleCloud, tmp_path: Path
) -> None:
    cloud.buckets, cloud.on_bucket = {"acme-lake": "EU"}, OBJECTS - {"storage.objects.delete"}
    shell.env |= {"TIDEGATE_HOME": "gs://acme-lake/home", "TIDEGATE_SCRATCH": str(tmp_path / "scratch")}
    ended = shell.inside("doctor", "--json")
    ((_, text, _),) = wrong(ended)
    assert text == "storage.objects.delete is missing on bucket gs://acme-lake"
    assert told(ended, "identity") == ROBOT


# Stand-ins


@pytest.mark.extended
def test_stand_ins_are_asked_without_credentials(shell: Shell, google: Google, tmp_path: Path) -> None:
    shell.env |= {"TIDEGATE_HOME": google.home, "TIDEGATE_SCRATCH": str(tmp_path / "scratch")}
    ended = shell.inside("doctor", "brevo", "--to", google.to, "--json")
    assert ended.code == 0, ended
    assert told(ended, "identity").startswith("none is needed")
    assert "will be made by the first run" in told(ended, "dataset")
    assert told(ended, "bucket").startswith(f"gs://{google.bucket} (home) can be read and written")
    dataset = bigquery.Dataset(f"{google.project}.{google.dataset}")
    dataset.location = "EU"
    with closing(bigquery_client(google.project)) as client:
        client.create_dataset(dataset)
    ended = shell.inside("doctor", "--to", google.to, "--json")
    assert ended.code == 0, ended
    assert told(ended, "dataset").endswith(", in EU")
    assert told(ended, "permissions").startswith("all that a run needs")
