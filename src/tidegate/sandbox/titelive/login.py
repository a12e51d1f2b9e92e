"""The login: a user and a password become a token that ends by itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote

import orjson

from tidegate.sandbox import draws
from tidegate.sandbox.asgi import Answer, Request, json_answer

_PATH = re.compile(r"/v1/login/([^/]+)/token")


class Login:
    """Gives tokens and knows which hold. Without `password` any but an empty one is right.

    Not thread-safe: the sandbox's lock is held by whoever asks.
    """

    def __init__(
        self, seed: int, monotonic: Callable[[], float], lives_s: float, password: str | None
    ) -> None:
        self._seed, self._monotonic, self.lives_s, self._password = seed, monotonic, lives_s, password
        self._ends: dict[str, float] = {}
        self.users: set[str] = set()

    @property
    def given(self) -> int:
        """How many tokens were given."""
        return len(self._ends)

    def answer(self, request: Request) -> Answer:
        path = _PATH.fullmatch(request.path)
        if path is None:
            return json_answer(404, {"error": "Not Found"})
        if request.method != "POST":
            return json_answer(405, {"error": "Method Not Allowed"})
        try:
            password = orjson.loads(request.body)["password"]
        except (orjson.JSONDecodeError, TypeError, LookupError):
            return json_answer(400, {"error": "Bad Request"})
        if not isinstance(password, str) or not password or self._password not in (None, password):
            return json_answer(401, {"error": "Unauthorized"})
        self.users.add(unquote(path[1]))
        number = draws.number(self._seed, "token", len(self._ends))
        token = f"tok.{len(self._ends)}.{number:016x}"
        self._ends[token] = self._monotonic() + self.lives_s
        return json_answer(200, {"token": token})

    def all(self) -> list[str]:
        """Every token that was given."""
        return list(self._ends)

    def holds(self, authorization: str) -> bool:
        """Whether the header names a token that was given and has not ended."""
        kind, _, token = authorization.partition(" ")
        return kind == "Bearer" and self._ends.get(token, 0.0) > self._monotonic()

    def end_all(self) -> None:
        """Every token that was given ends now, as on a restart of the server."""
        self._ends = dict.fromkeys(self._ends, 0.0)
