"""The setting that says which build, from the project's file to the rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.shop import ApiOrder, CleanOrder, Shop
from tidegate.contracts.map import Map
from tidegate.utils.errors import SettingsError
from tidegate.utils.project import BUILDS, Build, Project

TO_CLEAN = Map(ApiOrder, CleanOrder, order_id="id")


def project(folder: Path, line: str) -> Project:
    (folder / "pyproject.toml").write_text(f"[tool.tidegate]\n{line}\n")
    return Project.find(folder)


def test_it_is_auto_unless_the_project_says_otherwise(tmp_path: Path) -> None:
    assert project(tmp_path, "").build == "auto"
    assert project(tmp_path, 'build = "instances"').build == "instances"
    with pytest.raises(SettingsError, match="build is 'fast'"):
        project(tmp_path, 'build = "fast"')


@pytest.mark.parametrize("build", BUILDS)
def test_every_build_loads_the_same_rows(build: Build, tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.fill(35)
    report = shop.runner(TO_CLEAN, build=build).run().tasks[0]
    assert (report.rows_fetched, report.rows_loaded) == (35, 35)
    assert shop.rows() == [(number, number * 3) for number in range(35)]


def test_a_row_that_breaks_a_contract_is_told_as_ever(tmp_path: Path) -> None:
    errors = []
    for build in ("columnar", "instances"):
        shop = Shop(tmp_path / build)
        shop.folder.mkdir()
        shop.fill(35)
        shop.orders[13]["total"] = "many"
        shop.orders[17]["total"] = -1
        report = shop.runner(TO_CLEAN, build=build).run().tasks[0]
        errors.append((report.error, report.exit_code, report.rows_loaded))
    assert errors[0] == errors[1]
    assert "row 3 (id 13), ApiOrder field total" in str(errors[0][0])
