"""What every declared mapping has in common: known keys, names, durations, choices of shape."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Discriminator, StringConstraints, model_validator
from pydantic.config import JsonDict

NAME = r"^[a-z][a-z0-9_-]*$"
IDENTIFIER = r"^[a-z][a-z0-9_]*$"
Name = Annotated[str, StringConstraints(pattern=NAME)]
Identifier = Annotated[str, StringConstraints(pattern=IDENTIFIER)]
Duration = Annotated[str, StringConstraints(pattern=r"^[0-9]+(\.[0-9]+)?(ms|s|m|h)$")]
ONCE: JsonDict = {"uniqueItems": True}
"""Of a list of names, for editors; the rules tell which name stands there again."""
SOME_TIME: JsonDict = {"not": {"pattern": r"^0+(\.0+)?(ms|s|m|h)$"}}
"""Of a time limit, for editors: it is more than 0."""

TEXT, LIST, MAPPING, OTHER = "\0text", "\0list", "\0mapping", "\0other"
TRUE, FALSE = "\0true", "\0false"
"""Tags of shapes. They turn up in the paths of complaints and cannot be keys of a YAML file."""


class Declaration(BaseModel):
    """A mapping with known keys. `x-...` keys are the author's own and are ignored on purpose."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, populate_by_name=True, defer_build=True
    )

    @model_validator(mode="before")
    @classmethod
    def _drop_private_keys(cls, value: object) -> object:
        if isinstance(value, dict) and any(str(key).startswith("x-") for key in value):
            return {key: one for key, one in value.items() if not str(key).startswith("x-")}
        return value


def one_of_shapes(expected: str) -> Discriminator:
    """Choose the branch of a union by what was written, so that one branch alone complains.

    Args:
        expected: What to say the author may write, when the shape fits no branch.
    """
    return Discriminator(_shape_of, custom_error_type="shape", custom_error_message=expected)


def _shape_of(value: object) -> str:
    if isinstance(value, str):
        return TEXT
    if isinstance(value, list | tuple):
        return LIST
    if isinstance(value, dict | BaseModel):
        return MAPPING
    if isinstance(value, bool):
        return TRUE if value else FALSE
    return OTHER
