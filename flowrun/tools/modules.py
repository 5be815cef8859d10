"""Load a project's Python modules fresh from source, apart from every other load.

Each `ProjectModules` is a generation: a private package, `_flowrun_tools_7`, whose folders are
the flow's, the project's and `tool_paths`. The module `weather` becomes `_flowrun_tools_7.weather`,
so two generations, or two projects, never meet in `sys.modules`, and `importlib.reload` is never
needed. Bytecode caches are neither read nor written: what runs is the source that was checked.

Project modules import each other by their plain names. They see a `__import__` of their own, which
finds `import helpers` in the generation first and leaves everything else to Python; so the project
comes before installed packages, as it does for a script, but for its own modules alone. A folder
without `__init__.py` yields to an installed package of its name. The one way in that does not see
the generation is `importlib.import_module("helpers")`, a project module by its plain name.
"""

import builtins
import hashlib
import importlib
import itertools
import os
import sys
import types
from collections.abc import Mapping, Sequence
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    SourceFileLoader,
)
from importlib.util import find_spec
from pathlib import Path

_PREFIX = "_flowrun_tools_"
_OURS = "flowrun"
_numbers = itertools.count(1)


class SourceRefused(ImportError):
    """A module file that must not be executed."""


class ProjectModules:
    """One generation of a project's modules."""

    def __init__(self, folders: Sequence[Path], digests: Mapping[str, str]) -> None:
        """Prepare; nothing is loaded yet.

        Args:
            folders: Where modules are searched, first match wins.
            digests: SHA-256 of the files of modules whose content is agreed on, by plain name.
        """
        self.name = f"{_PREFIX}{next(_numbers)}"
        self._folders = tuple(dict.fromkeys(folder.resolve() for folder in folders))
        self._digests = {name: digest for name, digest in digests.items() if digest}
        self._finders: dict[str, FileFinder] = {}
        self._owned: dict[str, bool] = {}
        self._fresh: list[types.ModuleType] = []
        self._builtins = {**vars(builtins), "__import__": self._import}
        package = types.ModuleType(self.name, "Modules of one load of a project's tools.")
        package.__path__ = [str(folder) for folder in self._folders]
        sys.modules[self.name] = package
        _finder.generations[self.name] = self
        if _finder not in sys.meta_path:
            sys.meta_path.insert(0, _finder)

    def load(self, module: str) -> types.ModuleType:
        """Return a project module, loading it the first time.

        Raises:
            ModuleNotFoundError: no folder has it.
            SourceRefused: its file changed, or lies outside the folders.
            Exception: whatever the module's own code raises.
        """
        if not self._owns(module.partition(".")[0]):
            message = f"no module `{module}`"
            raise ModuleNotFoundError(message, name=f"{self.name}.{module}")
        return importlib.import_module(f"{self.name}.{module}")

    def close(self) -> None:
        """Forget the generation; what is loaded goes on working, but loads nothing more."""
        _finder.generations.pop(self.name, None)
        inner = f"{self.name}."
        for name in [one for one in sys.modules if one == self.name or one.startswith(inner)]:
            del sys.modules[name]

    def take_fresh(self) -> list[types.ModuleType]:
        """Return the modules that were executed since the last time this was asked."""
        fresh, self._fresh = self._fresh, []
        return fresh

    def public(self, text: str) -> str:
        """Return a text with modules called by their plain names."""
        return text.replace(f"{self.name}.", "")

    def find(self, fullname: str, path: Sequence[str]) -> ModuleSpec | None:
        """Return where a module of this generation is, for the import system."""
        portions: list[str] = []
        for folder in path:
            spec = self._finder_of(folder).find_spec(fullname)
            if spec is not None and spec.loader is not None:
                return spec
            if spec is not None and spec.submodule_search_locations:
                portions += spec.submodule_search_locations
        if not portions:
            return None
        namespace = ModuleSpec(fullname, None, is_package=True)
        namespace.submodule_search_locations = portions
        return namespace

    def compile_source(self, fullname: str, path: str) -> types.CodeType:
        """Return the code of a module's file as it stands now.

        Raises:
            SourceRefused: see `load`.
        """
        real = Path(path).resolve()
        if not any(real.is_relative_to(folder) for folder in self._folders):
            message = f"`{real.name}` lies outside the project and `tool_paths`"
            raise SourceRefused(message)
        source = real.read_bytes()
        expected = self._digests.get(fullname.removeprefix(f"{self.name}."))
        if expected is not None and expected not in _digests_of(source):
            message = f"`{real.name}` changed since the flow was checked"
            raise SourceRefused(message)
        # What the file is called in tracebacks; PEP 263 says how the bytes are to be read.
        return compile(source, path, "exec", dont_inherit=True)

    def adopt(self, module: types.ModuleType) -> None:
        """Let a module that is about to be executed see the generation's built-in names."""
        module.__dict__["__builtins__"] = self._builtins
        self._fresh.append(module)

    def _finder_of(self, folder: str) -> FileFinder:
        found = self._finders.get(folder)
        if found is None:
            found = FileFinder(
                folder, (ExtensionFileLoader, EXTENSION_SUFFIXES), (_Source, SOURCE_SUFFIXES)
            )
            self._finders[folder] = found
        return found

    def _owns(self, top: str) -> bool:
        """Whether `import top` in a project module means a project module."""
        owned = self._owned.get(top)
        if owned is None:
            owned = self._owned[top] = self._finds(top)
        return owned

    def _finds(self, top: str) -> bool:
        if top == _OURS or top in sys.builtin_module_names:
            return False
        spec = self.find(f"{self.name}.{top}", [str(folder) for folder in self._folders])
        if spec is None or spec.loader is not None:
            return spec is not None
        return top not in sys.modules and find_spec(top) is None

    def _import(
        self,
        name: str,
        globals: Mapping[str, object] | None = None,
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> types.ModuleType:
        top = name.partition(".")[0]
        if level or not self._owns(top):
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        inner = f"{self.name}.{name}"
        if fromlist:
            return builtins.__import__(inner, globals, locals, fromlist, 0)
        importlib.import_module(inner)
        return sys.modules[f"{self.name}.{top}"]


class _Source(SourceFileLoader):
    """Executes a project module from source, with its generation's built-in names."""

    def get_code(self, fullname: str) -> types.CodeType:
        return _generation(fullname).compile_source(fullname, os.fspath(self.path))

    def exec_module(self, module: types.ModuleType) -> None:
        _generation(module.__name__).adopt(module)
        super().exec_module(module)


class _GenerationFinder:
    """The one entry in `sys.meta_path`: hands the names of a generation to that generation."""

    def __init__(self) -> None:
        self.generations: dict[str, ProjectModules] = {}

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: types.ModuleType | None = None,
    ) -> ModuleSpec | None:
        if not fullname.startswith(_PREFIX) or path is None:
            return None
        generation = self.generations.get(fullname.partition(".")[0])
        return generation.find(fullname, path) if generation is not None else None


_finder = _GenerationFinder()


def _generation(fullname: str) -> ProjectModules:
    return _finder.generations[fullname.partition(".")[0]]


def _digests_of(source: bytes) -> frozenset[str]:
    """Of the bytes, and of the text as a reader may have it: no byte order mark, LF line ends."""
    bare = source.removeprefix(b"\xef\xbb\xbf")
    lines = bare.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return frozenset(hashlib.sha256(one).hexdigest() for one in (source, bare, lines))
