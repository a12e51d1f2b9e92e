"""Start the BigQuery stand-in; run by the Python of its own environment.

A transaction that another one was ahead of is told in the words of the real service, which our retries go by
(https://cloud.google.com/bigquery/docs/transactions#transaction_concurrency), and so is a dataset, a table
or a job that two make at once. The stand-in tells both as DuckLake does, without the cause.
"""

import re
from typing import Any

from local_bigquery import cli, errors
from local_bigquery.jobs import query

CREATED = re.compile(r'attempting to create (schema|table) .*?"([^"]+)"')
SAME_JOB = re.compile(r'Duplicate key "project_id: .*?, job_id: ([^"]+)"')
LOST = "Failed to commit DuckLake transaction"


def translated(error: Exception, *given: Any, **named: Any) -> Any:
    text = str(error)
    if same := SAME_JOB.search(text):
        return errors.already_exists("Job", same[1])
    if LOST not in text:
        return untranslated(error, *given, **named)
    if made := CREATED.search(text):
        return errors.already_exists({"schema": "Dataset", "table": "Table"}[made[1]], made[2])
    return errors.BigQueryError(
        "invalidQuery", "Transaction is aborted due to concurrent update against table"
    )


untranslated = errors.from_duckdb

if __name__ == "__main__":
    errors.from_duckdb = query.from_duckdb = translated
    cli.main()
