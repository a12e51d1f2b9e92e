"""Drift: what the API sends against what the read contract expects and what earlier runs saw.

One job a module: `kinds` (what a value looks like), `profile` (what came), `profiler` (which rows are looked
at), `expected` (what the contract says), `chance` (what is no chance any more), `renames`, `compare`
(the findings), `mend` (the lines of Python), `baselines` (the profiles of earlier runs).
"""
