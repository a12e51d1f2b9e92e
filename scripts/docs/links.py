"""Links between pages, from what they are in the repository to what they are in the site."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath

from scripts.docs.pages import ROOT, resolved

# Code is passed over; the text of a link may hold code.
_PIECES = re.compile(
    r"(?P<fence>^(?P<mark>`{3,}|~{3,})[^\n]*\n.*?^(?P=mark)[ \t]*$)"
    r"|\[(?P<text>(?:[^\[\]`]|`[^`\n]*`)*)\]\((?P<link>[^)\s]+)\)"
    r"|(?P<code>`+)(?:(?!(?P=code)).)+(?P=code)",
    re.DOTALL | re.MULTILINE,
)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def relinked(markdown: str, source: str, pages: Mapping[str, str], written: Callable[[str], str]) -> str:
    """Of the page that `source` in the repository is: a link to a page becomes what `written` makes of that
    page's path in the site; one to another file of the repository becomes its path, as code. One that leads
    nowhere stays, for the build to complain of.
    """

    def piece(found: re.Match[str]) -> str:
        link = found["link"]
        if link is None or link.startswith("#") or _ELSEWHERE.match(link):
            return found[0]
        path, mark, anchor = link.partition("#")
        target = resolved(PurePosixPath(source), path)
        if target in pages:
            return f"[{found['text']}]({written(pages[target])}{mark}{anchor})"
        if f"{target}/README.md" in pages:
            return f"[{found['text']}]({written(pages[f'{target}/README.md'])}{mark}{anchor})"
        if not (ROOT / target).exists():
            return found[0]
        named = found["text"].strip("`") in (target, PurePosixPath(target).name)
        return f"`{target}`" if named else f"{found['text']} (`{target}`)"

    return _PIECES.sub(piece, markdown)


def relative(page: str, target: str) -> str:
    """From one page of the site to another."""
    here, there = PurePosixPath(page).parent.parts, PurePosixPath(target).parts
    shared = 0
    while shared < min(len(here), len(there) - 1) and here[shared] == there[shared]:
        shared += 1
    return "/".join([*[".."] * (len(here) - shared), *there[shared:]])
