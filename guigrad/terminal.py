"""What the commands share: FILE arguments, whole files or none, error lines, Ctrl+C."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import threading
import tokenize
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from guigrad.document.model import Document
from guigrad.document.problem import Problem, ProblemError

FINE, PROBLEMS, USAGE, CANCELLED = 0, 1, 2, 130
"""Exit statuses."""


class Refused(Exception):
    """A command that cannot be done, in one line, with its exit status."""

    def __init__(self, message: str, status: int = USAGE) -> None:
        super().__init__(message)
        self.status = status


def read_document(file: str) -> Document:
    """The document of a FILE argument. Raises: ProblemError if nothing at all could be read."""
    import guigrad

    document: Document = guigrad.parse(_standard_input()) if file == "-" else guigrad.load(file)
    return document


def _standard_input() -> str:
    if sys.stdin is None:
        raise Refused("standard input is closed")
    return _decoded(sys.stdin.buffer.read())


def read_text(file: str) -> str:
    """A script's text; - is standard input. Raises: ProblemError."""
    if file == "-":
        return _standard_input()
    try:
        return _decoded(Path(file).read_bytes())
    except OSError as error:
        raise ProblemError((Problem(error.strerror or str(error), kind="file"),)) from error


def _decoded(data: bytes) -> str:
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)  # as Python itself finds it out
        return io.TextIOWrapper(io.BytesIO(data), encoding).read()
    except (UnicodeDecodeError, SyntaxError, LookupError) as error:
        raise ProblemError((Problem(f"this is no text: {error}", kind="file"),)) from error


def suffix_of(output: str, known: set[str]) -> str:
    """The format that a name asks for. Raises: Refused if it is not among the known ones."""
    suffix = Path(output).suffix.lower()
    if suffix in known:
        return suffix
    raise Refused(f"{suffix or output!r} is no format that can be written; there are {', '.join(sorted(known))}")


def same_file(one: str, other: str) -> bool:
    """Whether both names lead to one existing file."""
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


def write_whole(output: str, write: Callable[[str], object]) -> None:
    """Calls a writer that is atomic. Raises: Refused if the file cannot be written."""
    if Path(output).is_dir():
        raise Refused(f"{output}: is a directory")
    try:
        write(output)
    except OSError as error:
        raise Refused(f"{output}: {error.strerror or error}") from error


def distinct(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """Each problem once, in order."""
    return tuple({(p.node, p.line, p.column, p.message): p for p in problems}.values())


def report(problems: Sequence[Problem], file: str) -> int:
    """Says each problem on standard error; the exit status that they make."""
    status = FINE
    for problem in problems:
        place = file
        if problem.line:
            place += f":{problem.line}:{max(problem.column, 1)}"
        elif problem.node:
            place += f": {problem.node}"
        warning = "warning: " if problem.severity == "warning" else ""
        error = f"{problem.error}: " if problem.error and not problem.message.startswith(problem.error) else ""
        say(f"{place}: {warning}{error}{problem.message.removeprefix(f'{file}: ')}")
        if not warning:
            status = PROBLEMS
    return status


@contextlib.contextmanager
def ctrl_c_ends_at_once() -> Iterator[None]:
    """Ctrl+C ends the process even inside a long op, which Python's own handler would wait for: for runs that write no file."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)

    def wait() -> None:
        while (byte := os.read(reading, 1)) != bytes([signal.SIGINT]):
            if byte in (b"", b"."):
                return
        os.write(2, b"guigrad: cancelled\n")
        os._exit(CANCELLED)

    # No KeyboardInterrupt: one in the middle of torch's import is swallowed there, or ends the process as a crash.
    handler = signal.signal(signal.SIGINT, lambda number, frame: None)
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    watch = threading.Thread(target=wait, daemon=True, name="ctrl-c")
    watch.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        signal.signal(signal.SIGINT, handler)
        os.write(writing, b".")
        watch.join()
        os.close(reading)
        os.close(writing)


def say(line: str) -> None:
    """One line on standard error; nothing if nobody can read it."""
    with contextlib.suppress(OSError, ValueError):
        print(line, file=sys.stderr, flush=True)
