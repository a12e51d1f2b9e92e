"""What becomes of rows that break a contract: they fail the run, or are kept aside up to a budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tidegate.contracts.rejects import Reject, listed
from tidegate.engine.exceptions import BrokenContractError, TooManyInvalidError

OnInvalid = Literal["raise", "quarantine"]


@dataclass(frozen=True, slots=True)
class Budget:
    """How many rows of a task may be invalid: a count, or a share of those fetched (0.01 is 1 %)."""

    count: int | None = None
    share: float | None = 0.01

    def __str__(self) -> str:
        return f"{self.count:,}" if self.count is not None else f"{100 * (self.share or 0):g} %"

    def allows(self, invalid: int, fetched: int) -> bool:
        if self.count is not None:
            return invalid <= self.count
        # A quotient, which is exact where the share is: 0.29 * 100 is less than 29.
        return invalid == 0 or invalid / max(fetched, 1) <= (self.share or 0)


@dataclass(frozen=True, slots=True)
class Invalid:
    """The choice of a run. `check` judges a page, `check_total` a task that is fetched and built."""

    on_invalid: OnInvalid = "raise"
    budget: Budget = Budget()

    @property
    def quarantines(self) -> bool:
        return self.on_invalid == "quarantine"

    def check(self, where: str, rejects: Sequence[Reject], mend: str) -> None:
        """Raise `BrokenContractError` for a page with rejects, unless they are quarantined."""
        if not rejects or self.quarantines:
            return
        raise BrokenContractError(f"{where}: {listed(rejects)}", hint=_hint(rejects[0], mend))

    def check_total(self, invalid: int, fetched: int, first: str) -> None:
        """Raise `TooManyInvalidError` over the budget. `first` is a reject with its place."""
        if self.budget.allows(invalid, fetched):
            return
        raise TooManyInvalidError(
            f"{invalid:,} of {fetched:,} rows break a contract, more than the {self.budget} allowed"
            f" (the first: {first})",
            hint="Mend the contract and run again: what was fetched stands; or allow more: --max-invalid.",
        )


def _hint(first: Reject, mend: str) -> str:
    if first.stage == "read":
        mend = f"the read contract {first.judge}"
    told = f"Mend {mend}, then run again: what was fetched stands and is not asked for again."
    if first.stage == "read":
        told += " Where it is the API that mends its answer, --new asks for it again."
    return f"{told} To load the other rows: --on-invalid quarantine."
