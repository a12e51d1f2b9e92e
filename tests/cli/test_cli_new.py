"""`tidegate new`: from a description to rows in a table; again: what a hand made stays."""

from __future__ import annotations

import os
import pty
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command_line import Shell
from tests.http_tools.loopback import Answer, Loopback, Seen, as_json

SPECS = Path(__file__).parents[1] / "authoring" / "specs"
LEDGER = str(SPECS / "ledger.json")
TITELIVE = (
    '{"type":1,"page":"1","nombre":1,"result":[{"id":2842547,"titre":"T","auteurs":"A","auteurs_multi":["A"],'
    '"article":{"1":{"gencod":"9782370730541","editeur":"ALLARY","prix":22.9,"prixpays":{"fr":{"value":22.9,'
    '"devise":"&euro;"}},"dateparution":"11/06/2015","dispo":1,"image":"1","pages":"160","poids":"540",'
    '"datemodification":"23/02/2024","scolaire":"0","taux_tva":"5.50",'
    '"gtl":{"first":{"1":{"code":"3000000","libelle":"BD"}}}}}}],"nbreponses":50000,"temps":1.18904}'
)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """An empty folder."""
    return Shell(tmp_path)


@pytest.fixture
def api() -> Iterator[Loopback]:
    made = Loopback()
    yield made
    made.close()


def _files(folder: Path) -> dict[str, str]:
    """Every file below, but those of Python's own and of the state folder."""
    return {
        str(file.relative_to(folder)): file.read_text()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not {"__pycache__", ".tidegate"} & set(file.relative_to(folder).parts)
    }


def _ledger(seen: Seen) -> Answer:
    """Two pages of accounts, by the id of the last one."""
    accounts: list[dict[str, Any]] = [
        {"id": f"a{n:03}", "object": "account", "is_open": True} for n in range(150)
    ]
    after = seen.query.get("starting_after", "")
    left = [each for each in accounts if each["id"] > after]
    size = int(seen.query.get("limit", 100))
    return as_json({"object": "list", "data": left[:size], "has_more": len(left) > size})


def test_a_description_becomes_rows_in_a_table_without_an_edit(shell: Shell, api: Loopback) -> None:
    def answer(seen: Seen) -> Answer:
        if seen.path == "/token":
            return as_json({"access_token": "t" * 20, "expires_in": 3600, "token_type": "bearer"})
        return _ledger(seen)

    api.by = answer
    made = shell.inside(
        *("new", "ledger", "--openapi", LEDGER, "--path", "/accounts", "--quota", "1000/s"),
        *("--auth", f"client_credentials:{api.url}/token"),
    )
    assert made.code == 0, made
    assert "tidegate run ledger" in made.out

    settings = {
        "LEDGER_BASE_URL": api.url,
        "LEDGER_CLIENT_ID": "me",
        "LEDGER_CLIENT_SECRET": "a-secret-of-the-tests",
        "LEDGER_TOKEN_URL": f"{api.url}/token",
    }
    assert "ledger.accounts" in shell("list").out
    ran = shell("run", "ledger", "--to", "x.duckdb", **settings)
    assert ran.code == 0, ran
    assert shell.tables() == {"ledger_accounts": 150}


def test_again_with_nothing_new_changes_nothing_and_says_so(shell: Shell) -> None:
    command = ("new", "ledger", "--openapi", LEDGER, "--path", "/accounts")
    assert shell.inside(*command).code == 0
    before = _files(shell.folder)
    again = shell.inside(*command)
    assert (again.code, _files(shell.folder)) == (0, before)
    assert "nothing has changed" in again.out


