"""flowrun: a declarative workflow engine for AI assistants that live in Git."""

from flowrun import ids

__version__ = ids.VERSION

__all__ = ["__version__"]
