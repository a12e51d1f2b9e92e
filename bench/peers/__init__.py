"""Other tools over the same server and rows, each run by the Python of an environment of its own.

Nothing here imports tidegate or another folder of the bench: `python dlt_tuned.py URL FOLDER ROWS`.
"""
