"""What the pages tell a reader to type exists: every command of tidegate in them, with every option."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from scripts.docs.command_line import commands
from scripts.docs.pages import ROOT, site_paths

OPTIONS = {
    name: {"--help", *(word for each in command.params for word in [*each.opts, *each.secondary_opts])}
    for name, command in commands().items()
}
GROUPS = {name.rpartition(" ")[0] for name in OPTIONS}
_SHELL = re.compile(r"^```(?:sh|text)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_IN_SHELL = re.compile(r"(?:^|[\s(\"=;&|])tidegate ([a-z][^|;&`\"\n#>]*)", re.MULTILINE)
_IN_TEXT = re.compile(r"`tidegate ([a-z][^`]*)`")


def typed() -> Iterator[tuple[str, str]]:
    """Each page with what it says behind `tidegate`."""
    for page in site_paths():
        text = (ROOT / page).read_text("utf-8")
        for block in _SHELL.findall(text):
            yield from ((page, said) for said in _IN_SHELL.findall(block.replace("\\\n", " ")))
        yield from ((page, said) for said in _IN_TEXT.findall(_SHELL.sub("", text)))


def wrong(said: str) -> list[str]:
    """What of it does not exist."""
    words = re.split(r"\s+", said.split("\\|", maxsplit=1)[0].strip())
    name = next((each for n in (2, 1) if (each := " ".join(["tidegate", *words[:n]])) in OPTIONS), None)
    if name is None:
        return [] if " ".join(["tidegate", words[0]]) in GROUPS and len(words) <= 2 else [words[0]]
    given = [word.split("=")[0].rstrip(".,;)]") for word in words if word.startswith("--")]
    return [word for word in given if word not in OPTIONS[name]]


def test_every_command_that_a_page_shows_exists_with_its_options() -> None:
    shown = list(typed())
    assert len(shown) > 150
    assert [(page, said, lost) for page, said in shown if (lost := wrong(said))] == []


@pytest.mark.parametrize(
    ("said", "lost"),
    [
        ("run acme --run-id x", []),
        ("run acme --runid x", ["--runid"]),
        ("cursor show acme.orders --to=x", []),
        ("cursor shew acme.orders", ["cursor"]),
        ("lost", ["lost"]),
    ],
)
def test_one_that_does_not_is_found(said: str, lost: list[str]) -> None:
    assert wrong(said) == lost
