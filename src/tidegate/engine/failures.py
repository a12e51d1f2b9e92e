"""What a task failed with, told for a person: which task and slice it is about, and how to go on."""

from __future__ import annotations

from tidegate.engine.exceptions import EngineError, StoppedError
from tidegate.http_tools.exceptions import ClientClosedError, ContractError, HttpClientError, PaginationError
from tidegate.utils.errors import ExitCode, TidegateError


def placed(error: TidegateError, where: str, task: str, *, stopped: bool) -> TidegateError:
    """The same error, saying where it happened; where the run was `stopped`, that it was."""
    if isinstance(error, ClientClosedError) and stopped:
        error = StoppedError("stopped")
    text = str(error).removeprefix(f"{task}: ")
    error.args = (f"{where}{_page_of(error)}: {text}",)
    if error.hint is None and isinstance(error, ContractError):
        error.hint = (
            "Mend the read contract and run again: what was fetched stands."
            " Where it is the API that mends its answer, --new asks for it again."
        )
    if error.hint is None and error.exit_code is ExitCode.TRY_AGAIN:
        error.hint = "Run the same command again: it resumes, and asks for no page that it has."
    return error


def fault(error: Exception, where: str) -> EngineError:
    """For an error that nobody foresaw."""
    made = EngineError(
        f"{where}: {type(error).__name__}: {error}",
        hint="A fault in tidegate or in the workflow's own code: --debug shows where it is.",
    )
    made.__cause__ = error
    return made


def _page_of(error: TidegateError) -> str:
    """Which page was asked for in vain; errors about the content of a page name it themselves."""
    page = error.page if isinstance(error, HttpClientError) else None
    if page is None or isinstance(error, ContractError | PaginationError):
        return ""
    return f" page {page}"
