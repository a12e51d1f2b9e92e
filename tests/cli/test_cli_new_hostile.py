"""A description is text of somebody else: what it calls things leads nowhere and runs nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.cli.command_line import Shell


def test_what_an_api_calls_things_leads_nowhere_and_runs_nothing(tmp_path: Path) -> None:
    shell = Shell(tmp_path / "project")
    shell.folder.mkdir()
    evil = '../../evil"""\n\\x\nimport os; os.mkdir("evil")  #\x1b[2J\u202e'
    row = {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"type": "integer"}, evil: {"type": "string"}},
    }
    content = {"application/json": {"schema": {"type": "array", "items": row | {"title": evil}}}}
    operation = {
        "operationId": evil,
        "summary": evil,
        "parameters": [{"name": evil, "in": "query", "required": True, "schema": {"type": "string"}}],
        "responses": {"200": {"description": evil, "content": content}},
    }
    spec = {
        "openapi": "3.0.3",
        "info": {"title": evil, "version": evil},
        "paths": {"/../../../evil": {"get": operation}, f"/{evil}": {"get": operation}},
    }
    (shell.folder / "spec.json").write_text(json.dumps(spec))
    unsaid = shell.inside("new", "shop", "--openapi", "spec.json")
    unsaid.failed(2, "2 endpoints list rows")
    made = shell.inside("new", "shop", "--openapi", "spec.json", "--all", "--diff")
    assert made.code == 0, made
    assert "the base URL (--base-url)" in made.out
    assert "is required: say what to send" in made.out
    shown = unsaid.err + made.out + made.err
    assert {"\x1b", "\u202e"}.isdisjoint(shown)  # nothing of it steers a terminal
    done = subprocess.run(
        [sys.executable, "-c", "import workflows.shop.main, tests.shop.test_contracts"],
        cwd=shell.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["project"]
    assert not list(tmp_path.rglob("evil"))
