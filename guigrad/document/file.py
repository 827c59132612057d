"""The .guigrad file: bytes to a document and back, saved so that no moment leaves half a file.

See Note [Template encoding] for the format. Nothing in a file is ever executed, and nothing is believed: what is wrong
becomes a Problem, what is unknown is kept.
"""

from __future__ import annotations

import codecs
import contextlib
import json
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from guigrad.document import decode
from guigrad.document.calls import synced
from guigrad.document.decode import Reading
from guigrad.document.decode_functions import read_functions
from guigrad.document.decode_program import ProgramReader
from guigrad.document.encode import VERSION, encode
from guigrad.document.loose import wire_at
from guigrad.document.migrate import migrate
from guigrad.document.model import Box, Document, Node, Note, route_port
from guigrad.document.problem import Problem, ProblemError

MADE_WITH = "0.1.0"
"""The version of guigrad, written into every file."""

LIMIT_BYTES = 1 << 31
"""Larger files are not read."""

_FIELDS = frozenset(
    (
        "guigrad",
        "made_with",
        "nodes",
        "program",
        "settings",
        "views",
        "boxes",
        "notes",
        "comments",
        "functions",
        "routes",
        "datasets",
        "extra",
        "problems",
        "lines",
    )
)


def read(data: bytes, path: str = "") -> Document:
    """The document in the bytes of a file; ``problems`` tell what could not be understood.

    Raises: ProblemError when it is not a guigrad document at all.
    """
    raw = _json(_text(data))
    if not isinstance(raw, dict) or not ({"guigrad", "nodes"} & raw.keys()):
        raise failure("this is JSON, but not a guigrad document")
    raw, told = migrate(raw)
    reading = Reading(list(told))
    nodes = _nodes(raw.get("nodes", []), reading)
    reader = ProgramReader(nodes, reading)
    functions = read_functions(_table(raw, "functions", reading), reader)
    program = reader.program(raw.get("program", []))
    nodes.update(synced(nodes, functions))
    settings, unknown_settings = decode.read_settings(raw.get("settings", {}), reading, set(nodes))
    extra: dict[str, Any] = {key: value for key, value in raw.items() if key not in _FIELDS}
    if isinstance(raw.get("guigrad"), int) and raw["guigrad"] > VERSION:
        extra["guigrad"] = raw["guigrad"]
    if reading.unknown_nodes:
        extra["nodes"] = reading.unknown_nodes
    if reading.unknown_items:
        extra["program"] = reading.unknown_items
    if reading.unknown_functions:
        extra["functions"] = reading.unknown_functions
    if unknown_settings:
        extra["settings"] = unknown_settings
    unknown = sorted({*(set(extra) - {"guigrad", "program", "recorded"})})
    if unknown:
        reading.tell(f"not known to this version, kept as it is: {', '.join(unknown)[:200]}", severity="warning")
    views = {
        key: view
        for key, value in _table(raw, "views", reading)
        if (key in nodes or key in functions) and (view := decode.read_view(value, key, nodes))
    }
    comments = {
        key: comment for key, value in _table(raw, "comments", reading) if (comment := decode.read_comment(value))
    }
    boxes = {
        key: box for key, v in _table(raw, "boxes", reading) if isinstance(box := decode.read_frame(v, key, Box), Box)
    }
    notes = {
        key: note
        for key, v in _table(raw, "notes", reading)
        if isinstance(note := decode.read_frame(v, key, Note), Note)
    }
    routes = {
        key: route
        for key, value in _table(raw, "routes", reading)
        if wire_at(nodes.get(route_port(key)[0]), route_port(key)[1]) and (route := decode.read_route(value))
    }
    datasets = {
        key: found
        for key, value in _table(raw, "datasets", reading)
        if (found := decode.read_dataset(value, key, nodes, reading)) is not None
    }
    return Document(
        nodes=nodes,
        program=program,
        views=views,
        boxes=boxes,
        notes=notes,
        comments=comments,
        settings=settings,
        extra=extra,
        functions=functions,
        routes=routes,
        datasets=datasets,
        problems=tuple(reading.problems),
        path=path,
    )


