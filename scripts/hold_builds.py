"""Hold the build by columns against the build by instances, over random contracts, maps and hostile pages:

`python scripts/hold_builds.py --pages 1000000 --seed 1`. Prints every difference, and exits 1 where there is
one. What it runs is what the tests run (`tests/engine/columnar`).
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.engine.columnar.both import Both
from tests.engine.columnar.contracts import case, page
from tidegate.utils.columns import SchemaError

PAGES_A_CASE = 100
SEAMS = (0, 0, 0, 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0, help="of the first case; each has the next one")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # Pydantic's, of contracts that nobody would write
    seed, held, taken, cases, differences = options.seed, 0, 0, 0, 0
    began = time.monotonic()
    while held < options.pages:
        for by_columns, difference in one_case(Random(seed)):  # noqa: S311 - nothing is secret here
            held += 1
            taken += by_columns
            if difference:
                differences += 1
                print(f"seed {seed}: {difference}", flush=True)
        cases, seed = cases + 1, seed + 1
        if cases % 500 == 0:
            print(f"{held:,} pages, {taken:,} by columns, {differences} differ, seed {seed}", flush=True)
    took = time.monotonic() - began
    print(
        f"{held:,} pages of {cases:,} cases held against each other, {taken:,} built by columns,"
        f" {differences} differ, in {took:,.0f} s"
    )
    return 1 if differences else 0


def one_case(random: Random) -> Iterator[tuple[bool, str | None]]:
    """For each page whether columns built it, and how the builds differ. Nothing where nothing is proven."""
    of = case(random)
    try:
        both = Both.of(of, random.choice([None, None, *of.reads.model_fields]))
    except SchemaError:
        return
    for _ in range(PAGES_A_CASE if both.columns is not None else 0):
        body = page(random, of)
        taken, difference = both.hold(body, random.choice(SEAMS))
        yield taken, difference and f"{of.map}\n{of.reads.model_fields}\n{body!r}\n{difference}"


if __name__ == "__main__":
    raise SystemExit(main())
