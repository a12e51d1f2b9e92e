"""A stand-in for the API of nobody in particular: what the tutorial loads, and a first thing for `new`."""

from tidegate.sandbox.acme.app import AcmeSandbox

__all__ = ["AcmeSandbox"]
