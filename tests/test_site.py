"""The site of the documentation has every page, every public name, every command; so has its plain text."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

import pytest
import yaml

import tidegate
from scripts.docs.command_line import anchor, command_line_page, commands
from scripts.docs.hooks import for_the_site
from scripts.docs.links import relative, relinked
from scripts.docs.pages import ROOT, expanded, resolved, site_paths
from scripts.docs.plain_text import NAME, pages_of
from scripts.docs.reference import GROUPS, documented

SETTINGS = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))
# Builds in a process that may reach nobody: an attempt to is an error.
BUILD = """
import sys
from pathlib import Path
from scripts.docs.__main__ import build

def alone(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        raise RuntimeError(f"the build reaches out: {event} {arguments[1:]}")

sys.addaudithook(alone)
sys.exit(build(Path(sys.argv[1])))
"""


def leaves(nav: list[Any]) -> Iterator[str]:
    for entry in nav:
        values = [entry] if isinstance(entry, str) else entry.values()
        for value in values:
            yield from leaves(value) if isinstance(value, list) else [value]


def nav_pages() -> list[str]:
    return list(
        leaves(list(expanded(SETTINGS["nav"], {"reference/": ["reference/command_line.md", *GROUPS]})))
    )


def test_every_page_that_a_person_wrote_is_in_the_nav_once() -> None:
    pages = [page for page in nav_pages() if page not in GROUPS and page != "reference/command_line.md"]
    assert sorted(pages) == sorted(site_paths().values())


def test_every_public_name_is_in_the_reference_once() -> None:
    names = [name for page in documented().values() for name in page]
    assert len(names) == len(set(names))
    assert {f"tidegate.{name}" for name in tidegate.__all__} <= set(names)
    for needed in (
        "http_tools.clients.SyncHttpClient", "http_tools.auth.OAuth2AuthManager", "contracts.map.Day",
        "utils.errors.TidegateError", "http_tools.exceptions.RateLimitError", "testing.FaultTransport",
        "destinations.base.Destination", "http_tools.pagination.OffsetPaginator",
    ):  # fmt: skip
        assert f"tidegate.{needed}" in names


def test_the_page_of_the_command_line_has_every_command_with_every_option() -> None:
    text = command_line_page()
    sections = dict(zip(*[iter(re.split(r"^## (.*)$", text, flags=re.MULTILINE)[1:])] * 2, strict=True))
    for name, command in commands().items():
        shown = [each for each in command.params if not each.hidden]
        for word in [name, *(spelled for each in shown for spelled in each.opts if spelled.startswith("-"))]:
            assert f"{word}" in sections[name], f"{word} of {name}"
        assert f"](#{anchor(name)})" in text
    assert {"tidegate run", "tidegate cursor set", "tidegate schema apply"} <= commands().keys()


PAGES = {"docs/a/README.md": "a/README.md", "docs/a/b.md": "a/b.md", "README.md": "index.md"}


@pytest.mark.parametrize(
    ("markdown", "written"),
    [
        ("[b](docs/a/b.md#x)", "[b](<a/b.md>#x)"),
        ("[`b` of a](docs/a/b.md), [a](docs/a)", "[`b` of a](<a/b.md>), [a](<a/README.md>)"),
        ("[us](pyproject.toml) and [`Makefile`](Makefile)", "us (`pyproject.toml`) and `Makefile`"),
        ("[gone](docs/a/none.md)", "[gone](docs/a/none.md)"),
        ("[out](https://example.com/a.md) [here](#x)", "[out](https://example.com/a.md) [here](#x)"),
        ("`[b](docs/a/b.md)`", "`[b](docs/a/b.md)`"),
        ("```text\n[b](docs/a/b.md)\n```", "```text\n[b](docs/a/b.md)\n```"),
    ],
)
def test_links_follow_pages_to_where_the_site_has_them(markdown: str, written: str) -> None:
    assert relinked(markdown, "README.md", PAGES, lambda page: f"<{page}>") == written


@pytest.mark.parametrize(
    ("page", "target", "link"),
    [("index.md", "a/b.md", "a/b.md"), ("a/b.md", "index.md", "../index.md"), ("a/b.md", "a/c.md", "c.md")],
)
def test_a_link_is_written_from_its_page(page: str, target: str, link: str) -> None:
    assert relative(page, target) == link
    assert resolved(PurePosixPath(page), link) == target


@pytest.mark.parametrize(
    ("markdown", "alike"),
    [
        ("Text:\n- one\n- two\n", "Text:\n\n- one\n- two\n"),
        ("Text:\n\n- one\n- two\n  of two\n", "Text:\n\n- one\n- two\n  of two\n"),
        ("# Head\n- one\n", "# Head\n- one\n"),
        ("| `a\\|<b>` | c |", "| <code>a&#124;&lt;b&gt;</code> | c |"),
        ("```sh\nText:\n- `a\\|b`\n```\n", "```sh\nText:\n- `a\\|b`\n```\n"),
    ],
)
def test_what_the_site_reads_otherwise_than_github_is_written_for_both(markdown: str, alike: str) -> None:
    assert for_the_site(markdown) == alike


@dataclass
class Html(HTMLParser):
    """What one page has: places to link to, links, and what a browser loads with it."""

    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.ids |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a":
            self.links.append(values.get("href", ""))
        if tag in ("script", "img", "link", "iframe", "source"):
            self.loaded.append(values.get("src") or values.get("href") or "")


def read(path: Path) -> Html:
    page = Html()
    page.feed(path.read_text("utf-8"))
    return page


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-W", "error", "-c", BUILD, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (built.returncode, built.stdout, built.stderr) == (0, "", "")
    return folder


def html_of(page: str) -> str:
    return re.sub(r"(^|/)README\.md$", r"\1index.md", page).removesuffix(".md") + ".html"


@pytest.mark.extended
def test_the_site_has_every_page_of_the_nav_and_its_search_finds_them(site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text("utf-8"))
    found = {entry["location"].partition("#")[0] for entry in index["docs"]}
    for page in nav_pages():
        assert (site / html_of(page)).is_file(), page
        assert html_of(page) in found, page


@pytest.mark.extended
def test_every_link_within_the_site_leads_somewhere_and_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    pages = {path: read(path) for path in site.rglob("*.html") if path.name != "404.html"}
    lost = []
    for path, page in pages.items():
        for link in page.links + page.loaded:
            target, _, place = link.partition("#")
            if re.match(r"https?:|mailto:", target):
                assert link not in page.loaded, f"{path}: loads {link}"
                continue
            there = (path.parent / unquote(target)).resolve() if target else path
            if not there.is_file() or (
                place and there.suffix == ".html" and unquote(place) not in pages[there].ids
            ):
                lost.append(f"{path.relative_to(site)}: {link}")
    assert lost == []


@pytest.mark.extended
def test_the_reference_on_the_site_has_every_public_name_and_command(site: Path) -> None:
    for page, names in documented().items():
        html = read(site / html_of(page))
        assert set(names) <= html.ids, page
    assert "tidegate.utils.errors.ExitCode.TRY_AGAIN" in read(site / "reference" / "errors.html").ids
    line = read(site / "reference" / "command_line.html")
    assert {anchor(name) for name in commands()} <= line.ids


@pytest.mark.extended
def test_the_plain_text_has_every_page_in_order_its_code_untouched_and_its_links_within(site: Path) -> None:
    pages = pages_of((site / NAME).read_text("utf-8"))
    assert list(pages) == nav_pages()
    fence = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
    for path, page in site_paths().items():
        assert fence.findall(pages[page]) == fence.findall((ROOT / path).read_text("utf-8")), page
    links = [
        link for text in pages.values() for link in re.findall(r"\]\(([^)#\s]+\.md)", fence.sub("", text))
    ]
    assert len(links) > 50
    assert set(links) <= pages.keys()


@pytest.mark.extended
def test_the_first_page_leads_to_the_plain_text(site: Path) -> None:
    assert NAME in read(site / "index.html").links


@pytest.mark.extended
def test_the_plain_text_has_the_reference(site: Path) -> None:
    pages = pages_of((site / NAME).read_text("utf-8"))
    for page, names in documented().items():
        headings = set(re.findall(r"^## (.*)$", pages[page], re.MULTILINE))
        assert {name.rpartition(".")[2] for name in names} <= headings
    assert "class Window\nWindow(start: datetime, end: datetime)" in pages["reference/tidegate.md"]
    assert {f"## {name}" for name in commands()} <= set(pages["reference/command_line.md"].splitlines())
