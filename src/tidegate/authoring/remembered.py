"""What `tidegate new` keeps of an API: `connectors/<api>/generated.json`, which belongs in version control.

The facts that the code was made of, so that a listing can be added later, from another source too; and the
text of every file as it was generated, by lines, which is the base of the next merge.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from tidegate.authoring.answers import open_doubts
from tidegate.authoring.description import Api, Credential, Endpoint, Parameter, Quota, Since
from tidegate.utils.errors import SettingsError

_FORMAT = 1
_ABOUT = "Written by `tidegate new`, which merges by it. Keep it in version control; do not edit it."


@dataclass(frozen=True, slots=True)
class Remembered:
    """`paths` are the endpoints that code was made for, in order; `rows`, `keys` and `since` are what
    a person said of them, by path. `registered`: the workflow was entered in `pyproject.toml`.
    """

    api: Api
    paths: tuple[str, ...] = ()
    rows: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    since: Mapping[str, Since] = field(default_factory=dict)
    files: Mapping[PurePosixPath, str] = field(default_factory=dict)
    registered: bool = False

    def text(self) -> str:
        """As it is kept: of endpoints without code only what names and quotas are told by."""
        light = tuple(
            each if each.path in self.paths else Endpoint(each.path, response_headers=each.response_headers)
            for each in self.api.endpoints
        )
        rest = {
            "about": _ABOUT,
            "format": _FORMAT,
            "api": {**asdict(replace(self.api, endpoints=())), "endpoints": None},
            "paths": self.paths,
            "rows": dict(self.rows),
            "keys": dict(self.keys),
            "since": {path: asdict(each) for path, each in self.since.items()},
            "registered": self.registered,
            "files": {str(path): text.split("\n") for path, text in sorted(self.files.items())},
        }
        head = json.dumps(rest, indent=1, ensure_ascii=False).removesuffix("\n}")
        endpoints = ",\n".join(f"  {_line(each)}" for each in light)  # schemas are long: one line each
        return f'{head},\n "endpoints": [\n{endpoints}\n ]\n}}\n'

    @classmethod
    def read(cls, file: Path) -> Remembered | None:
        """None where there is no such file. Raises `SettingsError` for one that is not as it was written."""
        if not file.exists():
            return None
        try:
            return cls._of(json.loads(file.read_bytes()))
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise SettingsError(
                f"{file} is not as `tidegate new` wrote it ({type(error).__name__}: {error})",
                hint="Bring it back from version control; to begin anew, move it and the files away.",
            ) from error

    @classmethod
    def _of(cls, content: Mapping[str, Any]) -> Remembered:
        if content["format"] != _FORMAT:
            raise ValueError(f"format {content['format']!r}")
        return cls(
            api=_api({**content["api"], "endpoints": content["endpoints"]}),
            paths=tuple(content["paths"]),
            rows=dict(content["rows"]),
            keys={path: tuple(key) for path, key in content["keys"].items()},
            since={path: Since(**each) for path, each in content["since"].items()},
            files={PurePosixPath(path): "\n".join(lines) for path, lines in content["files"].items()},
            registered=content["registered"],
        )

    def joined(self, new: Api) -> Api:
        """What is known by now: of an endpoint that both describe, what `new` says.

        Title, base URL and credential stay as they are, where they are known.
        """
        told = {each.path: each for each in new.endpoints}
        mine = [told.pop(each.path, each) for each in self.api.endpoints]
        renews = {each.path for each in new.endpoints}.issuperset(self.paths)
        origins = dict.fromkeys([*([] if renews else [self.api.origin_of_facts]), new.origin_of_facts])
        settled = self.api.credential.kind != "unknown"
        doubts = open_doubts(new.todo, credential=settled, base_url=self.api.base_url is not None)
        return replace(
            self.api,
            base_url=self.api.base_url or new.base_url,
            credential=self.api.credential if settled else new.credential,
            endpoints=(*mine, *told.values()),
            origin_of_facts="; ".join(filter(None, origins)),
            todo=tuple(dict.fromkeys([*self.api.todo, *doubts])),
        )


def _api(content: Mapping[str, Any]) -> Api:
    quota = content["quota"]
    credential = content["credential"]
    return Api(
        **{
            **content,
            "credential": Credential(**{**credential, "scopes": tuple(credential["scopes"])}),
            "endpoints": tuple(_endpoint(each) for each in content["endpoints"]),
            "todo": tuple(content["todo"]),
            "quota": Quota(**quota) if quota else None,
        }
    )


def _endpoint(content: Mapping[str, Any]) -> Endpoint:
    lists = {name: tuple(content.get(name, ())) for name in ("examples", "response_headers")}
    parameters = tuple(Parameter(**each) for each in content.get("parameters", ()))
    return Endpoint(**{**content, **lists, "parameters": parameters})


def _line(of: Endpoint) -> str:
    """What the endpoint says, without what it does not."""
    said = {
        name: value
        for name, value in asdict(of).items()
        if name == "path" or value not in (None, "", (), [], False)
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))
