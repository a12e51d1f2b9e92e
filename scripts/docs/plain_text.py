"""The whole of the documentation in one file of plain text, for those who read with a machine."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

NAME = "tidegate.txt"
_RULE = "=" * 100


def plain_text(titles: Mapping[str, str], texts: Mapping[str, str]) -> str:
    """`titles` and `texts` are by page, in the order of the nav. A link in a text leads to the line
    `Page: ...` of its target.
    """
    width = max(map(len, texts))
    contents = [f"{page:{width}}  {titles[page]}" for page in texts]
    head = [
        "tidegate: the documentation in one file",
        "",
        "Each page begins with a line `Page: PATH`, under a rule. Links name these paths.",
        "",
        *contents,
    ]
    pages = [f"{_RULE}\nPage: {page}\n{_RULE}\n\n{text.strip()}" for page, text in texts.items()]
    return "\n\n\n".join(["\n".join(head), *pages]) + "\n"


def pages_of(text: str) -> dict[str, str]:
    """The pages of such a file again."""
    parts: Sequence[str] = re.split(rf"^{_RULE}\nPage: (\S+)\n{_RULE}\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))
