"""Reads an OpenAPI file (3.0, 3.1 or Swagger 2, JSON or YAML) into what is known of an API."""

from tidegate.authoring.openapi.reading import read

__all__ = ["read"]
