"""The arguments of `run`, its steps and `replay`, spelled once, as fields: the options of the commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from functools import wraps
from inspect import Parameter, get_annotations, signature
from typing import Any, get_type_hints

from tidegate.app import options


@dataclass(frozen=True, kw_only=True)
class Judging:
    """Where rows go, and what becomes of those that break a contract."""

    to: options.To = None
    on_invalid: options.OnInvalid = "raise"
    max_invalid: options.MaxInvalid = None


@dataclass(frozen=True, kw_only=True)
class Working:
    """What is told of the work, and how it ends."""

    quarantine_exit: options.QuarantineExit = 10
    summary: options.Summary = None
    progress: options.Progress = None
    debug: options.Debug = False

    def exit_code(self, code: int) -> int:
        """What the process exits with: a scheduler may want another code for rows in quarantine."""
        return self.quarantine_exit if code == 10 else code


@dataclass(frozen=True, kw_only=True)
class Asking(Judging):
    """What a run is asked to do."""

    tasks: options.Tasks = None
    from_: options.From = None
    until: options.Until = None
    full_refresh: options.FullRefresh = False
    run_id: options.RunId = None
    new: options.New = False
    max_wait: options.MaxWait = None


@dataclass(frozen=True, kw_only=True)
class ReplayArguments(Judging, Working):
    """The options of `replay` as they were typed."""


@dataclass(frozen=True, kw_only=True)
class RunArguments(Asking, Working):
    """The options of `run` as they were typed."""

    executor: options.Executor = options.ExecutorKind.LOCAL
    workers: options.Workers = None
    shard: options.NoShard = None


@dataclass(frozen=True, kw_only=True)
class PlanArguments(Asking):
    """The options of `plan` as they were typed."""

    out: options.Out = None
    debug: options.Debug = False


@dataclass(frozen=True, kw_only=True)
class CommitArguments(Working):
    """The options of `commit` as they were typed."""

    run_id: options.PlannedRun
    on_invalid: options.OnInvalidOfPlan = None
    max_invalid: options.MaxInvalid = None
    max_wait: options.MaxWait = None


@dataclass(frozen=True, kw_only=True)
class ExtractArguments(CommitArguments):
    """The options of `extract` as they were typed."""

    shard: options.ShardOf = "1/1"
    stage: options.Stage = None


def takes(arguments: type[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a command of a function whose last parameter is `arguments`: its fields are the options, those of
    the class itself before inherited ones, in the order in which it inherits them.
    """
    hints = get_type_hints(arguments, include_extras=True)
    spelled = [
        Parameter(
            each.name,
            Parameter.KEYWORD_ONLY,
            default=Parameter.empty if each.default is MISSING else each.default,
            annotation=hints[each.name],
        )
        for each in sorted(fields(arguments), key=lambda each: _distance(arguments, each.name))
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


def _distance(arguments: type[Any], name: str) -> int:
    """How far up the field is declared."""
    return next(at for at, each in enumerate(arguments.__mro__) if name in get_annotations(each))
