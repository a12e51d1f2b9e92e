"""Who contact number n is: the same person in `/contacts` and in the events, without a list in memory."""

from __future__ import annotations

from tidegate.sandbox import draws
from tidegate.sandbox.words import Pair, words

SMS_ONLY_EVERY = 25


class People:
    """Drawn from the seed and the contact's number; addresses are unique because they end in the number."""

    def __init__(self, seed: int) -> None:
        self._base = draws.number(seed, "people")
        text = words()
        self._first, self._last, self._domains = text.first_names, text.last_names, text.domains
        self._starts = tuple(f"{first[1]}.{last[1]}" for first in self._first for last in self._last)

    def name(self, number: int) -> tuple[Pair, Pair]:
        """First and last name, each with its address form."""
        first, last = divmod(self._pick(number) % len(self._starts), len(self._last))
        return self._first[first], self._last[last]

    def email(self, number: int) -> str:
        """The address of a contact. One in 25 has none (`is_sms_only`)."""
        bits = self._pick(number)
        domain = self._domains[(bits >> 32) % len(self._domains)]
        return f"{self._starts[bits % len(self._starts)]}{number}@{domain}"

    def is_sms_only(self, number: int) -> bool:
        """Brevo's contacts may have a telephone number and no address."""
        return number % SMS_ONLY_EVERY == 0

    def _pick(self, number: int) -> int:
        return draws.mix(self._base + number)
