"""A declared input as the JSON Schema that it is."""

from typing import cast

from flowrun.ids import JsonObject
from flowrun.spec.flow import Input


def input_schema(declared: Input) -> JsonObject:
    """Return the schema with JSON Schema's own keys, `default` only if the author gave one."""
    written = declared.model_dump(by_alias=True, exclude_unset=True, mode="json")
    return cast("JsonObject", written)  # models of JSON dump to JSON
