"""The stand-ins for BigQuery and Cloud Storage: there for a test, each test in a corner of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest

from tests.standins import ROOT, Google, StandIns, running

pytestmark = pytest.mark.extended


def bigquery_client(google: Google) -> Any:
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    anonymous: Any = AnonymousCredentials
    return bigquery.Client(project=google.project, credentials=anonymous())


def bucket_of(google: Google) -> Any:
    import google.cloud.storage as gcs

    return gcs.Client(project=google.project).bucket(google.bucket)


def test_google_clients_find_the_stand_ins_by_the_environment(google: Google) -> None:
    with bigquery_client(google) as client:
        assert next(iter(client.query_and_wait("SELECT 1 + 1"))).values() == (2,)
    bucket_of(google).blob("a").upload_from_string("x", if_generation_match=0)
    assert bucket_of(google).blob("a").download_as_bytes() == b"x"


def test_load_job_reads_what_the_storage_stand_in_holds(google: Google, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from google.cloud import bigquery

    pq.write_table(pa.table({"id": [1, 2, 3]}), tmp_path / "part.parquet")
    bucket_of(google).blob("parts/part.parquet").upload_from_filename(tmp_path / "part.parquet")
    with bigquery_client(google) as client:
        client.create_dataset(google.dataset)
        settings = bigquery.LoadJobConfig(source_format="PARQUET")
        table = f"{google.project}.{google.dataset}.rows"
        client.load_table_from_uri(
            f"gs://{google.bucket}/parts/part.parquet", table, job_config=settings
        ).result()
        assert [row["id"] for row in client.query_and_wait(f"SELECT id FROM {table} ORDER BY id")] == [
            1,
            2,
            3,
        ]


def test_servers_are_gone_after_the_block(google: Google, tmp_path: Path) -> None:
    with running(tmp_path) as second:
        assert second.bigquery != google.standins.bigquery
    for address in (second.bigquery, second.storage):
        with pytest.raises(URLError, match="refused"):
            urlopen(address, timeout=5)


def test_servers_of_a_session_that_was_killed_are_gone(standins: StandIns, tmp_path: Path) -> None:
    session = f"""
import pathlib, time
from tests.standins import running
with running(pathlib.Path({str(tmp_path)!r})) as servers:
    print(servers.bigquery, servers.storage, flush=True)
    time.sleep(100)
"""
    with subprocess.Popen(
        [sys.executable, "-c", session], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        addresses = process.stdout.readline().split()
        process.kill()
    assert len(addresses) == 2
    deadline = time.monotonic() + 30
    while any(answers(address) for address in addresses):
        assert time.monotonic() < deadline, "a server outlives the tests"
        time.sleep(0.1)


def answers(address: str) -> bool:
    try:
        urlopen(address, timeout=5).close()
    except HTTPError:
        return True
    except OSError:  # refused, or cut in the middle
        return False
    return True
