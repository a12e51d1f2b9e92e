"""What the site is made of: pages of `docs`, files beside it that are pages too, the order of a folder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
_LINK = re.compile(r"\]\(([^)#\s]+\.md)[^)\s]*\)")

Nav = str | Mapping[str, Any]


def outside() -> dict[str, str]:
    """Pages that are kept where their code is: the path in the repository to that in the site."""
    found = {"README.md": "index.md", "CHANGELOG.md": "changes.md"}
    for path in sorted((ROOT / "src" / "tidegate" / "connectors").glob("*/README.md")):
        found[path.relative_to(ROOT).as_posix()] = f"connectors/{path.parent.name}.md"
    return found


def site_paths() -> dict[str, str]:
    """Every page that a person wrote: its path in the repository to that in the site."""
    inside = {path.relative_to(ROOT).as_posix(): path for path in sorted(DOCS.rglob("*.md"))}
    return {name: path.relative_to(DOCS).as_posix() for name, path in inside.items()} | outside()


def folder_pages(folder: str) -> list[str]:
    """The pages of `folder/`, its README first and then in the order in which that one names them."""
    index, known = f"docs/{folder}README.md", site_paths()
    named = (
        resolved(PurePosixPath(index), link) for link in _LINK.findall((ROOT / index).read_text("utf-8"))
    )
    ordered = [f"{folder}README.md", *(known[path] for path in named if path in known)]
    return [page for page in dict.fromkeys(ordered) if page.startswith(folder)]


def resolved(source: PurePosixPath, link: str) -> str:
    """The path in the repository that a relative link of the file `source` leads to."""
    parts: list[str] = []
    for part in (*source.parent.parts, *PurePosixPath(link).parts):
        if part == "..":
            parts.pop() if parts else None
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def expanded(nav: list[Nav], generated: Mapping[str, list[str]]) -> Iterator[Nav]:
    """The nav with each `{title: folder/}` made a section of the folder's pages; `generated` has those of
    folders that no person wrote.
    """
    for entry in nav:
        if isinstance(entry, str):
            yield entry
            continue
        for title, value in entry.items():
            if isinstance(value, list):
                yield {title: list(expanded(value, generated))}
            elif value.endswith("/"):
                yield {title: generated[value] if value in generated else folder_pages(value)}
            else:
                yield {title: value}
