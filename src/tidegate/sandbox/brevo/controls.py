"""The sandbox's own paths, below `/_sandbox`: no key, no quota, no faults. For tests and demonstrations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from tidegate.sandbox.asgi import Answer, Request, json_answer
from tidegate.sandbox.brevo.params import RefusedError, invalid

if TYPE_CHECKING:
    from tidegate.sandbox.brevo.app import BrevoSandbox

PREFIX = "/_sandbox/"
_POSTS = ("churn", "drift", "faults", "reset_counters")


def control(sandbox: BrevoSandbox, request: Request) -> Answer:
    """Answer a request below `/_sandbox/`, or raise `RefusedError`."""
    name = request.path.removeprefix(PREFIX)
    method = "POST" if name in _POSTS else "GET"
    if request.method != method:
        raise RefusedError("method_not_allowed", f"{name} takes {method}", status=405)
    if name == "counters":
        return json_answer(200, sandbox.counters())
    if name.startswith("truth/"):
        return Answer(200, sandbox.truth_json(name.removeprefix("truth/")))
    if name == "churn":
        return json_answer(200, _churn(sandbox, _body(request)))
    if name == "drift":
        return json_answer(200, _drift(sandbox, _body(request)))
    if name == "faults":
        sandbox.set_faults(rate := _rate(_body(request)))
        return json_answer(200, {"rate": rate})
    if name == "reset_counters":
        sandbox.reset_counters()
        return json_answer(200, {})
    raise RefusedError("document_not_found", "No such path in the sandbox", status=404)


def _churn(sandbox: BrevoSandbox, body: dict[str, Any]) -> dict[str, object]:
    if "steps" not in body:
        sandbox.set_churn(rate := _rate(body))
        return {"rate": rate}
    steps = body["steps"]
    if type(steps) is not int or steps < 0:
        raise invalid("steps must be a whole number")
    return {"steps": steps, "done": sandbox.mutate(steps)}


def _drift(sandbox: BrevoSandbox, body: dict[str, Any]) -> dict[str, object]:
    changes = body.get("changes")
    if not isinstance(changes, list) or not all(isinstance(each, str) for each in changes):
        raise invalid("changes must be a list of texts")
    try:
        sandbox.set_drift(changes)
    except ValueError as error:
        raise invalid(str(error)) from None
    return {"changes": changes}


def _body(request: Request) -> dict[str, Any]:
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        raise invalid("The body must be JSON") from None
    if not isinstance(body, dict):
        raise invalid("The body must be an object")
    return body


def _rate(body: dict[str, Any]) -> float:
    rate = body.get("rate")
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= 1:
        raise invalid("rate must be a number from 0 to 1")
    return float(rate)
