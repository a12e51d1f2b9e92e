"""Settings, names and places that cannot work: what is said, with which code, and that nothing is made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from tests.cli.command_line import Shell
from tests.cli.conftest import Standin
from tidegate.sandbox.brevo import BrevoSandbox
from tidegate.sandbox.server import running


@pytest.fixture(autouse=True)
def nothing_is_asked_or_loaded(shell: Shell, brevo: Standin) -> object:
    """True of every test here: the stand-in is not asked once, and no table comes to be."""
    before = brevo.requests
    yield
    assert brevo.requests == before
    assert shell.tables() == {}


# -- settings


def test_a_missing_key_is_named_with_where_to_get_one(shell: Shell) -> None:
    del shell.env["BREVO_API_KEY"]
    shell.run("contacts").failed(30, "error: brevo: BREVO_API_KEY is not set\n", ".env", "SMTP & API")


@pytest.mark.parametrize("key", ["", "two\nlines-of-a-key", " blank-in-front", "with-ümlaut-in-it"])
def test_a_key_that_no_header_can_carry_is_refused_and_not_shown(shell: Shell, key: str) -> None:
    ended = shell.run_inside("contacts", BREVO_API_KEY=key)
    ended.failed(30, "brevo: BREVO_API_KEY: ", "line break")
    assert not key or key not in ended.err
    assert "lines-of-a-key" not in ended.err


def test_a_wrong_key_is_the_apis_401_and_names_where_to_look(shell: Shell) -> None:
    with running(BrevoSandbox(rows=100, api_key="another-key-of-the-tests")) as origin:
        ended = shell.run_inside("contacts", BREVO_BASE_URL=f"{origin}/v3")
    ended.failed(30, "brevo.contacts page 0: GET /v3/contacts: 401", "check BREVO_API_KEY")
    assert shell.env["BREVO_API_KEY"] not in ended.err + ended.out


@pytest.mark.parametrize(
    "url",
    [
        "api.brevo.com/v3", "htp://api.brevo.com", "http://", "http://[bad/v3", "http://x:99999/v3",
        "http://x/v3?a=1", "http://x/v3#a", "http://x/v 3", "http://user:passw0rd@x/v3", "",
    ],
)  # fmt: skip
def test_a_base_url_that_cannot_work_is_named(shell: Shell, url: str) -> None:
    ended = shell.run_inside("contacts", BREVO_BASE_URL=url)
    ended.failed(30, "brevo: BREVO_BASE_URL ", "Set BREVO_BASE_URL in the environment or in .env")
    assert "passw0rd" not in ended.err
    assert "SMTP" not in ended.err, "the key is not the matter"


@pytest.mark.parametrize(
    ("name", "value"), [("BREVO_QUOTA", "many"), ("BREVO_QUOTA", "0"), ("BREVO_TIMEOUT_S", "-1")]
)
def test_a_number_that_cannot_work_is_named(shell: Shell, name: str, value: str) -> None:
    shell.run_inside("contacts", **{name: value}).failed(30, f"brevo: {name} ", f"Set {name}")


def test_a_server_that_is_down_is_worth_trying_again(shell: Shell) -> None:
    ended = shell.run_inside("contacts", "--max-wait", "1s", BREVO_BASE_URL="http://127.0.0.1:1/v3")
    ended.failed(
        20, "brevo.contacts page 0: GET /v3/contacts", "refused", "Is http://127.0.0.1:1 up and reachable?"
    )


# -- names and options


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("run", "brewo"), "there is no workflow 'brewo'; did you mean 'brevo'?"),
        (("run", "brevo", "contcts"), "no task 'contcts'; did you mean 'contacts'?"),
        (("show", "brevo.contcts"), "did you mean 'contacts'?"),
        (("show", "brewo.contacts"), "did you mean 'brevo'?"),
        (("show", "brevo"), "Write WORKFLOW.TASK"),
        (("preview", "brevo.evnts"), "did you mean 'events'?"),
        (("run", "brevo", "--from", "01/02/2026"), "Write it as 2026-01-31."),
        (("run", "brevo", "--from", "2026-02-01", "--until", "2026-01-31"), "Swap the two days."),
        (
            ("run", "brevo", "--until", f"{datetime.now(UTC).date() + timedelta(days=3)}"),
            "lies in the future",
        ),
        (("run", "brevo", "--full-refresh", "--from", "2026-02-01"), "does not go with --from"),
        (("run", "brevo", "--max-wait", "soon"), "Write it as 90s, 15m or 2h."),
        (("run", "brevo", "--run-id", "a b"), "use letters, digits"),
        (("run", "brevo", "--to", "ftp://x"), "Known: warehouse.duckdb"),
        (("run", "brevo", "--to", ""), "Known: warehouse.duckdb"),
        (("status", "--to", "bigtable://x"), "Known: warehouse.duckdb"),
        (("run", "brevo", "--rows", "5"), "No such option"),
        (("run",), "Missing argument 'WORKFLOW'"),
        (("preview", "brevo.events", "--rows", "none"), "--rows"),
        (("lst",), "No such command 'lst'"),
    ],
)
def test_wrong_usage_is_2_and_says_what_would_do(shell: Shell, command: tuple[str, ...], said: str) -> None:
    shell.inside(*command).failed(2, said)
    assert list(shell.folder.glob("*.duckdb")) == []


# -- places


def test_a_destination_in_a_missing_folder_names_it(shell: Shell) -> None:
    shell.inside("run", "brevo", "--to", "missing/x.duckdb").failed(30, "missing/x.duckdb: ", "mkdir -p ")


def test_a_destination_that_is_a_folder_is_no_file(shell: Shell) -> None:
    (shell.folder / "folder.duckdb").mkdir()
    for command in (("run", "brevo"), ("status",)):
        shell.inside(*command, "--to", "folder.duckdb").failed(
            30, "folder.duckdb: is a folder", "name a file"
        )


def test_a_destination_that_is_no_duckdb_file_is_left_as_it_is(shell: Shell) -> None:
    file = shell.folder / "notes.duckdb"
    file.write_text("notes of mine\n" * 1000)
    for command in (("run", "brevo"), ("status",)):
        shell.inside(*command, "--to", "notes.duckdb").failed(30, "notes.duckdb: not a DuckDB database")
    assert file.read_text() == "notes of mine\n" * 1000


def test_a_summary_that_could_not_be_written_is_told_before_the_run(shell: Shell) -> None:
    shell.run_inside("--summary", "missing/summary.json").failed(
        30, "--summary missing/summary.json", "folder"
    )


def test_a_table_of_another_shape_is_left_as_it_is(shell: Shell) -> None:
    with duckdb.connect(str(shell.folder / "mine.duckdb")) as connection:
        connection.execute("CREATE TABLE brevo_contacts AS SELECT 'mine' AS contact_id")
    shell.inside("run", "brevo", "contacts", "--to", "mine.duckdb").failed(30, "brevo_contacts", "contact_id")
    assert shell.tables("mine.duckdb") == {"brevo_contacts": 1}


# -- the state folder


@pytest.mark.parametrize("home", ["s3://bucket/x", "gs://", "gs://bucket//x"])
def test_a_state_folder_of_another_kind_is_refused(shell: Shell, home: str) -> None:
    shell.run_inside(TIDEGATE_HOME=home).failed(30, "TIDEGATE_HOME is", home)
    assert not list(shell.folder.iterdir())


def test_a_state_folder_that_is_a_file_is_named(shell: Shell) -> None:
    (shell.folder / "state").touch()
    for home in ("state", "state/deeper"):
        shell.run_inside(TIDEGATE_HOME=home).failed(30, "the state folder ", "Set TIDEGATE_HOME to a folder")


@pytest.mark.parametrize("home", ["/proc/1/tidegate", "/proc"])  # nobody can write there, root neither
def test_a_state_folder_that_cannot_be_written_is_named(shell: Shell, home: str) -> None:
    shell.run_inside(TIDEGATE_HOME=home).failed(30, f"the state folder {home} cannot be", "Set TIDEGATE_HOME")


def test_the_state_folder_may_be_named_by_its_place_under_home(shell: Shell) -> None:
    shell.inside("runs", TIDEGATE_HOME="~/state").failed(0)
    assert "Nothing has run here yet" in shell.inside("runs", TIDEGATE_HOME="~/state").out
    assert f"{shell.folder}/state" in shell.inside("runs", TIDEGATE_HOME="~/state").out


# -- pyproject.toml


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tool.tidegate\nto = 1", "is not valid TOML"),
        ("[tool.tidegate]\nto = '\xff'", "is not valid TOML"),
        ("[tool.tidegate]\nfrom = 'x'\ninto = 'y'", "unknown settings: from, into"),
        ("[tool.tidegate]\nto = 5", "to is 5"),
        ("[tool.tidegate]\nhome = ''", "home is ''"),
        ("[tool.tidegate]\nhome = 's3://bucket'", "s3://bucket"),
        ("[tool.tidegate]\nsegment_age = 'soon'", "a length of time"),
        ("[tool.tidegate]\nworkflows = 'acme.main:app'", "a list of 'package.module:app'"),
        ("[tool]\ntidegate = 3", "tool.tidegate is not a table"),
    ],
)
def test_a_project_file_that_cannot_be_meant_is_named(shell: Shell, text: str, said: str) -> None:
    (shell.folder / "pyproject.toml").write_bytes(text.encode("latin-1"))
    for command in (("run", "brevo"), ("runs",)):
        shell.inside(*command).failed(30, said)


def test_a_broken_project_file_that_never_mentions_us_is_none_of_our_business(shell: Shell) -> None:
    (shell.folder / "pyproject.toml").write_text("[tool.other\n")
    assert shell.inside("runs").code == 0


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("import nothing_of_this_name", "ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        ("app = 1 +", "SyntaxError"),
        ("other = 1", "AttributeError"),
        ("app = 1", "is not what tidegate.workflow(...) gives"),
    ],
)
def test_a_workflow_of_the_project_that_cannot_be_loaded_is_named_and_the_others_work(
    shell: Shell, module: str, said: str, request: pytest.FixtureRequest
) -> None:
    name = f"broken{abs(hash(module))}"
    package = shell.folder / name
    package.mkdir()
    (package / "main.py").write_text(module)
    (shell.folder / "pyproject.toml").write_text(f"[tool.tidegate]\nworkflows = ['{name}.main:app']\n")
    shell.inside("run", name).failed(30, f"{name}.main:app", said)
    listed = shell.inside("list")
    listed.failed(30, f"{name}.main:app", said)
    assert "brevo.events" in listed.out


def test_tracebacks_are_for_debug(shell: Shell, tmp_path: Path) -> None:
    del shell.env["BREVO_API_KEY"]
    for command in (("run", "brevo"), ("preview", "brevo.events")):
        plain, debug = shell.inside(*command), shell.inside(*command, "--debug")
        plain.failed(30, "BREVO_API_KEY is not set")
        assert debug.code == 30
        assert "Traceback" in debug.err
        assert debug.err.endswith(plain.err)
