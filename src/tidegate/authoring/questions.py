"""What cannot be known is asked, on a terminal; elsewhere nobody is there to answer."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from tidegate.authoring import answers as said
from tidegate.authoring.answers import Answers
from tidegate.authoring.description import Api, Listing
from tidegate.utils.errors import UsageError

T = TypeVar("T")


class Asker(Protocol):
    """Asks a person one thing. Raises `KeyboardInterrupt` where that person has had enough."""

    def text(self, question: str, default: str) -> str: ...
    def secret(self, question: str) -> str: ...
    def yes(self, question: str) -> bool: ...
    def say(self, text: str) -> None: ...


class Terminal:
    """Prompts, on standard error: standard output is for what was made."""

    def text(self, question: str, default: str) -> str:
        import typer

        return str(
            _asked(lambda: typer.prompt(question, default=default, show_default=bool(default), err=True))
        )

    def secret(self, question: str) -> str:
        import typer

        return str(_asked(lambda: typer.prompt(question, hide_input=True, err=True)))

    def yes(self, question: str) -> bool:
        import typer

        return bool(_asked(lambda: typer.confirm(question, default=True, err=True)))

    def say(self, text: str) -> None:
        sys.stderr.write(f"{text}\n")


def _asked(prompt: Callable[[], T]) -> T:
    import typer

    try:
        return prompt()
    except typer.Abort:
        raise KeyboardInterrupt from None


def which(asker: Asker, listings: Sequence[Listing]) -> list[str]:
    """Of many endpoints those that code is made for, by numbers, ranges or parts of their paths."""
    paths = [each.endpoint.path for each in listings]
    for number, each in enumerate(listings, 1):
        asker.say(f"{number:>4}  {each.endpoint.path}  {each.endpoint.summary}".rstrip())
    return _until_right(
        asker, "Which of them (1,3-5, words of a path, or all)", "", lambda text: _chosen(text, paths)
    )


def _chosen(text: str, paths: Sequence[str]) -> list[str]:
    found: list[str] = []
    for word in re.split(r"[,\s]+", text.strip()):
        span = re.fullmatch(r"([0-9]+)(?:-([0-9]+))?", word)
        if word == "all":
            more = list(paths)
        elif span:
            first, last = int(span[1]), int(span[2] or span[1])
            more = list(paths[first - 1 : last]) if 1 <= first <= last <= len(paths) else []
        else:
            more = [path for path in paths if word and word.lower() in path.lower()]
        if not more:
            raise UsageError(f"{word or 'nothing'} names none of them")
        found += more
    return list(dict.fromkeys(found))


def about_api(asker: Asker, api: Api, answers: Answers) -> Answers:
    """Base URL, credential and quota, as far as neither the description nor an option has them."""
    if not (answers.base_url or api.base_url):
        url = _until_right(asker, "Base URL of the API", "", said.base_url)
        answers = replace(answers, base_url=url)
    if not answers.credential and api.credential.kind == "unknown":
        answers = replace(answers, credential=said.credential(credential(asker, "bearer")))
    if not (answers.quota or api.quota):
        text = "Quota of the API, such as 10/s or 300/min (unknown: leave it to later)"
        quota = _until_right(
            asker, text, "unknown", lambda given: None if given == "unknown" else said.quota(given)
        )
        answers = replace(answers, quota=quota)
    return answers


def credential(asker: Asker, default: str) -> str:
    """How requests are authorised, in the words of `--auth`."""

    def understood(text: str) -> str:
        said.credential(text)
        return text

    return _until_right(
        asker, "Credential: header:NAME, query:NAME, bearer, basic or none", default, understood
    )


def where_rows_are(asker: Asker, listing: Listing, found: Callable[[str], Listing]) -> str:
    """The dotted path of the list; `found` gives the listing with its rows there, or raises `UsageError`."""

    def understood(text: str) -> str:
        return found("" if text == "the body" else text).items

    question = f"{listing.endpoint.path}: where the rows are, such as result.data"
    return _until_right(asker, question, listing.items or "the body", understood)


def about_listing(asker: Asker, listing: Listing, answers: Answers) -> Answers:
    """The key of its rows, and the field that its filter by time goes by, where they cannot be told."""
    path = listing.endpoint.path
    fields = list(listing.row.get("properties", {}))
    if fields and not listing.key and path not in answers.keys:
        asker.say(f"{path}: fields {', '.join(fields[:40])}")
        key = _until_right(asker, f"{path}: key of a row (none: rows have no id)", "none", _one_of(fields))
        if key:
            answers = replace(answers, keys={**answers.keys, path: key})
    since = listing.since
    if fields and since and not since.attribute and path not in answers.since:
        question = f"{path}: field that {since.start_param} goes by (none: unknown)"
        attribute = _until_right(asker, question, "none", _one_of(fields))
        if attribute:
            known = replace(since, attribute=attribute[0])
            answers = replace(answers, since={**answers.since, path: known})
    return answers


def _one_of(fields: Sequence[str]) -> Callable[[str], tuple[str, ...]]:
    def chosen(text: str) -> tuple[str, ...]:
        names = said.key("" if text == "none" and "none" not in fields else text)
        wrong = [name for name in names if name not in fields]
        if wrong:
            raise UsageError(f"there is no field {wrong[0]}")
        return names

    return chosen


def _until_right(asker: Asker, question: str, default: str, understood: Callable[[str], T]) -> T:
    while True:
        try:
            return understood(asker.text(question, default))
        except UsageError as error:
            asker.say(" ".join(filter(None, [f"{error}.", error.hint])))
