"""What mkdocs calls while it builds: generated pages, links, the order of folders, the plain text."""

from __future__ import annotations

import logging
import re
from html import escape
from itertools import zip_longest
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

from scripts.docs.command_line import PAGE as COMMAND_LINE
from scripts.docs.command_line import command_line_page
from scripts.docs.links import relative, relinked
from scripts.docs.pages import ROOT, expanded, outside, site_paths
from scripts.docs.plain_text import NAME, plain_text
from scripts.docs.reference import documented, site_page, text_page

_LOG = logging.getLogger("mkdocs.hooks.docs")
# GitHub takes these for lists. The site wants a blank line before the first, four spaces before the second.
_TIGHT_LIST = re.compile(r"^(?![-*] |\d+\. |[|#>]|\s)(\S[^\n]*\n)(?=[-*] \S|1\. \S)", re.MULTILINE)
_BAR_IN_TABLE = re.compile(r"`([^`\n|]*(?:\\\|[^`\n|]*)+)`")
_SHALLOW_LIST = re.compile(r"^ {1,3}(?:[-*]|\d+\.) \S[^\n]*", re.MULTILINE)
_FENCED = re.compile(r"^(`{3,}|~{3,}).*?^\1[ \t]*$", re.DOTALL | re.MULTILINE)


# As HTML: to mkdocs, which checks links, the file is not there yet.
_PLAIN_TEXT = (
    f'<a href="{NAME}">The whole documentation as one text file</a>, for those who read with a machine.\n'
)


class _Texts:
    """What one build has gathered for the plain text."""

    pages: dict[str, str]
    order: list[Page]


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    _Texts.pages, _Texts.order = {}, []
    config.nav = list(expanded(config.nav or [], {"reference/": [COMMAND_LINE, *documented()]}))
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    generated = {page: site_page(page, names) for page, names in documented().items()}
    generated |= {page: (ROOT / path).read_text("utf-8") for path, page in outside().items()}
    for page, content in (generated | {COMMAND_LINE: command_line_page()}).items():
        files.append(File.generated(config, page, content=content))
    return files


def on_nav(nav: Navigation, **_: Any) -> Navigation:
    _Texts.order = nav.pages
    return nav


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    uri, pages = page.file.src_uri, site_paths()
    source = {site: path for path, site in pages.items()}.get(uri)
    for line in _SHALLOW_LIST.findall(_FENCED.sub("", markdown)):
        _LOG.warning("%s: a list within a list needs four spaces: %s", uri, line)
    if source is None:
        names = documented().get(uri)
        _Texts.pages[uri] = markdown if names is None else text_page(uri, names)
        return for_the_site(markdown)
    _Texts.pages[uri] = relinked(markdown, source, pages, lambda target: target)
    text = for_the_site(relinked(markdown, source, pages, lambda target: relative(uri, target)))
    return f"{text}\n\n{_PLAIN_TEXT}" if uri == "index.md" else text


def on_post_build(config: MkDocsConfig) -> None:
    titles = {page.file.src_uri: str(page.title) for page in _Texts.order}
    texts = {page: _Texts.pages[page] for page in titles}
    (Path(config.site_dir) / NAME).write_text(plain_text(titles, texts), "utf-8")


def for_the_site(markdown: str) -> str:
    """What the site would read otherwise than GitHub, in words that both read alike; code blocks as they are:
    a list that follows its paragraph at once, and a bar in the code of a table.
    """
    code = [found[0] for found in _FENCED.finditer(markdown)]
    prose = _FENCED.split(markdown)[::2]
    read_alike = [_BAR_IN_TABLE.sub(_with_bar, _TIGHT_LIST.sub(r"\1\n", each)) for each in prose]
    return "".join(piece for pair in zip_longest(read_alike, code, fillvalue="") for piece in pair)


def _with_bar(found: re.Match[str]) -> str:
    return f"<code>{escape(found[1]).replace(chr(92) + '|', '&#124;')}</code>"
