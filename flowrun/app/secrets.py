"""Secrets by reference, resolved at the last moment and never kept."""

import re
from collections.abc import Mapping
from pathlib import Path

from flowrun.errors import FlowrunError

REFERENCE = re.compile(r"\$\{secret:([A-Za-z_][A-Za-z0-9_]*)\}")
FOLDER_VARIABLE = "FLOWRUN_SECRETS_DIR"


class SecretMissing(FlowrunError):
    """A secret that is referred to and is nowhere; names it, and where it was looked for."""

    exit_code = 4

    def __init__(self, name: str) -> None:
        super().__init__(f"secret `{name}` is not set")
        self.hint = (
            f"set the environment variable `{name}`, or put it in a file named `{name}` "
            f"in the folder that `{FOLDER_VARIABLE}` names"
        )


class SecretUnreadable(FlowrunError):
    """A mounted secret that is there and cannot be used; never says what it holds."""

    exit_code = 4

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"secret `{name}` cannot be read: {problem}")
        self.hint = f"see the file `{name}` in the folder that `{FOLDER_VARIABLE}` names"


class Secrets:
    """Looks secrets up: the environment first, then the folder of mounted files."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def __call__(self, name: str) -> str:
        """Return a secret's value.

        Raises:
            SecretMissing: it is nowhere.
            SecretUnreadable: its file is there and is no text, or may not be read.
        """
        if value := self._environ.get(name):
            return value
        folder = self._environ.get(FOLDER_VARIABLE)
        value = _mounted(Path(folder) / name, name) if folder else None
        if not value:
            raise SecretMissing(name)
        return value

    def resolve(self, text: str) -> str:
        """Return the text with every reference replaced by its value."""
        return REFERENCE.sub(lambda match: self(match[1]), text)


def _mounted(file: Path, name: str) -> str | None:
    try:
        if not file.is_file():
            return None
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as failure:
        raise SecretUnreadable(name, (failure.strerror or "no reason given").lower()) from None
    except UnicodeDecodeError:
        # Without its cause: that one carries the bytes.
        raise SecretUnreadable(name, "it is not UTF-8 text") from None
