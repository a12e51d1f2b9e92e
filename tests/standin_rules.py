"""What the stand-ins for Google's services get wrong, and the tests that hold us to the rule of the real one.

A test against a stand-in proves nothing about a rule that the stand-in does not keep. Each such rule stands
here once, with the tests of our own code, or of the very requests that it sends, that do prove it.
`tests/test_deploy_rules.py` checks that they exist and that `make test` runs them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    service: str
    rule: str
    """What the real service does."""
    standin: str
    """What the stand-in does instead."""
    held_by: tuple[str, ...]
    """`path::test`, at least one."""


BIGQUERY, STORAGE = "BigQuery", "Cloud Storage"
_SCHEMAS = "tests/utils/test_schemas.py::"
_BIGQUERY_SCHEMA = "tests/utils/test_bigquery_schema.py::"

RULES = [
    Rule(
        BIGQUERY,
        "A value longer than the n of STRING(n) or BYTES(n) fails the job.",
        "takes a value of any length",
        (
            _SCHEMAS + "test_max_length_is_found_in_every_spelling",
            _BIGQUERY_SCHEMA + "test_a_whole_contract_gives_the_fields_that_one_would_write_by_hand",
        ),
    ),
    Rule(
        BIGQUERY,
        "NUMERIC has 9 decimals and 29 digits before them, BIGNUMERIC 38 and 38; more fails the job.",
        "does not look at the scale",
        (_BIGQUERY_SCHEMA + "test_digits_choose_between_numeric_and_bignumeric",),
    ),
    Rule(
        BIGQUERY,
        "A column must not begin with a reserved prefix such as _TABLE_ or _PARTITION, nor hold other signs "
        "than letters, digits and underscores.",
        "takes any name",
        (_SCHEMAS + "test_illegal_column_names_are_refused",),
    ),
    Rule(
        BIGQUERY,
        "A null in a REQUIRED column fails the job.",
        "loads the null",
        (_BIGQUERY_SCHEMA + "test_mode", _SCHEMAS + "test_optional_is_nullable"),
    ),
    Rule(
        BIGQUERY,
        "Records nest at most 15 levels deep.",
        "nests as deep as one likes",
        (_SCHEMAS + "test_more_than_fifteen_levels_of_models_are_refused",),
    ),
    Rule(
        STORAGE,
        "A delete with ifGenerationMatch of another generation answers 412, and the object stays.",
        "deletes whatever generation there is",
        (
            "tests/utils/test_mirror_bucket.py::test_an_object_is_deleted_only_as_the_generation_that_is_meant",
            "tests/utils/test_mirror_leases.py::test_given_back_it_is_deleted_as_the_generation_that_was_written",
        ),
    ),
    Rule(
        STORAGE,
        "A write to a bucket that is not there answers 404, one that is not allowed 403 with the permission.",
        "knows no permissions",
        (
            "tests/utils/test_mirror_bucket.py::test_a_bucket_that_is_not_there_is_named",
            "tests/utils/test_mirror_bucket.py::test_a_bucket_that_may_not_be_used_is_named_with_the_permission",
        ),
    ),
]