def failure(message: str, path: str = "", line: int = 0, column: int = 0, why: str = "") -> ProblemError:
    """The exception for what cannot be opened at all."""
    where = f"{path}: " if path else ""
    return ProblemError((Problem(where + message, "file", line=line, column=column, why=why),))


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a file.

    Raises: ProblemError when it is missing, not a file, too large or may not be read.
    """
    name = os.fspath(path)
    try:
        with open(name, "rb") as file:
            status = os.fstat(file.fileno())
            if stat.S_ISDIR(status.st_mode):
                raise IsADirectoryError
            data = file.read(LIMIT_BYTES + 1)
    except FileNotFoundError:
        raise failure("there is no such file", name) from None
    except IsADirectoryError:
        raise failure("this is a folder, not a file", name) from None
    except PermissionError:
        folder = "this is a folder, not a file" if os.path.isdir(name) else "this file may not be read (no permission)"
        raise failure(folder, name) from None
    except (OSError, ValueError) as error:
        raise failure(f"cannot be read: {getattr(error, 'strerror', None) or error}", name) from None
    if len(data) > LIMIT_BYTES:
        raise failure("the file is too large to be a document", name)
    return data


def save(document: Document, path: str | os.PathLike[str]) -> None:
    """Writes a document; the old file stays whole until the new one is.

    Raises: OSError when it cannot be written, and then nothing changed on disk.
    """
    write_atomically(path, encode(document, MADE_WITH))


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Replaces a file in one step: a temporary file beside it, flushed to disk, then renamed over it.

    Links are followed, and the permissions of a file that is replaced are kept.
    Raises: OSError, with the old file untouched and no temporary file left.
    """
    target = os.path.realpath(path)
    if os.path.exists(target) and not os.path.isdir(target) and not os.path.isfile(target):
        with open(target, "wb") as stream:  # a pipe or device cannot be replaced
            stream.write(data)
        return
    with replacing(path) as temporary, open(temporary, "wb") as file:
        file.write(data)


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[str]:
    """The name of an empty temporary file beside a file, which takes its place when the block ends well.

    Links are followed, and the permissions of a file that is replaced are kept.
    Raises: OSError; after any exception the old file is untouched and no temporary file is left.
    """
    target = Path(os.path.realpath(path))
    old: os.stat_result | None
    try:
        old = os.stat(target)
    except FileNotFoundError:
        old = None
    if old is not None and stat.S_ISDIR(old.st_mode):
        raise IsADirectoryError(21, "Is a directory", str(path))
    if old is not None and not stat.S_ISREG(old.st_mode):
        raise OSError(22, "Not a file that can be replaced", str(path))
    if old is not None and not os.access(target, os.W_OK):
        raise PermissionError(13, "Permission denied", str(path))
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name[:100]}.", suffix=".tmp", dir=target.parent)
    os.close(handle)
    try:
        yield temporary
        with open(temporary, "r+b") as file:
            os.fsync(file.fileno())
        if old is not None:
            os.chmod(temporary, stat.S_IMODE(old.st_mode))
            if hasattr(os, "chown"):
                with contextlib.suppress(OSError):  # only the owner, or root, may keep another's file another's
                    os.chown(temporary, old.st_uid, old.st_gid)
        else:
            os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    with contextlib.suppress(OSError):  # a folder cannot be flushed everywhere; the file itself is safe
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _text(data: bytes) -> str:
    if not data.strip():
        raise failure("the file is empty")
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        raise failure(f"this is not UTF-8 text (byte {error.start})", line=line, column=column) from None


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        why = "The file may have been cut off or edited by hand; nothing in it was changed."
        raise failure(f"this is not JSON: {error.msg}", line=error.lineno, column=error.colno, why=why) from None
    except RecursionError:
        raise failure("its values are nested too deeply") from None
    except ValueError:  # a whole number of thousands of digits: read it as what it is not, a text
        return json.loads(text, parse_int=_long_int)


def _long_int(digits: str) -> int | dict[str, str]:
    if len(digits) < 4000:
        return int(digits)
    return {"digits": re.sub(r"[^\d-]", "", digits)}


def _nodes(raw: Any, reading: Reading) -> dict[str, Node]:
    nodes: dict[str, Node] = {}
    if not isinstance(raw, list):
        reading.tell("the nodes are not written as a list")
        return nodes
    for record in raw:
        node = decode.read_node(record, reading)
        if node is None:
            continue
        if node.id in nodes:
            reading.tell(f"two nodes have the id {node.id[:60]!r}; the first is kept", node.id)
        else:
            nodes[node.id] = node
    return nodes


def _table(raw: dict[str, Any], name: str, reading: Reading) -> list[tuple[str, Any]]:
    value = raw.get(name, {})
    if not isinstance(value, dict):
        reading.tell(f"the {name} cannot be read")
        return []
    return list(value.items())
