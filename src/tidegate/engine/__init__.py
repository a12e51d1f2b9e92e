"""Layer 3: the run loop. Page log, build, parts, ledger, locks and commit.

plan -> (slice: extract -> page log -> build -> part) ... -> commit -> report
"""
