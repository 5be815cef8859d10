"""A terminal of paper."""

import io


class Terminal(io.StringIO):
    """A text stream that says it is a terminal."""

    def isatty(self):
        """Say so."""
        return True
