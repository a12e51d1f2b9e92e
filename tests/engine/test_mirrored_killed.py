"""`kill -9` at random moments, each time on a machine that is then gone with its disk; and the stand-in for
Cloud Storage between them.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.brevo_bench import CORE, Bench, MakeBench
from tests.brevo_truth import assert_exact
from tests.engine.test_run_killed import Asked, logged, requests
from tests.standins import Google
from tidegate.utils.mirrors.bucket import Bucket

pytestmark = pytest.mark.extended

RUN = "execution-of-a-night"
TWO = ("--executor", "processes", "--workers", "2")
# What a run writes, in Python; the warehouse is DuckDB's own.
WATCHED = """
import os, sys
from pathlib import Path
allowed = tuple(sys.argv[1].split(":"))
def look(event, args):
    path, flags = None, 0
    if event == "open":
        path, flags = args[0], args[2]
        if not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            return
    elif event in ("os.mkdir", "os.rename", "os.remove", "os.truncate", "os.link", "os.symlink"):
        path = args[0]
    if isinstance(path, (str, bytes, os.PathLike)):
        name = os.path.abspath(os.fsdecode(os.fspath(path)))
        if not name.startswith(allowed):
            os.write(2, f"WRITES {event} {name}\\n".encode())
sys.dont_write_bytecode = True
sys.addaudithook(look)
sys.argv = ["tidegate", *sys.argv[2:]]
from tidegate.cli.main import main
main()
"""


class Machine:
    """A disk of its own: a new one for each try."""

    count = 0

    def __init__(self, bench: Bench, google: Google, execution: str | None = RUN) -> None:
        Machine.count += 1
        self.disk = bench.folder / "disks" / str(Machine.count)
        self.disk.mkdir(parents=True)
        self.bench = bench
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TIDEGATE_HOME")},
            "BREVO_API_KEY": "a-key-of-the-tests",
            "BREVO_BASE_URL": f"{bench.origin}/v3",
            "BREVO_QUOTA": str(bench.quota),
            "TIDEGATE_HOME": google.home,
            "TIDEGATE_SCRATCH": str(self.disk),
            **({"CLOUD_RUN_EXECUTION": execution} if execution else {}),
        }

    def start(self, *arguments: str, program: tuple[str, ...] = ("-m", "tidegate")) -> subprocess.Popen[str]:
        asked = arguments or ("run", "brevo", *CORE, "--to", str(self.bench.warehouse))
        return subprocess.Popen(
            [sys.executable, *program, *asked],
            env=self.environment,
            cwd=self.bench.folder,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, *arguments: str, program: tuple[str, ...] = ("-m", "tidegate")) -> tuple[int, str, str]:
        process = self.start(*arguments, program=program)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err


@pytest.fixture
def made(bench: MakeBench) -> Bench:
    made = bench(rows=30_000, faults=0.05)
    settings = '[tool.tidegate]\nsegment_age = "0.1s"\nsegment_size = "100KB"\n'
    (made.folder / "pyproject.toml").write_text(settings)
    return made


def closed(google: Google, folder: Path) -> set[tuple[str, Asked]]:
    """The requests whose answers stand in closed segments."""
    bucket = Bucket(google.home)
    for each in bucket.names("runs/"):
        log, _, number = each.name.rpartition("/")
        if log.endswith(".pages"):
            read = bucket.read(each.name)
            assert read is not None
            path = folder / log
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb" if number == "00000001" else "ab") as file:
                file.write(read[0])
    return set(logged(folder))


@pytest.mark.timeout(600)
def test_killed_at_random_and_begun_elsewhere_it_ends_exact_and_asks_for_no_closed_page_again(
    made: Bench, google: Google, tmp_path: Path
) -> None:
    chance = random.Random(11)
    killed, kept = 0, set[tuple[str, Asked]]()
    for attempt in range(8):
        stood, before = closed(google, tmp_path / "read" / str(attempt)), len(requests(made))
        assert kept <= stood
        kept = stood
        process = Machine(made, google).start()
        until = before + chance.randint(1, 6)
        deadline = time.monotonic() + 20
        while process.poll() is None and len(requests(made)) < until and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(chance.random() * 0.3)
        killed += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert not stood & set(requests(made)[before:])
    stood, before = closed(google, tmp_path / "read" / "last"), len(requests(made))
    code, _, err = Machine(made, google).run()
    assert code == 0, err
    assert not stood & set(requests(made)[before:])
    assert killed >= 4
    assert len(stood) >= 5
    assert_exact(made.sandbox, made.warehouse, *CORE)


@pytest.mark.timeout(120)
def test_two_machines_at_once_load_once_and_the_second_names_the_first(made: Bench, google: Google) -> None:
    first = Machine(made, google, "first").start()
    while not requests(made):
        time.sleep(0.005)
    first.send_signal(signal.SIGSTOP)
    code, _, err = Machine(made, google, "second").run()
    first.send_signal(signal.SIGCONT)
    _, said = first.communicate(timeout=100)
    assert first.returncode == 0, said
    assert (code, "in the hands of run first" in err) == (40, True), err
    assert "execution first, task 0" in err
    assert_exact(made.sandbox, made.warehouse, *CORE)


@pytest.mark.timeout(120)
def test_a_killed_run_is_not_taken_over_at_once_by_somebody_else(made: Bench, google: Google) -> None:
    first = Machine(made, google).start()
    while not requests(made):
        time.sleep(0.005)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    code, _, err = Machine(made, google, None).run()
    assert code == 40
    assert f"in the hands of run {RUN}" in err
    assert "its lease runs out within 60 s" in err
    code, _, err = Machine(made, google).run()
    assert code == 0, err


@pytest.mark.timeout(120)
def test_the_commands_that_look_back_work_from_an_empty_disk(made: Bench, google: Google) -> None:
    code, _, err = Machine(made, google).run()
    assert code == 0, err
    to = ("--to", str(made.warehouse))
    for command, said in (
        (("runs", "--json"), RUN),
        (("report", RUN), "brevo.events"),
        (("status", *to), "brevo_contacts"),
        (("replay", RUN, *to), "brevo.contacts"),
        (("drift", "brevo.contacts"), RUN),
        (("quarantine", "replay", *to), "no rows in quarantine"),
        (("gc", "--dry-run"), RUN),
    ):
        code, out, err = Machine(made, google, None).run(*command)
        assert (code, said in out) == (0, True), (command, code, out, err)
    runs = Machine(made, google, None).run("runs", "--json")[1].splitlines()
    assert [json.loads(line)["exit_code"] for line in runs] == [0, 0]


@pytest.mark.timeout(120)
def test_worker_processes_of_one_machine_share_what_it_keeps(made: Bench, google: Google) -> None:
    to = ("--to", str(made.warehouse))
    code, _, err = Machine(made, google).run("run", "brevo", *CORE, *to, *TWO)
    assert code == 0, err
    assert_exact(made.sandbox, made.warehouse, *CORE)
    asked = len(requests(made))
    code, _, err = Machine(made, google, None).run("replay", RUN, *to)
    assert code == 0, err
    assert len(requests(made)) == asked
    assert_exact(made.sandbox, made.warehouse, *CORE)


@pytest.mark.timeout(120)
def test_nothing_is_written_outside_the_scratch_folder(made: Bench, google: Google) -> None:
    machine = Machine(made, google)
    allowed = f"{machine.disk}:{made.warehouse}:{made.folder}/.warehouse.duckdb:/dev/"
    arguments = (allowed, "run", "brevo", *CORE, "--to", str(made.warehouse), "--no-progress")
    code, _, err = machine.run(*arguments, program=("-c", WATCHED))
    assert code == 0, err
    assert "WRITES" not in err, err
    assert_exact(made.sandbox, made.warehouse, *CORE)
