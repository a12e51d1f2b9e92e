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
_REQUESTS = "tests/destinations/test_bigquery_requests.py::"
_CHANGES = "tests/destinations/test_bigquery_schema.py::"
_TROUBLE = "tests/destinations/test_bigquery_trouble.py::"
_VIEWS = "tests/destinations/test_destination_views.py::"

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
        BIGQUERY,
        "A JSON column cannot be loaded from Parquet.",
        "loads it",
        (
            _REQUESTS + "test_rows_are_loaded_as_parquet_into_a_table_that_was_made_before_and_expires",
            _REQUESTS + "test_json_is_read_out_of_text_wherever_it_lies",
        ),
    ),
    Rule(
        BIGQUERY,
        "A job runs where it is sent to, is found there alone, and reads tables of no other location.",
        "is in US whatever it was asked, finds every job everywhere and reads every table",
        (
            _REQUESTS + "test_every_job_has_an_id_that_follows_from_the_commit_and_a_location",
            _REQUESTS + "test_a_dataset_elsewhere_is_told_and_not_taken_for_an_empty_one",
            _REQUESTS + "test_a_dataset_is_made_where_it_is_asked_for_and_nowhere_by_chance",
        ),
    ),
    Rule(
        BIGQUERY,
        "A statement that would bill more than maximumBytesBilled fails, and says how much it would.",
        "bills nothing, and says of every dry run that it reads 0 bytes",
        (
            _REQUESTS + "test_a_statement_may_bill_no_more_than_was_said",
            _REQUESTS + "test_what_a_commit_cost_is_told",
        ),
    ),
    Rule(
        BIGQUERY,
        "A table is clustered by at most four columns, of types that have an order other than FLOAT64.",
        "takes any number of columns and any type",
        (_REQUESTS + "test_a_layout_that_bigquery_refuses_is_told_before_anything_is_fetched",),
    ),
    Rule(
        BIGQUERY,
        "A column that is added to a table is NULLABLE or REPEATED.",
        "takes a REQUIRED one in a PATCH",
        (_CHANGES + "test_one_patch_adds_relaxes_and_describes_and_names_the_etag",),
    ),
    Rule(
        BIGQUERY,
        "A PATCH of the schema may add a field inside of a RECORD.",
        "leaves it out without a word",
        (_CHANGES + "test_one_patch_adds_relaxes_and_describes_and_names_the_etag",),
    ),
    Rule(
        BIGQUERY,
        "A STRUCT goes into a column field by field in their order, whatever the fields are called; a field "
        "that a PATCH adds is the last one.",
        "goes by the names",
        (_CHANGES + "test_fields_of_records_go_in_as_the_table_holds_them",),
    ),
    Rule(
        BIGQUERY,
        "ALTER COLUMN SET DATA TYPE NUMERIC(p, s) keeps the digits.",
        "forgets them",
        (_CHANGES + "test_a_wider_type_is_a_statement_of_its_own",),
    ),
    Rule(
        BIGQUERY,
        "Of two transactions that change one table the later one is aborted due to concurrent update, as a "
        "conflict that is worth another attempt under a new job id.",
        "says that DuckLake could not commit; tests/servers/bigquery.py puts that into BigQuery's words",
        (
            _TROUBLE + "test_a_conflict_is_worth_another_attempt_under_the_next_id",
            _TROUBLE + "test_conflicts_without_end_are_worth_trying_again_later",
        ),
    ),
    Rule(
        BIGQUERY,
        "MERGE may stand in a transaction.",
        "aborts the transaction",
        (_REQUESTS + "test_the_transaction_decides_by_commit_id_and_cursor_before_it_touches_a_row",),
    ),
    Rule(
        BIGQUERY,
        "A load of Parquet with BYTES takes a schema beside it.",
        "fails, so none is sent: the table is made before",
        (_REQUESTS + "test_rows_are_loaded_as_parquet_into_a_table_that_was_made_before_and_expires",),
    ),
    Rule(
        BIGQUERY,
        "BIGNUMERIC holds 38 digits before the point and 38 behind it.",
        "holds 20 and 18",
        (_BIGQUERY_SCHEMA + "test_digits_choose_between_numeric_and_bignumeric",),
    ),
    Rule(
        BIGQUERY,
        "PARSE_JSON with wide_number_mode keeps 5 as 5.",
        "makes 5.0 of it where it stands alone",
        (_CHANGES + "test_a_value_is_lost_where_it_would_not_come_back_the_same",),
    ),
    Rule(
        BIGQUERY,
        "A variable of a script keeps its value when the transaction is rolled back.",
        "rolls it back, too",
        (_REQUESTS + "test_the_transaction_decides_by_commit_id_and_cursor_before_it_touches_a_row",),
    ),
    Rule(
        BIGQUERY,
        "A reserved word is a name between backticks only.",
        "takes hash and rows as names as they are",
        ("tests/contracts/test_view.py::test_a_word_of_sql_is_no_name",),
    ),
    Rule(
        BIGQUERY,
        "The value of a label has at most 63 characters: lower-case letters, digits, _ and -.",
        "takes any text",
        (_VIEWS + "test_bigquery_makes_a_view_by_one_statement_with_its_label_and_descriptions",),
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
