"""From recorded answers to the same words that an OpenAPI file is told in."""

from __future__ import annotations

from tidegate.authoring.samples.describing import api_of
from tidegate.authoring.samples.reading import Sample, read_samples
from tidegate.authoring.samples.schema import schema_of

__all__ = ["Sample", "api_of", "read_samples", "schema_of"]
