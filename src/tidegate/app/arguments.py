"""The arguments of `run` and `replay`, spelled once: as fields, which are the options of the commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from functools import wraps
from inspect import Parameter, signature
from typing import Any, get_type_hints

from tidegate.app import options


@dataclass(frozen=True)
class ReplayArguments:
    """The options of `replay` as they were typed."""

    to: options.To = None
    on_invalid: options.OnInvalid = "raise"
    max_invalid: options.MaxInvalid = None
    quarantine_exit: options.QuarantineExit = 10
    summary: options.Summary = None
    progress: options.Progress = None
    debug: options.Debug = False

    def exit_code(self, code: int) -> int:
        """What the process exits with: a scheduler may want another code for rows in quarantine."""
        return self.quarantine_exit if code == 10 else code


@dataclass(frozen=True)
class RunArguments(ReplayArguments):
    """The options of `run` as they were typed."""

    tasks: options.Tasks = None
    from_: options.From = None
    until: options.Until = None
    full_refresh: options.FullRefresh = False
    run_id: options.RunId = None
    new: options.New = False
    max_wait: options.MaxWait = None


def takes(arguments: type[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a command of a function whose last parameter is `arguments`: its fields are the options, those of
    the class itself before inherited ones.
    """
    hints = get_type_hints(arguments, include_extras=True)
    spelled = [
        Parameter(
            each.name,
            Parameter.KEYWORD_ONLY,
            default=Parameter.empty if each.default is MISSING else each.default,
            annotation=hints[each.name],
        )
        for each in sorted(fields(arguments), key=lambda each: each.name not in arguments.__annotations__)
    ]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        *own, _ = signature(command, eval_str=True).parameters.values()

        @wraps(command)
        def run(**given: Any) -> None:
            mine = {each.name: given.pop(each.name) for each in spelled}
            command(**given, arguments=arguments(**mine))

        told = [*(each.replace(kind=Parameter.KEYWORD_ONLY) for each in own), *spelled]
        run.__signature__ = signature(command).replace(parameters=told)  # type: ignore[attr-defined]
        run.__annotations__ = {each.name: each.annotation for each in told}
        del run.__wrapped__  # or its signature would be looked at
        return run

    return decorate
