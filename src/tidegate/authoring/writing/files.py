"""All files of an API: connector, factory, workflow and tests, from its description."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from tidegate.authoring.description import Api, Listing
from tidegate.authoring.writing import connector_files, workflow_files
from tidegate.authoring.writing.client_file import client_file
from tidegate.authoring.writing.formatting import formatted
from tidegate.authoring.writing.identity import Identity
from tidegate.authoring.writing.layout import Layout
from tidegate.authoring.writing.quotas import header_prefix
from tidegate.authoring.writing.readme_file import readme_file
from tidegate.authoring.writing.subjects import Subject, subjects
from tidegate.authoring.writing.tasks_file import tasks_file
from tidegate.authoring.writing.test_files import contracts_test, example_files

_OWN = ("connectors", "factories", "workflows")


def files(api: Api, listings: Sequence[Listing], where: Layout) -> Mapping[PurePosixPath, str]:
    """The text of each file by its path in the project: the same for the same description.

    Imports nothing of what it writes. Blocks for about a second. Raises `SettingsError` without the extra
    `new`, and `ValueError` without listings.
    """
    if not listings:
        raise ValueError(f"{api.name}: there is no listing to write a connector for")
    identity, found = Identity.of(api), subjects(api, listings)
    own = (where.package,) if where.package else _OWN
    written = dict(_all(identity, found, where, header_prefix(api)))
    return formatted(written, own)


def _all(
    identity: Identity, found: Sequence[Subject], where: Layout, prefix: str | None
) -> Iterator[tuple[PurePosixPath, str]]:
    for path in _shared(where):
        if path not in where.present:
            yield path, ""
    for module, text in _modules(identity, found, where, prefix):
        yield where.path(module), text
    name = identity.name
    yield where.path(f"connectors.{name}.client").with_name("README.md"), readme_file(identity, found)
    tests = where.tests / name
    yield tests / "__init__.py", ""
    yield tests / "test_contracts.py", contracts_test(identity, found, where)
    for path, text in example_files(found):
        yield tests / path, text


def _shared(where: Layout) -> Iterator[PurePosixPath]:
    for name in _OWN:
        yield where.path(name).with_suffix("") / "__init__.py"
    yield where.tests / "__init__.py"


def _modules(
    identity: Identity, found: Sequence[Subject], where: Layout, prefix: str | None
) -> Iterator[tuple[str, str]]:
    name = identity.name
    connector, workflow = f"connectors.{name}", f"workflows.{name}"
    yield f"{connector}.__init__", ""
    yield f"{connector}.client", client_file(identity, found, where)
    yield f"{connector}.schemas", connector_files.schemas_file(identity, found, where)
    if identity.has_auth:
        yield f"{connector}.auth", connector_files.auth_file(identity, where)
    yield f"{connector}.limiter", connector_files.limiter_file(identity, prefix, where)
    yield f"{connector}.config", connector_files.config_file(identity, where)
    yield f"factories.{name}", connector_files.factory_file(identity, where)
    yield f"{workflow}.__init__", ""
    yield f"{workflow}.main", workflow_files.main_file(identity, found, where)
    yield f"{workflow}.tasks", tasks_file(identity, found, where)
    yield f"{workflow}.schemas", workflow_files.schemas_file(identity, found, where)
    yield f"{workflow}.transform", workflow_files.transform_file(identity, found, where)
    yield f"{workflow}.config", workflow_files.config_file(identity, found, where)
    plain = next((each for each in found if each.plan.follows == "everything" and not each.plan.parent), None)
    if plain:
        yield f"{workflow}.load", workflow_files.load_file(identity, plain, where)
