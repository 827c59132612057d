"""``guigrad.show``: a document, a live tensor, a module or a function in a window of its own.

Note [Own window]
The window is a process that nothing ties to the caller's: a launcher starts it in a session of its own and is gone, so a notebook's interrupt, a
debugger's Ctrl+C and the end of the script do not reach it, and no thread or zombie stays behind. What is shown goes there as a file.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import Any, Final

from guigrad.document.file import save
from guigrad.document.model import Document
from guigrad.document.names import labels
from guigrad.document.problem import Problem, ProblemError
from guigrad.files.load import load
from guigrad.paths import SHOWN

RENDER_S: Final = 120
LAUNCH_S: Final = 60
_MAIN: Final = (
    "import sys; sys.path[:1] = [sys.argv.pop(1)]; from guigrad.app import main; sys.exit(main(sys.argv[1:]))"
)
_LAUNCH: Final = """
import subprocess, sys
sys.path[:1] = [sys.argv.pop(1)]
from guigrad.ui import display
reason = display.window_obstacle()
if reason:
    print("no", reason)
    sys.exit()
flags = {"creationflags": 0x00000208} if sys.platform == "win32" else {"start_new_session": True}
with open(sys.argv[1], "wb") as log:
    made = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=log, stderr=log, close_fds=True, **flags)
made.returncode = 0
print("window", made.pid)
"""
"""DETACHED_PROCESS and CREATE_NEW_PROCESS_GROUP, or a session of its own."""


class Shown:
    """What ``show`` gives: ``path`` is the document's file, ``process`` the window's process id, None where no window could open.

    ``picture`` is the file of the picture that was drawn then, which a notebook shows.
    """

    def __init__(self, path: str, process: int | None, picture: str | None = None) -> None:
        self.path, self.process, self.picture = path, process, picture

    def __repr__(self) -> str:
        return f"guigrad: {Path(self.path).stem} in {'a window' if self.process else self.picture or self.path}"

    def _repr_png_(self) -> bytes | None:
        return Path(self.picture).read_bytes() if self.picture and Path(self.picture).is_file() else None


def show(what: Any, *inputs: Any, names: dict[str, Any] | None = None) -> Shown:
    """Opens a window on something and returns at once.

    ``what`` is a document, a file's name, a Session, a live tensor (or a tuple, list or dict of them: its backward graph with what torch still
    holds), or a module or function, which is called once with ``inputs``. Names come from ``names``, else from the caller's variables. Where no
    window can open, one line says why and where the picture is that was drawn instead.
    Raises: ProblemError for what cannot be shown; whatever a module or function that is called raises.
    """
    return show_from(what, inputs, names, sys._getframe(1))


def show_from(what: Any, inputs: tuple[Any, ...], names: dict[str, Any] | None, frame: FrameType | None) -> Shown:
    """As ``show``, with the frame whose variables give names."""
    document = document_of(what, inputs, names, frame)
    folder = Path(tempfile.mkdtemp(prefix=SHOWN))
    path = folder / f"{_stem(document)}.guigrad"
    save(document, path)
    process, reason = _launch(path, folder / "window.log")
    return Shown(str(path), process) if process is not None else _without_window(path, reason)


def document_of(what: Any, inputs: tuple[Any, ...], names: dict[str, Any] | None, frame: FrameType | None) -> Document:
    """What is to be shown, as a document. Raises: ProblemError for what is none."""
    if isinstance(what, Document) and not inputs:
        return what
    if isinstance(what, str | os.PathLike) and not inputs:
        return load(what)
    if isinstance(getattr(what, "document", None), Document):
        return what.document  # type: ignore[no-any-return]  # a Session's
    if "torch" not in sys.modules:  # then it is nothing of torch's
        raise _nothing(what)
    import torch

    from guigrad.interop.live import of_tensors
    from guigrad.interop.module import from_module
    from guigrad.interop.trace import trace

    if isinstance(what, torch.nn.Module):
        if not inputs:
            text = "show needs the module's inputs to see what it calls: guigrad.show(module, input)"
            raise ProblemError((Problem(text, "type"),))
        return from_module(what, *inputs)
    if isinstance(what, torch.Tensor) or (isinstance(what, tuple | list | dict) and not inputs):
        return of_tensors(what, names, frame)
    if callable(what):
        return trace(what, *inputs)
    raise _nothing(what)


def _nothing(what: Any) -> ProblemError:
    text = f"show takes a document, a tensor, a module with its inputs or a function with its inputs, not {type(what).__name__}"
    return ProblemError((Problem(text, "type"),))


def _stem(document: Document) -> str:
    """A file's name for a document: that of its root."""
    root = document.settings.root
    name = dict(labels(document)).get(root or "", "") or Path(document.path).stem or "graph"
    return re.sub(r"[^\w.-]", "_", name)[:60].strip(".") or "graph"


def _command(*words: str) -> list[str]:
    """A guigrad of this very installation, started by the same Python."""
    return [_python(), "-c", _MAIN, _root(), *words]


def _python() -> str:
    return sys.executable or "python3"


def _root() -> str:
    return str(Path(__file__).resolve().parents[2])


def _launch(path: Path, log: Path) -> tuple[int | None, str]:
    """Starts the window: its process id, or None and why no window can open. See Note [Own window]."""
    command = [_python(), "-c", _LAUNCH, _root(), str(log), *_command(str(path))]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LAUNCH_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, str(error)
    word, _, rest = done.stdout.strip().partition(" ")
    if word == "window" and rest.isdecimal():
        return int(rest), ""
    said = done.stderr.strip().splitlines()
    return None, rest if word == "no" else said[-1] if said else "its process did not start"


def _without_window(path: Path, reason: str) -> Shown:
    """Draws a picture in place of the window, and says so in one line."""
    picture = path.with_suffix(".png")
    try:
        done = subprocess.run(
            _command("render", str(path), "-o", str(picture)),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=RENDER_S, check=False,
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        )  # fmt: skip
        said = done.stderr.strip().splitlines()
    except (OSError, subprocess.TimeoutExpired) as error:
        said = [str(error)]
    if picture.is_file():
        print(f"guigrad: no window: {reason}; picture: {picture}")
        return Shown(str(path), None, str(picture))
    why = said[-1] if said else "it could not be drawn"
    print(f"guigrad: no window: {reason}; no picture: {why}; document: {path}")
    return Shown(str(path), None)
