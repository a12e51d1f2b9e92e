"""The README shows what works: its new API is built from its own text, and run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import duckdb
import pytest

README = (Path(__file__).resolve().parent.parent / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, flags=re.DOTALL)
FILES = {
    match[1]: body
    for language, body in BLOCKS
    if language == "python" and (match := re.match(r"# (\S+\.py)\n", body))
}
DAY = datetime(2025, 5, 1, tzinfo=UTC)
ORDERS: list[dict[str, Any]] = [
    {
        "id": number,
        "total": f"{number}.50",
        "createdAt": DAY.isoformat(),
        "updatedAt": (DAY + timedelta(minutes=number)).isoformat(),
    }
    for number in range(250)
]


class Acme(BaseHTTPRequestHandler):
    """The API of the README: orders changed since an instant, by offset."""

    def do_GET(self) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        known = self.headers["x-api-key"] == "a-key-of-acme"
        since = datetime.fromisoformat(query["modifiedSince"])
        rows = [row for row in ORDERS if datetime.fromisoformat(row["updatedAt"]) > since]
        offset, limit = int(query["offset"]), int(query["limit"])
        body = json.dumps({"orders": rows[offset : offset + limit]}).encode()
        self.send_response(200 if known else 401)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def acme() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Acme) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A user's project with the files of the README, and nothing else."""
    (tomls,) = [body for language, body in BLOCKS if language == "toml"]
    (tmp_path / "pyproject.toml").write_text(tomls)
    for name, body in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body)
    return tmp_path


def tidegate(project: Path, *arguments: str, url: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ACME_API_KEY": "a-key-of-acme", "ACME_BASE_URL": url}
    environment.pop("TIDEGATE_HOME", None)
    command = [sys.executable, "-m", "tidegate", *arguments]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)


def test_the_new_api_is_listed(project: Path) -> None:
    listed = tidegate(project, "list")
    assert "acme.orders" in listed.stdout, listed.stderr
    assert "brevo.events" in listed.stdout


def test_the_new_api_loads_and_then_asks_for_changes_only(project: Path) -> None:
    with acme() as url:
        first = tidegate(project, "run", "acme", "--summary", "-", url=url)
        second = tidegate(project, "run", "acme", "--summary", "-", url=url)
    assert first.returncode == 0, first.stderr
    loaded = [json.loads(run.stdout)["tasks"][0]["rows_loaded"] for run in (first, second)]
    assert loaded == [250, 250]  # all of them lie within the look-back of a day
    with duckdb.connect(str(project / "warehouse.duckdb"), read_only=True) as db:
        assert db.execute("SELECT count(*), sum(total) FROM acme_orders").fetchone() == (250, 31_250)


def test_the_plain_way_loads_rows_in_hand(project: Path) -> None:
    (plain,) = [body for language, body in BLOCKS if language == "python" and "import load" in body]
    script = (
        "from datetime import UTC, datetime\nfrom workflows.acme.schemas import ORDERS\n"
        f"at = datetime.now(UTC)\n{plain}"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=project, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    with duckdb.connect(str(project / "plain.duckdb"), read_only=True) as db:
        assert db.execute("SELECT count(*) FROM acme_orders").fetchone() == (1,)


def test_the_files_of_the_new_api_are_short() -> None:
    code = [line for body in FILES.values() for line in body.splitlines()]
    written = [line for line in code if line.strip() and not line.startswith(("#", "from", "import"))]
    assert len(written) <= 50


def test_every_command_of_the_table_exists() -> None:
    helped = subprocess.run(
        [sys.executable, "-m", "tidegate", "--help"], capture_output=True, text=True, check=True
    )
    commands = set(re.findall(r"^  (\w+)  ", helped.stdout.split("Commands:")[1], flags=re.MULTILINE))
    table = README.split("## The command line")[1].split("| exit code")[0]
    shown = set(re.findall(r"`(?:tidegate )?(\w+)[ `]", table)) & commands
    assert shown == commands
