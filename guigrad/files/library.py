"""The functions that a user keeps for all documents: one readable .guigrad file each, with the functions that it calls."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from msgspec import Struct, structs

from guigrad.document import file
from guigrad.document.draft import check_name
from guigrad.document.model import Document, callee
from guigrad.document.names import PYTHON_NAMES
from guigrad.document.problem import Problem, ProblemError
from guigrad.document.scope import owners
from guigrad.document.shelf import entry, take
from guigrad.files.load import load

SUFFIX: Final = ".guigrad"


class Kept(Struct, frozen=True):
    """One function of the library: ``document`` holds it under the id ``key``, with those that it calls."""

    name: str
    path: Path
    document: Document
    key: str

    @property
    def signature(self) -> str:
        """How it is called: ``f(x, w)``."""
        nodes, function = self.document.nodes, self.document.functions[self.key]
        return f"{self.name}({', '.join(nodes[key].name or '_' for key in function.params)})"

    @property
    def about(self) -> str:
        """How large it is and what it calls."""
        function = self.document.functions[self.key]
        others = [each.name for key, each in self.document.functions.items() if key != self.key]
        size = f"{len(function.program)} steps" if len(function.program) != 1 else "1 step"
        return f"{size}, calls {', '.join(others)}" if others else size


def library_folder(config: Path | None = None) -> Path:
    """Where the functions are kept; GUIGRAD_DATA overrides it, and so does a folder of settings of one's own."""
    override = os.environ.get("GUIGRAD_DATA")
    if override:
        return Path(override) / "functions"
    if config is not None:
        return config / "functions"
    from platformdirs import user_data_path  # late: only a window needs it

    return user_data_path("guigrad", appauthor=False) / "functions"


class Library:
    """A folder of functions. What cannot be read of it is told in ``complaints`` and left alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.complaints: list[str] = []
        self._known: dict[Path, tuple[tuple[int, int], Kept | None]] = {}

    def functions(self) -> list[Kept]:
        """Every function that can be read, by name."""
        self.complaints.clear()
        try:
            paths = sorted(path for path in self.folder.iterdir() if path.suffix == SUFFIX)
        except FileNotFoundError:
            return []
        except OSError as error:
            self.complaints.append(f"{self.folder}: {error.strerror or error}")
            return []
        found = [kept for path in paths if (kept := self._read(path)) is not None]
        return sorted(found, key=lambda kept: kept.name.casefold())

    def find(self, name: str) -> Kept | None:
        """The function of that name."""
        return next((kept for kept in self.functions() if kept.name == name), None)

    def keep(self, document: Document, key: str) -> Kept:
        """Writes a function of a document, in place of one of the same name.

        Raises: ProblemError when it cannot be written.
        """
        name = document.functions[key].name
        return self._write(take(document, [key], name), name)

    def rename(self, name: str, new: str) -> Kept:
        """Gives a function another name.

        Raises: ProblemError with the reason why not.
        """
        kept = self._wanted(name)
        check_name(Document(), new)
        if new in PYTHON_NAMES:
            raise _problem(f"{new!r} is a word or a function of Python")
        if self.find(new) is not None and new != name:
            raise _problem(f"there is a function {new} already")
        functions = dict(kept.document.functions)
        if any(function.name == new for key, function in functions.items() if key != kept.key):
            raise _problem(f"{name} calls a function {new}")
        functions[kept.key] = structs.replace(functions[kept.key], name=new)
        settings = structs.replace(kept.document.settings, title=new)
        made = self._write(structs.replace(kept.document, functions=functions, settings=settings), new)
        if made.path != kept.path:
            self._remove(kept.path)
        return made

    def remove(self, name: str) -> None:
        """Deletes a function.

        Raises: ProblemError when it cannot be deleted.
        """
        self._remove(self._wanted(name).path)

    def bring(self, path: str | os.PathLike[str]) -> list[Kept]:
        """Takes the functions of a file of any kind that carries a document: all that no other function of it calls.

        Raises: ProblemError when there are none, or it cannot be read.
        """
        document = load(path)
        inner = owners(document)
        called = {callee(node) for key, node in document.nodes.items() if key in inner}
        free = [key for key in document.functions if key not in called]
        if not free:
            raise _problem(f"there is no function in {os.fspath(path)}")
        return [self.keep(document, key) for key in free]

    def export(self, name: str, path: str | os.PathLike[str]) -> None:
        """Writes a function to a file elsewhere.

        Raises: ProblemError when it cannot be written.
        """
        self._save(self._wanted(name).document, Path(path))

    def _wanted(self, name: str) -> Kept:
        kept = self.find(name)
        if kept is None:
            raise _problem(f"there is no function {name} in the library")
        return kept

    def _write(self, document: Document, name: str) -> Kept:
        path = self.folder / f"{name}{SUFFIX}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _problem(f"{self.folder}: {error.strerror or error}") from None
        self._save(document, path)
        self._known.pop(path, None)
        return Kept(name, path, document, entry(document))

    def _save(self, document: Document, path: Path) -> None:
        try:
            file.save(document, path)
        except OSError as error:
            raise _problem(f"{path}: {error.strerror or error}") from None

    def _remove(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise _problem(f"{path}: {error.strerror or error}") from None

    def _read(self, path: Path) -> Kept | None:
        try:
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if path in self._known and self._known[path][0] == stamp and self._known[path][1] is not None:
                return self._known[path][1]
            document = file.read(file.read_bytes(path), str(path))
        except OSError as error:
            self.complaints.append(f"{path.name}: {error.strerror or error}")
            return None
        except ProblemError as error:
            self.complaints.append(f"{path.name}: {error.problems[0].message if error.problems else error}")
            return None
        key = entry(document)
        if not key or document.problems:
            why = document.problems[0].message if document.problems else "there is no function in it"
            self.complaints.append(f"{path.name}: {why}")
            return None
        kept = Kept(document.functions[key].name, path, document, key)
        self._known[path] = (stamp, kept)
        return kept


def _problem(text: str) -> ProblemError:
    return ProblemError((Problem(text, kind="library"),))
