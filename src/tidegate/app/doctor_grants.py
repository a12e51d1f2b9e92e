"""Who runs here, what they may do, and the command that grants what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tidegate.app.doctor_findings import Finding, wrong
from tidegate.utils.gcp_roles import role_for


@dataclass(frozen=True)
class Identity:
    """`email` is None for a login whose credentials do not tell it."""

    email: str | None
    quota_project: str | None = None

    @property
    def shown(self) -> str:
        who = self.email or "a login that does not tell its name (gcloud auth application-default login)"
        return who + (f", billed to {self.quota_project}" if self.quota_project else "")

    @property
    def member(self) -> str:
        """As a policy has it."""
        if self.email is None:
            return "user:YOU@EXAMPLE.COM"
        kind = "serviceAccount" if self.email.endswith("gserviceaccount.com") else "user"
        return f"{kind}:{self.email}"


@dataclass(frozen=True)
class Grants:
    """What is held on the project or above. `identity` is None where nobody is asked who they are."""

    identity: Identity | None
    held: frozenset[str]


@dataclass(frozen=True)
class Target:
    """Where a role can be granted, and by which command; `{role}` and `{member}` stand for both."""

    shown: str
    command: str

    def missing(self, permissions: Iterable[str], identity: Identity | None) -> Iterator[Finding]:
        for permission in permissions:
            yield wrong(
                "permission",
                f"{permission} is missing on {self.shown}",
                self.todo(permission, identity),
            )

    def todo(self, permission: str, identity: Identity | None) -> str:
        """The command that grants the role which brings it with the least beside."""
        role = role_for(permission) or f"A_ROLE_WITH_{permission}"
        member = identity.member if identity is not None else "MEMBER"
        return self.command.format(role=role, member=member)


def project(name: str) -> Target:
    return Target(
        f"project {name}",
        f"gcloud projects add-iam-policy-binding {name} --member={{member}} --role={{role}}",
    )


def dataset(name: str, dataset: str) -> Target:
    return Target(
        f"dataset {name}.{dataset}",
        f'In BigQuery: GRANT `{{role}}` ON SCHEMA `{name}.{dataset}` TO "{{member}}"',
    )


def bucket(name: str) -> Target:
    return Target(
        f"bucket gs://{name}",
        f"gcloud storage buckets add-iam-policy-binding gs://{name} --member={{member}} --role={{role}}",
    )


def secret(project: str, name: str) -> Target:
    return Target(
        f"secret {name}",
        f"gcloud secrets add-iam-policy-binding {name} --project={project} "
        "--member={member} --role={role}",
    )
