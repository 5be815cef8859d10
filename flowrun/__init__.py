"""flowrun: a declarative workflow engine for AI assistants that live in Git."""

from flowrun.ids import VERSION as __version__

__all__ = ["__version__"]
