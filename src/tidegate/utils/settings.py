"""Types of settings that several connectors share, and what is wrong with them in a person's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, ValidationError


def check_base_url(text: str) -> str:
    """The URL as it is. Raises `ValueError` where no API could be asked under it."""
    if "@" in text:  # before anything that would show it
        raise ValueError("holds a user name or password: a credential has a setting of its own")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"{text!r} is no URL: {error}") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise ValueError(f"{text!r} is no URL such as https://api.example.com/v3")
    if parts.query or parts.fragment or not text.isprintable() or " " in text:
        raise ValueError(f"{text!r} must end with the path: no query, no fragment, no blanks")
    return text


BaseUrl = Annotated[str, AfterValidator(check_base_url)]


def wrong_settings(error: ValidationError, prefix: str) -> Mapping[str, str]:
    """By the name of its variable what is wrong with each setting; values of secrets never show."""
    return {
        f"{prefix}{'_'.join(map(str, detail['loc']))}".upper(): _reason(detail["type"], detail["msg"])
        for detail in error.errors(include_input=False)
    }


def _reason(kind: str, message: str) -> str:
    return "is not set" if kind == "missing" else message.removeprefix("Value error, ")
