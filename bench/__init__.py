"""tidegate against the usual way, on the same API, contracts and table: `python -m bench`."""
