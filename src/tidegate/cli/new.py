"""The command `new`: a connector, a workflow and their tests, from what describes an API."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

from pydantic import SecretStr

from tidegate.app.failures import exits
from tidegate.app.registry import own_workflows, workflows
from tidegate.authoring import answers as said
from tidegate.authoring import questions
from tidegate.authoring.answers import Answers
from tidegate.authoring.description import Api, Credential, Listing
from tidegate.authoring.generating import Generation, generation, remembered, with_remembered
from tidegate.authoring.listings import UNSURE, listings, survey
from tidegate.authoring.naming import check_free, check_name
from tidegate.authoring.questions import Asker, Terminal
from tidegate.authoring.remembered import Remembered
from tidegate.authoring.samples import Sample, api_of, read_samples
from tidegate.authoring.writing.names import named
from tidegate.cli.new_arguments import NewArguments
from tidegate.cli.new_report import tell_changes, tell_end
from tidegate.utils.errors import ExitCode, SettingsError, UsageError
from tidegate.utils.project import Project
from tidegate.utils.secrets import resolved

_SHOWN = 20


def new_command(name: str, arguments: NewArguments) -> None:
    """Ends with 10 where a hand-made change stays in the way of something new, or a line is left to add."""
    with exits(debug=arguments.debug):
        project = Project.find(Path.cwd())
        check_name(name)
        before = remembered(project.root, name)
        if before is None:
            check_free(name, project.root, own_workflows(project))
            if name in workflows(project):
                sys.stderr.write(f"note: {name} will be yours in this project, and hide the installed one\n")
        asker = _asker(arguments)
        if asker and arguments.record and not arguments.auth:
            arguments = replace(arguments, auth=questions.credential(asker, "none"))
        recorded = _recorded(arguments, asker)
        described = _described(name, arguments, recorded, asker)
        paths = _paths(described, arguments, asker, earlier=before.paths if before else ())
        api = before.joined(described) if before else described
        api = replace(api, title=arguments.title or api.title)
        answers, chosen = _answered(api, paths, before, arguments, asker)
        made = generation(project.root, before, api, chosen, answers)
        if not arguments.as_json:
            tell_changes(made, arguments, sys.stdout, pending=bool(asker) or arguments.dry_run)
        settled = _written(made, arguments, asker)
        if settled and recorded:
            from tidegate.authoring.recording import keep

            keep(recorded, project.home(os.environ), name)
        tell_end(made, arguments, sys.stdout)
        if any(each.kind == "kept" for each in made.outcomes) or made.by_hand:
            raise SystemExit(int(ExitCode.QUARANTINED))


def _asker(arguments: NewArguments) -> Asker | None:
    """None where nobody is there to be asked."""
    quiet = arguments.yes or arguments.as_json
    return Terminal() if not quiet and sys.stdin.isatty() and sys.stderr.isatty() else None


def _recorded(arguments: NewArguments, asker: Asker | None) -> list[Sample]:
    if not arguments.record:
        return []
    from tidegate.authoring.recording import auth_manager, record

    credential = said.credential(arguments.auth) if arguments.auth else Credential("none")
    if arguments.credential_env and not arguments.auth:
        raise UsageError(
            "--credential-env says which, not how", hint="Give --auth header:NAME, bearer or basic, too."
        )
    secret = _secret(arguments.credential_env)
    if secret is None and asker and credential.kind != "none":
        secret = SecretStr(
            asker.secret(f"The credential ({' '.join(filter(None, [credential.kind, credential.name]))})")
        )
    auth = auth_manager(credential, secret)
    base_url = said.base_url(arguments.base_url) if arguments.base_url else None
    return [
        sample
        for url in arguments.record
        for sample in record(url, auth, listings, pages=arguments.pages, base_url=base_url)
    ]


def _secret(variable: str | None) -> SecretStr | None:
    if variable is None:
        return None
    value = os.environ.get(variable)
    if not value:
        raise SettingsError(f"{variable} is not set", hint=f"--credential-env {variable} asks for it.")
    return SecretStr(resolved(value))


def _described(name: str, arguments: NewArguments, recorded: Sequence[Sample], asker: Asker | None) -> Api:
    given = [bool(arguments.openapi), bool(arguments.sample), bool(arguments.record)]
    if sum(given) > 1 and arguments.openapi:
        raise UsageError(
            "--openapi and samples are two descriptions", hint="Give one, then the other in a second call."
        )
    if arguments.openapi:
        from tidegate.authoring.openapi import read

        api = read(arguments.openapi, name=name)
    elif any(given):
        api = api_of(name, [*_samples(arguments, asker), *recorded])
    else:
        raise UsageError(
            "nothing describes the API", hint="Give --openapi FILE or URL, --sample FILE, or --record URL."
        )
    return replace(api, name=name)


def _samples(arguments: NewArguments, asker: Asker | None) -> list[Sample]:
    own = arguments.path[0] if arguments.path and len(arguments.path) == 1 else None
    found = read_samples(arguments.sample or (), Path.cwd(), own)
    if asker and any(each.path is None for each in found):
        path = asker.text("Path of the endpoint that the samples come from, such as /orders", "")
        found = [each if each.path else replace(each, path=path) for each in found]
    return found


def _answered(
    api: Api, paths: Sequence[str], before: Remembered | None, arguments: NewArguments, asker: Asker | None
) -> tuple[Answers, Sequence[Listing]]:
    """What is known in the end, and the listings of `paths`."""
    known = named(api.name, paths, [each.path for each in api.endpoints])
    answers = with_remembered(
        Answers.said({path: each.plural for path, each in known.items()}, arguments), before
    )
    chosen = _listed(api, paths, answers.rows)
    if asker:
        answers = _with_rows(asker, api, chosen, answers)
        chosen = _listed(api, paths, answers.rows)
        answers = questions.about_api(asker, api, answers)
        for listing in chosen:
            answers = questions.about_listing(asker, listing, answers)
    return answers, chosen


def _with_rows(asker: Asker, api: Api, chosen: Sequence[Listing], answers: Answers) -> Answers:
    """Of listings whose rows the detector is not sure of, a person says where they are."""
    rows = dict(answers.rows)
    for listing in chosen:
        path = listing.endpoint.path
        if any(each.startswith(UNSURE) for each in listing.todo):
            rows[path] = questions.where_rows_are(asker, listing, partial(_with_rows_at, api, path))
    return replace(answers, rows=rows)


def _with_rows_at(api: Api, path: str, place: str) -> Listing:
    return _listed(api, [path], {path: place})[0]


def _paths(
    api: Api, arguments: NewArguments, asker: Asker | None, *, earlier: Sequence[str]
) -> Sequence[str]:
    """Those that code was made for earlier, then those that are wanted besides."""
    named_ones = arguments.path or ()
    if not arguments.openapi:  # who gives a sample says that it lists something
        named_ones = [each.path for each in api.endpoints]
    wanted = [each.endpoint.path for each in _listed(api, named_ones)]
    if arguments.all_ or not (wanted or earlier):
        wanted = _found(api, arguments, asker)
    return list(dict.fromkeys([*earlier, *wanted]))


def _found(api: Api, arguments: NewArguments, asker: Asker | None) -> list[str]:
    """Where no path is named: the endpoints that list rows, or those of them that a person picks."""
    found = listings(api, None)
    paths = [each.endpoint.path for each in found]
    if not paths:
        raise UsageError(f"no endpoint of {api.title} seems to list rows", hint="Name one: --path /x.")
    if len(paths) == 1 or arguments.all_:
        return paths
    if asker:
        return questions.which(asker, found)
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    raise UsageError(
        f"{len(paths)} endpoints list rows: {', '.join(paths[:_SHOWN])}{more}",
        hint="Say which: --path /x, once for each, or --all.",
    )


def _listed(
    api: Api, paths: Sequence[str], rows: Mapping[str, str] = MappingProxyType({})
) -> Sequence[Listing]:
    """Raises `UsageError` for a path that is none of the API's, or that lists nothing."""
    seen = survey(api, paths, rows)
    for path, reason in seen.others.items():
        raise UsageError(
            f"{path} lists no rows: {reason}", hint="Give a sample of what it answers: --sample."
        )
    return seen.listings


def _written(made: Generation, arguments: NewArguments, asker: Asker | None) -> bool:
    if arguments.dry_run or not made.written:
        return False
    if asker and not asker.yes(f"Write {len(made.written)} files"):
        sys.stderr.write("nothing was written\n")
        raise SystemExit(int(ExitCode.OK))
    made.write()
    return True
