"""Layer 0: shared utilities. Nothing here imports another package of tidegate."""
