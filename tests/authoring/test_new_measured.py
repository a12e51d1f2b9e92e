"""What `tidegate new` makes of the vendors' descriptions, and that the page which tells it is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench.new import report
from bench.new.labels import sources
from bench.new.measuring import Figures, measured

PAGE = Path(__file__).resolve().parents[2] / "docs" / "connectors" / "measured.md"
BEYOND_MENDING = re.compile(r"^\| `([\w.-]+)` \| `GET (\S+)` \| \S", flags=re.MULTILINE)

pytestmark = [pytest.mark.extended, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def found(specs: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Figures]:
    assert specs.is_dir()
    return measured(sources(), tmp_path_factory.mktemp("new") / "project")


def test_every_list_gives_code_that_passes_the_check_of_its_project(found: list[Figures]) -> None:
    failing = {each.file: each.misses for each in found if each.coded != each.lists}
    assert failing == {}


def test_contracts_take_every_example_but_those_that_the_page_names(found: list[Figures]) -> None:
    refused = {(miss.file, miss.path) for each in found for miss in each.misses if miss.what == "example"}
    assert refused == set(BEYOND_MENDING.findall(PAGE.read_text("utf-8")))


@pytest.mark.parametrize("is_own", [False, True], ids=["vendors", "invented"])
def test_paging_is_told_right_for_95_percent_of_the_paged_lists(found: list[Figures], is_own: bool) -> None:
    several = [each for each in found if each.is_own is is_own]
    paged, right = sum(each.paged for each in several), sum(each.paged_right for each in several)
    assert right >= 0.95 * paged > 0, report.misses(several)


def test_nothing_that_lists_no_rows_is_taken_for_a_list(found: list[Figures]) -> None:
    assert [miss for each in found for miss in each.misses if miss.what == "list"] == []


def test_the_page_has_these_figures(found: list[Figures]) -> None:
    assert set(report.markdown(found)) <= set(PAGE.read_text("utf-8").splitlines())
