"""What an API is called in code: `acme` has an `AcmeConnector`, whose settings begin with `ACME_`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tidegate.authoring.description import Api, Credential, Quota
from tidegate.authoring.writing.words import inert, line, pascal, spoken

_LONGEST = 30  # characters of a title, so that the first lines of modules fit


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that holds a part of the credential. `secret` ones are never shown."""

    name: str
    description: str
    secret: bool = True

    @property
    def type(self) -> str:
        return "SecretStr" if self.secret else "str"

    @property
    def nobody(self) -> str:
        """A value for a connector that asks nothing."""
        return 'SecretStr("none")' if self.secret else '"none"'


@dataclass(frozen=True, slots=True)
class Identity:
    name: str
    title: str
    base_url: str | None
    credential: Credential
    origin: str
    quota: Quota | None = None
    todo: tuple[str, ...] = ()

    @classmethod
    def of(cls, api: Api) -> Identity:
        origin = inert(line(api.origin_of_facts, 80))
        return cls(api.name, inert(_title(api)), api.base_url, api.credential, origin, api.quota, api.todo)

    @property
    def cls(self) -> str:
        return pascal(self.name)

    @property
    def whose(self) -> str:
        return f"{self.title}'" if self.title.endswith("s") else f"{self.title}'s"

    @property
    def prefix(self) -> str:
        return f"{self.name.upper()}_"

    @property
    def settings(self) -> tuple[Setting, ...]:
        """Of the credential, in order."""
        match self.credential.kind:
            case "header" | "query":
                return (Setting("api_key", "API key of the account"),)
            case "bearer":
                return (Setting("api_token", "token that requests carry"),)
            case "basic":
                return (
                    Setting("username", "user of the account", False),
                    Setting("password", "its password"),
                )
            case "client_credentials":
                return (
                    Setting("client_id", "id of the OAuth2 client", False),
                    Setting("client_secret", "its secret"),
                )
        return ()

    @property
    def has_auth(self) -> bool:
        return bool(self.settings)

    @property
    def secret(self) -> str:
        """The variable that holds the secret; "" where there is none."""
        return f"{self.prefix}{self.settings[-1].name.upper()}" if self.settings else ""

    @property
    def source_of_facts(self) -> str:
        return self.origin or "the description that this was made of"


def _title(api: Api) -> str:
    """As people call it: what the file says where that is short, else its name."""
    said = re.sub(r"\s+(REST\s+)?API$", "", line(api.title, 200), flags=re.IGNORECASE)
    return said if said and len(said) <= _LONGEST and said.isprintable() else spoken(api.name).title()
