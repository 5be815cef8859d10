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


class Secrets:
    """Looks secrets up: the environment first, then the folder of mounted files."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def __call__(self, name: str) -> str:
        """Return a secret's value.

        Raises:
            SecretMissing: it is nowhere.
        """
        if value := self._environ.get(name):
            return value
        folder = self._environ.get(FOLDER_VARIABLE)
        if folder:
            file = Path(folder) / name
            if file.is_file():
                return file.read_text(encoding="utf-8").rstrip("\r\n")
        raise SecretMissing(name)

    def resolve(self, text: str) -> str:
        """Return the text with every reference replaced by its value."""
        return REFERENCE.sub(lambda match: self(match[1]), text)