def test_a_second_listing_joins_what_a_hand_has_made(shell: Shell) -> None:
    assert (
        shell.inside("new", "ledger", "--openapi", LEDGER, "--path", "/accounts", "--key", "accounts=id").code
        == 0
    )
    client, tasks = shell.folder / "connectors/ledger/client.py", shell.folder / "workflows/ledger/tasks.py"
    client.write_text(client.read_text() + "\n    def mine(self) -> int:\n        return 1\n")
    tasks.write_text(tasks.read_text().replace("import task", "import task  # by hand"))
    (shell.folder / "workflows/ledger/load.py").unlink()

    again = shell.inside("new", "ledger", "--openapi", LEDGER, "--path", "/events")

    assert again.code == 0, again
    assert "def mine(" in client.read_text()
    assert "def get_events(" in client.read_text()
    assert "# by hand" in tasks.read_text()
    assert "you deleted it: not written again: workflows/ledger/load.py" in again.out
    assert "+    def get_events(" in again.out
    assert "events" in (shell.folder / "workflows/ledger/main.py").read_text()


def test_where_both_changed_yours_stays_and_the_other_is_shown(shell: Shell) -> None:
    assert shell.inside("new", "ledger", "--openapi", LEDGER, "--path", "/journal").code == 0
    config = shell.folder / "workflows/ledger/config.py"
    mine = config.read_text().replace('write="replace"', 'write="append"')
    config.write_text(mine)
    command = ("new", "ledger", "--openapi", LEDGER, "--key", "journal=number")

    again = shell.inside(*command)

    assert again.code == 10
    assert config.read_text() == mine
    assert "kept yours where both changed: workflows/ledger/config.py" in again.out
    assert '+JOURNAL = Table("ledger_journal", CleanJournal, key=("number",), write="merge")' in again.out
    assert shell.inside(*command).code == 0  # it has been told, and the file is yours


def test_a_trial_writes_nothing(shell: Shell) -> None:
    tried = shell.inside("new", "ledger", "--openapi", LEDGER, "--all", "--dry-run", "--diff")
    assert tried.code == 0, tried
    assert "would be new: connectors/ledger/client.py" in tried.out
    assert "+class LedgerConnector:" in tried.out
    assert list(shell.folder.iterdir()) == []


def test_a_machine_gets_one_object(shell: Shell) -> None:
    made = shell.inside("new", "ledger", "--openapi", LEDGER, "--path", "/journal", "--json")
    told = made.summary
    assert told["listings"][0]["task"] == "journal"
    assert told["listings"][0]["paging"]["kind"] == "offset"
    assert {"path": "connectors/ledger/client.py", "outcome": "new", "changed": True} in told["files"]
    assert any("quota" in each for each in told["todo"])


def test_the_workflow_is_entered_beside_what_a_person_wrote(shell: Shell) -> None:
    settings = shell.folder / "pyproject.toml"
    settings.write_text('# mine\n[tool.tidegate]\nto = "w.duckdb"  # here\nworkflows = [ ]\n')
    assert shell.inside("new", "ledger", "--openapi", LEDGER, "--path", "/journal").code == 0
    text = settings.read_text()
    assert "# mine\n" in text
    assert 'to = "w.duckdb"  # here\n' in text
    assert "workflows.ledger.main:app" in text
    settings.write_text("[tool.tidegate]\nworkflows = []\n")  # a person takes it out again
    assert shell.inside("new", "ledger", "--openapi", LEDGER, "--path", "/events").code == 0
    assert settings.read_text() == "[tool.tidegate]\nworkflows = []\n"


def test_the_variables_of_the_credential_join_the_example_of_the_environment(shell: Shell) -> None:
    example = shell.folder / ".env.example"
    example.write_text("OTHER=1")
    assert (
        shell.inside("new", "ledger", "--openapi", LEDGER, "--path", "/journal", "--auth", "bearer").code == 0
    )
    assert example.read_text() == "OTHER=1\n\n# Ledger\nLEDGER_API_TOKEN=\n"


