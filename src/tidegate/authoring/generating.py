"""From what is known of an API to what becomes of each file. Reads the project; writes when it is told to."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from tidegate.app.text import printable
from tidegate.authoring.answers import Answers
from tidegate.authoring.description import Api, Listing
from tidegate.authoring.merging import Outcome, merged, place
from tidegate.authoring.merging.files import Kind
from tidegate.authoring.merging.placing import Change
from tidegate.authoring.project.settings import tidegate_table, with_settings, with_workflow
from tidegate.authoring.remembered import Remembered
from tidegate.authoring.writing import Layout, files
from tidegate.authoring.writing.identity import Identity
from tidegate.utils.errors import SettingsError

_SETTINGS, _EXAMPLE = PurePosixPath("pyproject.toml"), PurePosixPath(".env.example")
_SHARED = ("connectors", "factories", "workflows", "tests")
_TO = "warehouse.duckdb"


@dataclass(frozen=True, slots=True)
class Generation:
    """`outcomes` are of the code, and of `pyproject.toml` and `.env.example` where these get a line. They get
    it once: what a person took out again stays out. `by_hand` are lines that a person must add to
    `pyproject.toml`. `record` is what is remembered, the last to be written.
    """

    root: Path
    api: Api
    listings: tuple[Listing, ...]
    outcomes: tuple[Outcome, ...]
    record: Outcome
    by_hand: str = ""

    @property
    def written(self) -> tuple[Outcome, ...]:
        return tuple(each for each in (*self.outcomes, self.record) if each.is_written)

    def write(self) -> None:
        """All files or none; see `place`."""
        place(
            self.root,
            {each.path: Change(each.before, each.after) for each in self.written if each.after is not None},
        )


def record_of(name: str) -> PurePosixPath:
    """Where it is kept what was generated."""
    return PurePosixPath("connectors", name, "generated.json")


def remembered(root: Path, name: str) -> Remembered | None:
    """What was generated of this API; None for nothing. Raises `SettingsError` for a record that is not as it
    was written, or that of another API, whose files would be taken for this one's.
    """
    file = root / record_of(name)
    found = Remembered.read(file)
    if found is not None and found.api.name != name:
        raise SettingsError(
            f"{file} is the record of {printable(found.api.name)}, not of {name}",
            hint="Remove it where the folder is a copy, and take another name for the new API.",
        )
    return found


def generation(
    root: Path, before: Remembered | None, api: Api, found: Sequence[Listing], answers: Answers
) -> Generation:
    """What `found` makes of the project. Raises `UsageError` for answers that do not fit, and
    `SettingsError` for files that cannot be read.
    """
    api = answers.of_api(api)
    listings = tuple(_doubted(answers.of_listing(each)) for each in found)
    base = before.files if before else {}
    made = files(api, listings, _layout(root))
    outcomes = merged(root, base, made)
    is_new = not (before and before.registered)
    settings, by_hand = _settings(root, api.name) if is_new else (None, "")
    example = _env_example(root, api) if is_new else None
    outcomes += tuple(each for each in (settings, example) if each is not None)
    known = Remembered(
        api,
        tuple(each.endpoint.path for each in listings),
        answers.rows,
        answers.keys,
        answers.since,
        {**base, **made},
        registered=True,
    )
    return Generation(root, api, listings, outcomes, _record(root, api.name, known), by_hand)


def _doubted(listing: Listing) -> Listing:
    """With a note where recorded answers, of which nobody told the query, seem to be all there is."""
    asked = any(each.place == "query" for each in listing.endpoint.parameters)
    if not listing.endpoint.is_sampled or asked or listing.paging.kind != "single":
        return listing
    note = "Samples do not tell whether further pages follow: look up which parameter leads to them."
    return replace(listing, todo=(*listing.todo, note))


def _layout(root: Path) -> Layout:
    shared = (PurePosixPath(folder, "__init__.py") for folder in _SHARED)
    return Layout(present=frozenset(path for path in shared if (root / path).exists()))


def _record(root: Path, name: str, known: Remembered) -> Outcome:
    path = record_of(name)
    file = root / path
    before = file.read_bytes() if file.exists() else None
    after = known.text().encode()
    kind: Kind = "new" if before is None else "same" if before == after else "updated"
    return Outcome(path, kind, before, after)


def _settings(root: Path, name: str) -> tuple[Outcome | None, str]:
    """The workflow's line in `pyproject.toml`; or what to add, where no program can."""
    file, reference = root / _SETTINGS, f"workflows.{name}.main:app"
    before = file.read_bytes() if file.exists() else None
    try:
        text = "" if before is None else before.decode("utf-8")
        table = text if tidegate_table(text) is not None else with_settings(text, _TO)
        edited = None if table is None else with_workflow(table, reference)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{file} is not valid TOML: {error}", hint="Mend it there.") from error
    if edited is None:
        return None, f'[tool.tidegate]\nworkflows = ["{reference}"]\n'
    if edited == text:
        return None, ""
    return Outcome(_SETTINGS, "new" if before is None else "updated", before, edited.encode()), ""


def _env_example(root: Path, api: Api) -> Outcome | None:
    """Where the project has a `.env.example`: the variables of the credential, without a value."""
    file = root / _EXAMPLE
    if not file.is_file():
        return None
    before = file.read_bytes()
    text, identity = before.decode("utf-8", "surrogateescape"), Identity.of(api)
    names = [f"{identity.prefix}{setting.name.upper()}" for setting in identity.settings]
    lines = [f"{name}=\n" for name in names if name not in text]
    if not lines:
        return None
    gap = "" if not text or text.endswith("\n") else "\n"
    after = f"{text}{gap}\n# {identity.title}\n{''.join(lines)}"
    return Outcome(_EXAMPLE, "updated", before, after.encode("utf-8", "surrogateescape"))


def with_remembered(answers: Answers, before: Remembered | None) -> Answers:
    """What was said now, and earlier where nothing was said now."""
    if before is None:
        return answers
    return replace(
        answers,
        rows={**before.rows, **answers.rows},
        keys={**before.keys, **answers.keys},
        since={**before.since, **answers.since},
    )
