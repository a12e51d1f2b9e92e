"""The edits of a `pyproject.toml`: what was meant is added, and every other character stays."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.authoring.project.settings import settings_table, tidegate_table, with_settings, with_workflow

HEAD = '# ours\n[project]\nname = "shop"   # as in the register\n'
TAIL = "\n[tool.ruff]\nline-length = 80\n"
NEW = "workflows.acme.main:app"
OLD = "workflows.beta.main:app"
LONG = '"workflows.of_a_long_name.main:app", "workflows.of_a_name.main:app"'


def workflows(text: str) -> list[str]:
    found: list[str] = tidegate_table(text)["workflows"]
    return found


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("workflows = []", f'workflows = ["{NEW}"]'),
        ("workflows=[ ]", f'workflows=["{NEW}"]'),
        (f'workflows = ["{OLD}"]', f'workflows = ["{OLD}", "{NEW}"]'),
        (f"workflows = ['{OLD}',]  # two soon", f"workflows = ['{OLD}', \"{NEW}\"]  # two soon"),
        ("workflows = [\n]", f'workflows = [\n    "{NEW}",\n]'),
        (
            f'workflows = [\n  "{OLD}",  # daily ] or not\n  # more to come\n]',
            f'workflows = [\n  "{OLD}",  # daily ] or not\n  # more to come\n  "{NEW}",\n]',
        ),
        (
            f'workflows = [\n  "{OLD}" # no comma\n]',
            f'workflows = [\n  "{OLD}", # no comma\n  "{NEW}",\n]',
        ),
        (f'workflows = [\n    "{OLD}"]', f'workflows = [\n    "{OLD}",\n    "{NEW}",\n]'),
        ('to = "x.duckdb"', f'workflows = ["{NEW}"]\nto = "x.duckdb"'),
        (
            f'workflows = ["{OLD}", {LONG}]',
            f'workflows = [\n    "{OLD}", {LONG},\n    "{NEW}",\n]',
        ),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_workflow_is_added_in_the_style_of_the_file(before: str, after: str, line_end: str) -> None:
    head, tail = f"{HEAD}\n[ tool.tidegate ] # ours\n", f"\n{TAIL}"
    edited = with_workflow(f"{head}{before}{tail}".replace("\n", line_end), NEW)
    assert edited == f"{head}{after}{tail}".replace("\n", line_end)


def test_a_workflow_that_is_there_is_not_added_again() -> None:
    text = f"[tool.tidegate]\nworkflows = ['{NEW}']"
    assert with_workflow(text, NEW) == text


@pytest.mark.parametrize(
    "text",
    [
        HEAD,
        "[tool]\ntidegate = {workflows = []}\n",
        'tool.tidegate.to = "x.duckdb"\n',
        "[tool.tidegate]\nworkflows = 'acme'\n",
        f'[tool.tidegate]\n"workflows" = ["{OLD}"]\n',
        '[tool.x]\ny = """\n[tool.tidegate]\nworkflows = []\n"""\n[tool."tidegate"]\nworkflows = []\n',
    ],
)
def test_a_table_that_no_text_edit_is_sure_of_is_left_to_a_person(text: str) -> None:
    assert with_workflow(text, NEW) is None


@pytest.mark.parametrize("text", ["", HEAD, HEAD.rstrip(), HEAD + TAIL, (HEAD + TAIL).replace("\n", "\r\n")])
def test_the_table_is_added_at_the_end_and_all_before_it_stays(text: str) -> None:
    edited = with_settings(text, 'a "b".duckdb')
    assert edited is not None
    assert edited.startswith(text)
    assert tidegate_table(edited) == {"to": 'a "b".duckdb', "workflows": []}
    assert ("\r\n" in edited.removeprefix(text)) is ("\r\n" in text)


def test_a_table_cannot_be_added_where_tool_is_a_value() -> None:
    assert with_settings("tool = {ruff = {line-length = 80}}\n", "x.duckdb") is None


WORDS = st.from_regex(r"workflows\.[a-z]{1,40}\.main:app", fullmatch=True)


@given(
    st.lists(WORDS, unique=True, max_size=8), st.sampled_from(["x.duckdb", "données.duckdb", 'a"b\\.duckdb'])
)
def test_added_one_by_one_they_stand_in_their_order(references: list[str], to: str) -> None:
    text = HEAD + settings_table(to) + TAIL
    for reference in references:
        edited = with_workflow(text, reference)
        assert edited is not None
        text = edited
    assert workflows(text) == references
    assert tomllib.loads(text)["tool"]["ruff"] == {"line-length": 80}
