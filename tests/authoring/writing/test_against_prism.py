"""A connector as it was written, without an edit, against a server that nobody here wrote, into DuckDB."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.cli.command_line import Shell
from tests.prism import prism

pytestmark = pytest.mark.extended


@pytest.mark.parametrize(
    ("file", "paths", "tables"),
    [
        (
            "brevo/brevo-2026-02.json",
            ("/contacts", "/emailCampaigns", "/smtp/templates"),
            {"acme_contacts": 2, "acme_email_campaigns": 2, "acme_smtp_templates": 2},
        ),
        (
            "sendgrid/tsg_suppressions_v3.json",
            ("/v3/asm/groups", "/v3/asm/suppressions", "/v3/suppression/bounces/classifications"),
            {"acme_groups": 1, "acme_asm_suppressions": 3, "acme_classifications": 2},  # a group comes twice
        ),
    ],
)
def test_three_listings_of_a_vendor_are_loaded(
    specs: Path, tmp_path: Path, file: str, paths: tuple[str, ...], tables: dict[str, int]
) -> None:
    shell = Shell(tmp_path)
    assert shell.inside("init", ".").code == 0
    chosen = [argument for path in paths for argument in ("--path", path)]
    made = shell.inside("new", "acme", "--openapi", str(specs / file), *chosen, "--quota", "1000/s", "--yes")
    assert made.code == 0, made
    with prism(specs / file) as url:
        settings = {"ACME_BASE_URL": url, "ACME_API_KEY": "a-key", "ACME_API_TOKEN": "a-token"}
        ran = shell("run", "acme", "--to", "x.duckdb", **settings)
    assert ran.code == 0, ran
    assert shell.tables() == tables


def test_what_was_loaded_is_what_the_vendor_shows(specs: Path, tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    assert shell.inside("init", ".").code == 0
    file = specs / "brevo" / "brevo-2026-02.json"
    made = shell.inside(
        "new", "acme", "--openapi", str(file), "--path", "/contacts", "--quota", "1000/s", "--yes"
    )
    assert made.code == 0, made
    with prism(file) as url:
        assert shell("run", "acme", "--to", "x.duckdb", ACME_BASE_URL=url, ACME_API_KEY="a-key").code == 0
    with duckdb.connect(str(shell.warehouse), read_only=True) as connection:
        rows = connection.sql(
            "SELECT contact_id, email, list_ids, attributes ->> 'CITY', created_at AT TIME ZONE 'UTC'"
            " FROM acme_contacts ORDER BY contact_id"
        ).fetchall()
    assert [row[:4] for row in rows] == [
        (245, "33058407248@mailin-sms.com", [43, 61, 58], "Seattle"),
        (247, "contact1@example.com", [43, 58], "New-York"),
    ]
    assert {row[4].isoformat() for row in rows} == {"2017-05-01T17:05:03"}
