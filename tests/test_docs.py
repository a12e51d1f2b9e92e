"""The guides run: every ```python block of the folders in `GUIDES` is executed, each by itself.

A block finds `url`, the base URL of a loopback server, in a fresh namespace and an empty working folder. Its
functions named `test_*` are called when it has run. Give a block that must not run another language
(```text, ```toml). What the server answers (tests/docs_server.py):

    GET  /items?limit=&offset=          {"items": [{"id": 0, "name": "item 0", "updated_at"}, ...], "count"}
    GET  /items/page?page=&per_page=    {"items": [...], "page": 1, "pages": 5, "count": 500}   pages from 1
    GET  /items/cursor?cursor=&limit=   {"items": [...], "next_cursor": "c100" or null}
    GET  /items/link?page=              [...] and a Link header with rel="next"
    GET  /items/next?page=              {"items": [...], "meta": {"next": URL or null}, "next": URL or null}
    GET  /items/after?after_id=&limit=  {"items": [...]}, ids from after_id + 1 on
    GET  /items/{id}                    {"id": ..., "name": ...}, 404 beyond 499
    any  /status/{code}                 that status, with {}
    any  /flaky/{n}                     503 to the first n requests, then {"ok": true}
    any  /quota/{n}                     429 with Retry-After: 0 to the first n requests, then {"ok": true}
    any  /limited                       {"ok": true} with x-ratelimit-limit, -remaining and -reset, ratelimit
    any  /redirect                      302 to /echo;  /elsewhere: 302 to another origin, which is never asked
    POST /token                         {"access_token", "token_type": "Bearer", "expires_in": 3600,
                                        "refresh_token"}; 401 invalid_client for the secret "wrong", and
                                        for client credentials with no proof of the client
    POST /login, /login/{user}/token    {"token": ..., "expires_in": 300}
    GET  /private                       200 to `Authorization: Bearer` with a token it gave, any Basic, or any
                                        `api-key`, `x-api-key` or `?api_key=`; else 401
    GET  /file                          100,000 bytes with Range, ETag and If-Range; /file.csv.gz: gzip
    POST /export                        202 {"id": "1", "status": "pending"}
    GET  /export/{id}                   {"status": "pending"} twice, then {"status": "ready", "url": of /file}
    else                                {"method", "path", "query", "headers" (lower case), "body" (text)}

On the page about secrets, Secret Manager holds `acme/api-key` (a-key-of-mine) and `acme/base-url` (`url`).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.docs_server import docs_server

DOCS = Path(__file__).resolve().parent.parent / "docs"
GUIDES = (DOCS / "contracts", DOCS / "engine", DOCS / "http", DOCS / "operations")
BLOCK = re.compile(r"^```python\n(.*?)^```", flags=re.DOTALL | re.MULTILINE)


def blocks() -> Iterator[object]:
    for page in sorted(page for guide in GUIDES for page in guide.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        for found in BLOCK.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            # blank lines in front, so that a traceback shows the line of the page
            yield pytest.param(page, "\n" * line + found[1], id=f"{page.parent.name}/{page.stem}:{line}")


@pytest.mark.parametrize(("page", "code"), list(blocks()))
def test_a_block_of_the_guide_runs(
    page: Path, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(tmp_path)
    with docs_server() as url:
        if page.stem == "secrets":
            kept = request.getfixturevalue("secret_manager")
            kept.put("acme/api-key", "a-key-of-mine")
            kept.put("acme/base-url", url)
        module = ModuleType("guide")
        monkeypatch.setitem(sys.modules, "guide", module)  # where dataclasses look for annotations
        vars(module)["url"] = url
        exec(compile(code, str(page), "exec", dont_inherit=True), vars(module))
        for name, value in list(vars(module).items()):
            if name.startswith("test_") and callable(value):
                value()


@pytest.mark.parametrize(
    "guide", sorted(each.parent for each in DOCS.glob("*/README.md")), ids=lambda guide: guide.name
)
def test_every_page_of_a_guide_is_in_its_index(guide: Path) -> None:
    index = (guide / "README.md").read_text(encoding="utf-8")
    pages = {page.name for page in guide.glob("*.md")} - {"README.md"}
    assert set(re.findall(r"\]\(([\w-]+\.md)\)", index)) == pages


def test_no_python_of_the_docs_is_left_out() -> None:
    run_elsewhere = {DOCS / "connectors" / "recipe.md"}  # a whole project: test_recipe_docs.py
    with_python = {page for page in DOCS.rglob("*.md") if BLOCK.search(page.read_text(encoding="utf-8"))}
    assert {page for page in with_python if page.parent not in GUIDES} == run_elsewhere
