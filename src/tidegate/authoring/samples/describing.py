"""An `Api` of samples: one endpoint a path, its response inferred over all of its samples."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from tidegate.authoring.description import Api, Credential, Endpoint, Parameter, Schema
from tidegate.authoring.samples.made_up import made_up
from tidegate.authoring.samples.reading import Sample
from tidegate.authoring.samples.schema import schema_of
from tidegate.utils.errors import UsageError


def api_of(name: str, samples: Iterable[Sample], *, base_url: str | None = None) -> Api:
    """Endpoints in the order in which their first samples are given.

    Parameters are those that the samples were asked with; the examples of an endpoint are made up. Raises
    `UsageError` for a sample of which nobody said what endpoint answered it.
    """
    of_paths: dict[str, list[Sample]] = {}
    for sample in samples:
        if not sample.path:
            raise UsageError(
                "it is not known which endpoint answered a sample",
                hint="Give --sample /path=FILE, or --path.",
            )
        of_paths.setdefault(_slashed(sample.path), []).append(sample)
    origins = {sample.base_url for several in of_paths.values() for sample in several if sample.base_url}
    return Api(
        name=name,
        title=name,
        base_url=base_url or (next(iter(origins)) if len(origins) == 1 else None),
        credential=Credential(),
        endpoints=tuple(_endpoint(path, several) for path, several in of_paths.items()),
        origin_of_facts="recorded answers",
    )


def _endpoint(path: str, samples: Sequence[Sample]) -> Endpoint:
    response = schema_of(sample.body for sample in samples)
    return Endpoint(
        path=path,
        parameters=(*_of_path(path), *_of_query(samples)),
        response=response,
        examples=(made_up(response),),
        response_headers=tuple(sorted({name for sample in samples for name in sample.headers})),
        is_sampled=True,
    )


def _of_path(path: str) -> list[Parameter]:
    names = re.findall(r"\{([^{}/]+)\}", path)
    return [Parameter(name, "path", {"type": "string"}, required=True) for name in dict.fromkeys(names)]


def _of_query(samples: Sequence[Sample]) -> list[Parameter]:
    values: dict[str, set[str]] = {}
    for sample in samples:
        for name, value in sample.query.items():
            values.setdefault(name, set()).add(value)
    return [Parameter(name, "query", _of_values(values[name])) for name in sorted(values)]


def _of_values(values: set[str]) -> Schema:
    """Not the values themselves: one may be somebody's address."""
    return {"type": "integer" if all(re.fullmatch("[0-9]{1,18}", value) for value in values) else "string"}


def _slashed(path: str) -> str:
    return "/" + path.strip("/")
