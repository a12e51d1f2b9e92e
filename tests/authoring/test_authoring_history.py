"""A project in its life: generated, edited by hand, generated again with more; no line of a hand is lost."""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from tidegate.authoring.answers import Answers
from tidegate.authoring.generating import generation, remembered, with_remembered
from tidegate.authoring.listings import listings
from tidegate.authoring.openapi import read

SPEC = Path(__file__).parent / "specs" / "ledger.json"
LIVES, STEPS = 12, 5


def _generate(root: Path, wanted: Sequence[str], answers: Answers) -> None:
    before = remembered(root, "ledger")
    api = read(SPEC, name="ledger")
    api = before.joined(api) if before else api
    paths = list(dict.fromkeys([*(before.paths if before else ()), *wanted]))
    generation(root, before, api, listings(api, paths), with_remembered(answers, before)).write()


def _edit(root: Path, chance: random.Random, mark: str) -> None:
    """A line put in, or in the place of another one, anywhere in a module."""
    file = chance.choice(sorted(each for each in root.rglob("*.py") if each.stat().st_size))
    lines = file.read_text().splitlines(keepends=True)
    at = chance.randrange(len(lines) + 1)
    if "mark" in "".join(lines[at : at + 1]):
        return  # a hand that removes its own line is another matter
    lines[at : at + chance.choice([0, 0, 1])] = [f"# {mark}\n"]
    file.write_text("".join(lines))


def _marks(root: Path) -> set[str]:
    return {mark for file in root.rglob("*.py") for mark in re.findall(r"# (mark \d+)\n", file.read_text())}


@pytest.mark.extended
@pytest.mark.parametrize("seed", range(LIVES))
def test_no_line_of_a_hand_is_lost_over_the_life_of_a_project(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    paths = [each.endpoint.path for each in listings(read(SPEC))]
    chance.shuffle(paths)
    _generate(tmp_path, paths[:1], Answers())
    for step in range(1, STEPS + 1):
        for number in range(chance.randrange(4)):
            _edit(tmp_path, chance, f"mark {10 * step + number}")
        marks = _marks(tmp_path)
        broken = {file for file in tmp_path.rglob("*.py") if not _parses(file)}
        quota = {} if chance.random() < 0.5 else {"/journal": ("number",)}
        _generate(tmp_path, paths[: 1 + step], Answers(keys=quota))
        assert _marks(tmp_path) == marks
        assert {file for file in tmp_path.rglob("*.py") if not _parses(file)} == broken


def test_a_project_that_no_hand_has_touched_is_as_if_made_at_once(tmp_path: Path) -> None:
    paths = [each.endpoint.path for each in listings(read(SPEC))]
    bit_by_bit, at_once = tmp_path / "one", tmp_path / "two"
    for root, calls in ((bit_by_bit, [paths[:1], paths[1:3], paths[3:]]), (at_once, [paths])):
        root.mkdir()
        for call in calls:
            _generate(root, call, Answers())
    one, two = (
        {file.relative_to(root): file.read_text() for file in root.rglob("*") if file.is_file()}
        for root in (bit_by_bit, at_once)
    )
    assert one == two


def _parses(file: Path) -> bool:
    try:
        ast.parse(file.read_text())
    except SyntaxError:
        return False
    return True
