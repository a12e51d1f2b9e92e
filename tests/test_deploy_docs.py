"""What the page on Cloud Run tells to type is there: commands, options, variables, outputs, roles."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import hcl2
import pytest

from tests.cli_words import parsed
from tests.image import parse
from tests.test_deploy_terraform import FOLDER, ROLES, blocks, plain, variables

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "operations" / "cloud_run.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
SHELL = "\n".join(body for language, body in BLOCKS if language == "sh").replace("\\\n", " ")
DOCKERFILES = [body for language, body in BLOCKS if language == "dockerfile"]


def table(heading: str) -> list[list[str]]:
    """The rows of the first table under a heading, each cell without its quotes."""
    section = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def test_what_is_typed_is_shell() -> None:
    checked = subprocess.run(["bash", "-n"], input=SHELL, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_each_command_of_tidegate_exists_with_its_options() -> None:
    typed = re.findall(r'^(?:\w+="[^"]*" )?tidegate (.*)$', SHELL, re.MULTILINE)
    in_a_container = re.findall(r'^docker run .*"\$REPOSITORY/\S+" (.*)$', SHELL, re.MULTILINE)
    commands = [shlex.split(words) for words in [*typed, *in_a_container]]
    assert len(commands) == 5
    for command in commands:
        parsed(command)
    overrides = re.findall(r"--args=(\S+)", SHELL)
    assert len(overrides) == 2
    for given in overrides:
        parsed(given.replace('"$(terraform output -raw destination)"', "bigquery://p1/d").split(","))


def test_each_output_that_is_asked_for_exists() -> None:
    asked = set(re.findall(r"terraform output -raw (\w+)", SHELL))
    assert asked
    assert asked <= {name for block in blocks("output") for name in block}


def test_each_variable_that_is_set_exists() -> None:
    (values,) = [plain(hcl2.loads(body)) for language, body in BLOCKS if language == "hcl"]
    assert set(values) <= set(variables())
    of_a_job = set(
        re.findall(r"^    (\w+)\s+= (?:optional|string)", (FOLDER / "variables.tf").read_text(), re.MULTILINE)
    )
    assert {name for job in values["jobs"].values() for name in job} <= of_a_job
    told = {name for row in table("The rest") for name in re.findall(r"`(\w+)`", row[0])}
    assert told == of_a_job - {"schedule"}


def test_defaults_that_are_told_are_the_defaults() -> None:
    text = (FOLDER / "variables.tf").read_text()
    defaults = dict(re.findall(r"^    (\w+)\s+= optional\(.*, (.*)\)$", text, re.MULTILINE))
    for row in table("The rest"):
        names, told = (re.findall(r"`([^`]+)`", cell) for cell in row[:2])
        for name, default in zip(names, told, strict=False):
            assert defaults[name] == default, name


def test_rights_that_are_told_are_those_that_are_given() -> None:
    told = {role for row in table("Rights") for role in re.findall(r"`(roles/[\w.]+)`", row[1])}
    assert told == {role for _, role in ROLES if role.startswith("roles/")} - {"roles/workflows.invoker"}
    assert "`roles/workflows.invoker`" in PAGE


def test_files_that_are_named_exist() -> None:
    assert {"deploy/terraform", "deploy/terraform/variables.tf"} <= {
        name for name in re.findall(r"`(deploy/[\w./]+)`", PAGE) if (ROOT / name).exists()
    }


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=["a project", "with packages"])
def test_an_image_of_a_project_stands_on_ours(dockerfile: str) -> None:
    instructions = parse(dockerfile)
    last = [each.rest for each in instructions if each.name == "FROM"][-1]
    assert f'"$REPOSITORY/{last.rsplit("/", 1)[1]}"' in SHELL
    assert not {"USER", "ENTRYPOINT"} & {each.name for each in instructions}
