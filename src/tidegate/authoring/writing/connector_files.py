"""`connectors/acme/` and `factories/acme.py`: read contracts, credential, quota, settings, factory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tidegate.authoring.writing.contracts import import_types, mentions, read_contract
from tidegate.authoring.writing.identity import Identity
from tidegate.authoring.writing.layout import Layout, Module
from tidegate.authoring.writing.subjects import Subject
from tidegate.authoring.writing.templates import filled
from tidegate.authoring.writing.words import inert, quoted

_EXAMPLE_URL = "https://api.example.com"
_OPEN = "Enumerations are `str`: a new value must not break a run."
_KINDS = {
    "header": ("APIKeyAuthManager", "an API key in the header `{}`"),
    "query": ("APIKeyAuthManager", "an API key in the parameter `{}` of the query"),
    "bearer": ("BearerAuthManager", "a bearer token"),
    "basic": ("BasicAuthManager", "user and password"),
    "client_credentials": ("OAuth2AuthManager", "a token by OAuth2 client credentials"),
}


def schemas_file(identity: Identity, subjects: Sequence[Subject], layout: Layout) -> str:
    told = f"Source of facts: {identity.source_of_facts}. {_OPEN}"
    module = Module(layout, f"What {identity.title} sends: the read contracts.\n\n{told}\n")
    text = "\n\n\n".join(read_contract(model) for each in subjects for model in each.models)
    import_types(module, text)
    module.add(text, *_rebuilt(subjects))
    return module.text()


def _rebuilt(subjects: Sequence[Subject]) -> Iterator[str]:
    """Classes that name one that stands below them are whole only with it."""
    for each in subjects:
        for number, model in enumerate(each.models):
            below = {later.name for later in each.models[number + 1 :]}
            if any(mentions(field.type, below) for field in model.fields):
                yield f"{model.name}.model_rebuild()"


def auth_file(identity: Identity, layout: Layout) -> str:
    credential = identity.credential
    base, what = _KINDS[credential.kind]
    guess = credential.kind == "client_credentials" and not credential.token_url
    return filled(
        "auth.py.in",
        identity,
        layout,
        what=what.format(inert(credential.name or "")),
        base=base,
        setting=identity.secret,
        arguments=", ".join(
            f"{s.name}: {'str | SecretStr' if s.secret else 'str'}" for s in identity.settings
        ),
        todo="        # TODO: the URL that tokens come from.\n" if guess else "",
        passed=", ".join(_passed(identity)),
    )


def _passed(identity: Identity) -> Iterator[str]:
    credential = identity.credential
    if credential.kind == "client_credentials":
        yield quoted(credential.token_url or f"{_EXAMPLE_URL}/token")
    yield from (each.name for each in identity.settings)
    if credential.kind == "header":
        yield f"header={quoted(credential.name or 'Authorization')}"
    if credential.kind == "query":
        yield f"query={quoted(credential.name or 'api_key')}"
    if credential.kind == "client_credentials" and credential.scopes:
        yield f"scope={quoted(' '.join(credential.scopes))}"


_GUESS = ". Nobody has looked it up yet: what stands here is a careful guess."
_NO_QUOTA = """
# TODO: the quota of your account, from the vendor's pages on rate limits. Routes may have several
# (RouteLimiter), and those of windows over a minute are best kept between runs (SqliteGrantStore).
REQUESTS, WINDOW_S = 2, 1.0
""".strip()
_SHARE = 0.9


def limiter_file(identity: Identity, prefix: str | None, layout: Layout) -> str:
    todo = (
        "" if prefix else "# TODO: what the names of the vendor's quota headers begin with, if it has any.\n"
    )
    told = f"{todo}HEADER_PREFIX = {quoted(prefix or 'x-ratelimit')}"
    known, quota = _GUESS, _NO_QUOTA
    if identity.quota is not None:
        limit, window = identity.quota.requests, identity.quota.window_s
        known = f": {limit:g} requests in {window:g} s."
        quota = (
            f"# {_SHARE:.0%} of the {limit:g}: a client cannot keep a server's window to the last request.\n"
            f"REQUESTS, WINDOW_S = {max(1, int(limit * _SHARE))}, {float(window)}"
        )
    return filled("limiter.py.in", identity, layout, prefix=told, known=known, quota=quota)


def config_file(identity: Identity, layout: Layout) -> str:
    fields = [
        f"    {each.name}: {each.type} = Field(description={quoted(each.description)})"
        for each in identity.settings
    ]
    todo = [] if identity.base_url else ["    # TODO: the base URL, which nothing tells."]
    url = f"    base_url: BaseUrl = {quoted(identity.base_url or _EXAMPLE_URL)}"
    return filled("config.py.in", identity, layout, fields="\n".join([*fields, *todo, url]))


def factory_file(identity: Identity, layout: Layout) -> str:
    todo = "                # TODO: auth_manager=..., as nothing tells how requests are authorised.\n"
    unknown = todo if identity.credential.kind == "unknown" else ""
    settings = ", ".join(f"settings.{each.name}" for each in identity.settings)
    auth = filled("factory_auth.in", identity, layout, settings=settings, setting=identity.secret)
    return filled(
        "factory.py.in",
        identity,
        layout,
        an="an" if identity.title[:1].lower() in set("aeiou") else "a",
        guess=", a guess" if identity.quota is None else "",
        nobody="".join(f", {each.name}={each.nobody}" for each in identity.settings),
        auth=auth if identity.has_auth else "",
        passed="                auth_manager=auth,\n" if identity.has_auth else unknown,
    )
