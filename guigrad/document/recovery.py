"""Recovery files: what was not saved when the program went down, and whether a file was changed by somebody else."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import time
from pathlib import Path

from msgspec import Struct, structs

from guigrad.document.encode import encode
from guigrad.document.file import MADE_WITH, read, read_bytes, write_atomically
from guigrad.document.model import Document
from guigrad.document.problem import ProblemError

_ORIGIN = "recovered_from"
_SUFFIX = ".recovery.guigrad"


class Found(Struct, frozen=True):
    """A recovery file that a program which is gone has left: where the document came from ("" for none) and when it was written."""

    file: str
    origin: str
    saved_at_s: float


class Stamp(Struct, frozen=True):
    """What a file was like when it was read or written."""

    mtime_ns: int
    size_bytes: int
    digest: str


def folder() -> Path:
    """Where recovery files lie: beside the settings."""
    from platformdirs import user_data_path  # late: only a window keeps recovery files

    return user_data_path("guigrad", appauthor=False) / "recovery"


class Recovery:
    """Keeps one recovery file for one open document."""

    def __init__(self, place: Path | None = None, name: str = "document") -> None:
        self.file = (place or folder()) / f"{os.getpid()}-{name}{_SUFFIX}"

    def write(self, document: Document) -> None:
        """Writes the document as it is.

        Raises: OSError when that cannot be done.
        """
        self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        kept = structs.replace(document, extra={**document.extra, _ORIGIN: document.path})
        write_atomically(self.file, encode(kept, MADE_WITH))

    def discard(self) -> None:
        """The document is saved, or given up: nothing is left to recover."""
        with contextlib.suppress(OSError):
            self.file.unlink(missing_ok=True)


def leftovers(place: Path | None = None) -> tuple[Found, ...]:
    """What programs that are gone have left, newest first; files of running ones and broken ones are not among them."""
    found = []
    try:
        files = sorted((place or folder()).glob(f"*{_SUFFIX}"))
    except OSError:
        return ()
    for path in files:
        owner = path.name.partition("-")[0]
        if owner.isdecimal() and _is_running(int(owner)):
            continue
        with contextlib.suppress(OSError, ProblemError):
            found.append(Found(str(path), str(_open(path).path), path.stat().st_mtime))
    return tuple(sorted(found, key=lambda each: -each.saved_at_s))


def recover(found: Found) -> Document:
    """The document of a recovery file; its ``path`` is the file that it came from.

    Raises: ProblemError when it cannot be read any more.
    """
    return _open(Path(found.file))


def discard(found: Found) -> None:
    """Deletes a recovery file."""
    with contextlib.suppress(OSError):
        Path(found.file).unlink(missing_ok=True)


def _open(path: Path) -> Document:
    document = read(read_bytes(path))
    origin = document.extra.get(_ORIGIN, "")
    extra = {key: value for key, value in document.extra.items() if key != _ORIGIN}
    problems = tuple(problem for problem in document.problems if _ORIGIN not in problem.message)
    return structs.replace(document, extra=extra, problems=problems, path=origin if isinstance(origin, str) else "")


def _is_running(process: int) -> bool:
    if process == os.getpid():
        return True
    if sys.platform == "win32":  # os.kill would end it there; a file written within the last minute counts as in use
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def stamp(path: str | os.PathLike[str]) -> Stamp | None:
    """What a file is like now; None when it is not there."""
    try:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            digest = hashlib.file_digest(file, "blake2b").hexdigest()
    except OSError:
        return None
    return Stamp(status.st_mtime_ns, status.st_size, digest)


def changed_since(path: str | os.PathLike[str], known: Stamp | None) -> bool:
    """Whether somebody else changed, made or removed a file; a file that was only touched is unchanged."""
    try:
        status = os.stat(path)
    except OSError:
        return known is not None
    if known is not None and (status.st_mtime_ns, status.st_size) == (known.mtime_ns, known.size_bytes):
        return False
    now = stamp(path)
    return now is None or known is None or now.digest != known.digest


def seconds_ago(found: Found) -> float:
    """How long ago a recovery file was written."""
    return max(0.0, time.time() - found.saved_at_s)