def test_settings_that_no_program_can_edit_are_told(shell: Shell) -> None:
    settings = shell.folder / "pyproject.toml"
    settings.write_text("tool = {}\n")
    made = shell.inside("new", "ledger", "--openapi", LEDGER, "--path", "/journal")
    assert made.code == 10
    assert 'workflows = ["workflows.ledger.main:app"]' in made.out
    assert settings.read_text() == "tool = {}\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["class", "--openapi", LEDGER], "cannot be called"),
        (["../evil", "--openapi", LEDGER], "cannot be called"),
        (["tidegate", "--openapi", LEDGER], "cannot be called"),
        (["ledger"], "nothing describes"),
        (["ledger", "--openapi", "nowhere.json"], "nowhere.json"),
        (["ledger", "--openapi", LEDGER], "6 endpoints list rows"),
        (["ledger", "--openapi", LEDGER, "--path", "/acounts"], "/accounts"),
        (["ledger", "--openapi", LEDGER, "--all", "--key", "journal=nope"], "no field 'nope'"),
        (["ledger", "--openapi", LEDGER, "--all", "--quota", "fast"], "--quota"),
        (["ledger", "--openapi", LEDGER, "--all", "--auth", "magic"], "--auth"),
        (["ledger", "--sample", "nowhere.json"], "no such file"),
        (["ledger", "--record", "http://127.0.0.1:1/x", "--credential-env", "K"], "--auth"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage_and_leaves_nothing(
    shell: Shell, words: list[str], said: str
) -> None:
    shell.inside("new", *words).failed(2, said)
    assert list(shell.folder.iterdir()) == []


def test_the_name_of_an_installed_workflow_may_be_taken_and_that_is_told(shell: Shell) -> None:
    made = shell.inside("new", "sendgrid", "--openapi", LEDGER, "--path", "/journal")
    assert (made.code, "hide the installed one" in made.err) == (0, True)


def test_the_name_of_another_workflow_of_the_project_is_taken(shell: Shell) -> None:
    (shell.folder / "pyproject.toml").write_text(
        '[tool.tidegate]\nworkflows = ["elsewhere.ledger.main:app"]\n'
    )
    shell.inside("new", "ledger", "--openapi", LEDGER, "--path", "/journal").failed(2, "ledger already")


def test_code_of_somebody_else_under_the_same_name_is_left_alone(shell: Shell) -> None:
    (shell.folder / "connectors" / "ledger").mkdir(parents=True)
    shell.inside("new", "ledger", "--openapi", LEDGER, "--path", "/journal").failed(2, "no record")
    assert _files(shell.folder) == {}


def test_a_folder_that_leads_out_of_the_project_is_not_written_to(
    shell: Shell, tmp_path_factory: Any
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (shell.folder / "factories").symlink_to(elsewhere)
    shell.inside("new", "ledger", "--openapi", LEDGER, "--path", "/journal").failed(2, "leads out")
    assert list(elsewhere.iterdir()) == []
    assert not (shell.folder / "connectors").exists()


def test_a_recorded_answer_becomes_contracts_that_take_it(shell: Shell) -> None:
    (shell.folder / "search.json").write_text(TITELIVE)
    made = shell.inside(
        "new", "shop", "--sample", "/search?page=1&nombre=120=search.json", "--base-url", "https://s.example"
    )
    assert made.code == 0, made
    schemas = (shell.folder / "connectors/shop/schemas.py").read_text()
    assert "NumericKeys[list[" in schemas
    kept = "".join(text for name, text in _files(shell.folder).items() if name != "search.json")
    assert not [each for each in ("9782370730541", "ALLARY", "2842547") if each in kept]
    (shell.folder / "tests/test_real.py").write_text(
        "import json\n"
        "from pathlib import Path\n"
        "from connectors.shop.schemas import ApiSearch\n\n"
        "def test_it_takes_the_answer():\n"
        "    (work,) = json.loads(Path('search.json').read_text())['result']\n"
        "    (article,) = ApiSearch.model_validate(work).article\n"
        "    assert (article.gencod, article.prix) == ('9782370730541', 22.9)\n"
    )
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=shell.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert tests.returncode == 0, tests.stdout


def test_rows_that_are_numbered_themselves_are_read_as_they_are(shell: Shell) -> None:
    (shell.folder / "works.json").write_text('{"result": {"1": {"id": 5}, "2": {"id": 6}}, "page": 1}')
    made = shell.inside("new", "shop", "--sample", "/works=works.json")
    assert made.code == 0, made
    assert "numbered=True" in (shell.folder / "connectors/shop/client.py").read_text()


def test_samples_of_which_nobody_told_the_query_are_not_taken_for_all_there_is(shell: Shell) -> None:
    (shell.folder / "works.json").write_text('{"works": [{"id": 5}, {"id": 6}], "nb": 300}')
    made = shell.inside("new", "shop", "--sample", "/works=works.json")
    assert made.code == 0, made
    assert "works: Samples do not tell whether further pages follow" in made.out
    assert "further pages follow" in (shell.folder / "connectors/shop/client.py").read_text()


def test_pages_of_a_live_api_are_recorded_first(shell: Shell, api: Loopback) -> None:
    api.by = _ledger
    secret = "a-secret-of-the-tests"
    made = shell.inside(
        *("new", "books", "--record", f"{api.url}/v2/accounts?limit=40&starting_after=a"),
        *("--auth", "header:X-Key", "--credential-env", "BOOKS_KEY", "--pages", "2"),
        BOOKS_KEY=secret,
    )
    assert made.code == 0, made
    assert [seen.headers["x-key"] for seen in api.seen] == [secret] * 2
    assert [file.name for file in sorted((shell.home / "samples/books").iterdir())] == [
        "accounts.1.json",
        "accounts.2.json",
    ]
    assert not [
        file for file in shell.folder.rglob("*") if file.is_file() and secret in file.read_text("latin-1")
    ]
    assert f'"{api.url}/v2"' in (shell.folder / "connectors/books/config.py").read_text()


def test_the_commands_of_the_guide_work_in_this_order(shell: Shell) -> None:
    shutil.copy(LEDGER, shell.folder)
    (shell.folder / "search.json").write_text(TITELIVE)
    guide = Path(__file__).parents[2] / "docs" / "connectors" / "generating.md"
    commands = [
        shlex.split(line)
        for block in re.findall(r"^```sh\n(.*?)^```", guide.read_text(), flags=re.DOTALL | re.MULTILINE)
        for line in block.splitlines()
        if line.startswith("tidegate new")
    ]
    assert len(commands) == 3
    for command in commands:
        assert shell.inside(*command[1:]).code == 0, command


def _typed(folder: Path, words: list[str], replies: Mapping[str, str]) -> tuple[int, str]:
    """Run a command on a terminal of its own; each reply is typed when its question stands there."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.execvp(sys.executable, [sys.executable, "-m", "tidegate", *words])
    shown, left, deadline = "", dict(replies), time.monotonic() + 60
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                shown += os.read(terminal, 65536).decode()
            except OSError:  # the terminal closes with the process
                break
        question = next((each for each in left if each in shown), None)
        if question:
            os.write(terminal, left.pop(question).encode())
    else:
        os.kill(child, signal.SIGKILL)  # it waits for an answer that nobody gives
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), shown


def test_on_a_terminal_what_cannot_be_known_is_asked(shell: Shell) -> None:
    replies = {"Which of them": "journal\n", "Quota": "5/s\n", "key of a row": "number\n", "Write": "y\n"}
    code, shown = _typed(shell.folder, ["new", "ledger", "--openapi", LEDGER], replies)
    assert code == 0, shown
    assert 'key=("number",)' in (shell.folder / "workflows/ledger/config.py").read_text()
    assert "5 requests in 1 s" in (shell.folder / "connectors/ledger/limiter.py").read_text()


def test_ctrl_c_at_a_question_leaves_nothing(shell: Shell) -> None:
    replies = {"Which of them": "journal\n", "Quota": "\x03"}
    code, shown = _typed(shell.folder, ["new", "ledger", "--openapi", LEDGER], replies)
    assert code == 20, shown
    assert _files(shell.folder) == {}
