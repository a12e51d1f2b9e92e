"""The list of what the stand-ins get wrong is a list of tests that run."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.standin_rules import RULES, Rule

ROOT = Path(__file__).resolve().parent.parent


@cache
def module(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text("utf-8"))


def marks(path: str, name: str) -> str:
    """The decorators of the test, and the mark of its module; fails where there is no such test."""
    tests = [node for node in module(path).body if isinstance(node, ast.FunctionDef) and node.name == name]
    assert len(tests) == 1, f"{path} holds {len(tests)} tests named {name}"
    of_module = [
        node.value
        for node in module(path).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark"
    ]
    return " ".join(ast.unparse(node) for node in [*tests[0].decorator_list, *of_module])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.rule[:60])
def test_each_rule_that_a_stand_in_breaks_is_held_by_quick_tests_of_our_own(rule: Rule) -> None:
    assert rule.held_by
    for test in rule.held_by:
        path, name = test.split("::")
        assert "extended" not in marks(path, name), f"`make test` leaves {test} out"


def test_no_rule_stands_twice() -> None:
    assert len({(rule.service, rule.rule) for rule in RULES}) == len(RULES)
