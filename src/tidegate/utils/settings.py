"""Settings from the environment, `.env` or Secret Manager, and what is wrong with them in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, AliasChoices, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from tidegate.utils.errors import TidegateError
from tidegate.utils.secrets import SecretReference, resolved


class KeptSecret(SecretStr):
    """A secret that Secret Manager keeps: looked up when its value is asked for, once a run.

    An auth manager that holds it asks again where the vendor refuses it. It prints and pickles as the
    reference, which is no secret.
    """

    @property
    def reference(self) -> SecretReference:
        reference = SecretReference.parse(self._secret_value)
        if reference is None:
            raise ValueError("a KeptSecret is made of a reference: secret://project/name")
        return reference

    def get_secret_value(self) -> str:
        """The secret itself. Blocks the first time; raises `TidegateError`."""
        return resolved(self._secret_value)

    def _display(self) -> str:
        return self._secret_value


class Settings(BaseSettings):
    """As pydantic's `BaseSettings`, but a value `secret://project/name[/version]` is looked up.

    A `SecretStr` is looked up when its value is asked for; any other value when the settings are read, which
    then blocks and may raise `TidegateError`. An error of validation shows no values.
    """

    model_config = SettingsConfigDict(hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _look_up(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        known = {name: info for field, info in cls.model_fields.items() for name in _names(field, info)}
        return {
            name: cls._value_of(name, known[name], value) if name in known else value
            for name, value in data.items()
        }

    @classmethod
    def _value_of(cls, name: str, field: FieldInfo, value: Any) -> Any:
        try:
            return _looked_up(value, sealed=_is_secret(field.annotation))
        except TidegateError as error:
            prefix = cls.model_config.get("env_prefix", "") if name in cls.model_fields else ""
            error.args = (f"{prefix}{name}".upper() + f": {error}",)
            raise


def _names(field: str, info: FieldInfo) -> Iterator[str]:
    """Under which a source may give the field. `.env` also holds what belongs to others."""
    yield field
    for alias in (info.alias, info.validation_alias):
        choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
        yield from (each for each in choices if isinstance(each, str))


def _is_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(_is_secret(each) for each in get_args(annotation))


def _looked_up(value: Any, *, sealed: bool = False) -> Any:
    if isinstance(value, SecretStr) and not isinstance(value, KeptSecret):
        text = value.get_secret_value()
        return KeptSecret(text) if SecretReference.parse(text) else value
    if isinstance(value, str):
        return KeptSecret(value) if sealed and SecretReference.parse(value) else resolved(value)
    if isinstance(value, dict):
        return {name: _looked_up(each) for name, each in value.items()}
    return [_looked_up(each) for each in value] if isinstance(value, list) else value


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
