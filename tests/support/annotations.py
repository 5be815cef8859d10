"""Reading one annotation in the middle of a module."""

import ast

from flowrun.source.text import SourceText
from flowrun.spec.annotation import AnnotationReader
from flowrun.spec.python_module import parse_module

HEADER = """\
import enum
import typing as t
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import date
from enum import Enum, IntEnum, StrEnum, auto
from pathlib import Path
from typing import (
    Annotated, Any, ClassVar, Literal, NewType, NotRequired, Optional, Required, TypedDict
)
from annotated_types import Ge, Len
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
Unit = Literal["C", "F"]
UserId = NewType("UserId", int)
def function(): ...
class Shade(Enum):
    DARK = "dark"
"""


def read(annotation: str, module: str = HEADER):
    """Return the schema of an annotation that stands in a module."""
    reader = AnnotationReader(parse_module(SourceText("m.py", module)))
    return reader.schema(ast.parse(annotation, mode="eval").body)


def read_class(text: str, name: str = "Thing"):
    """Return the schema of a class that follows the usual imports."""
    return read(name, HEADER + text)
