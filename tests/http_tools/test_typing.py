"""The types that a connector's author sees are the ones promised."""

from __future__ import annotations

from pathlib import Path

import pytest


def test_the_public_types_are_honest(capsys: pytest.CaptureFixture[str]) -> None:
    api = pytest.importorskip("mypy.api")
    root = Path(__file__).parents[2]
    file = Path(__file__).parent / "typing" / "http_api.py"
    output, errors, code = api.run([str(file), "--config-file", str(root / "pyproject.toml")])
    assert (code, errors) == (0, ""), output
