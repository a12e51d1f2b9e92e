"""A credential is in no file that a run leaves behind."""

from __future__ import annotations

from tests.brevo_bench import MakeBench


def test_no_file_of_a_run_holds_the_key(bench: MakeBench) -> None:
    made = bench(rows=1_000, faults=0.2)
    made.run()
    for path in made.folder.rglob("*"):
        if path.is_file():
            assert b"a-key-of-the-tests" not in path.read_bytes(), path
