"""The functions of a file. See Note [Functions] in document.model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from guigrad.document.decode import is_function_id, is_name
from guigrad.document.decode_program import ProgramReader
from guigrad.document.encode import UNKNOWN
from guigrad.document.model import PARAM, Function, Node
from guigrad.document.names import python_name

_FIELDS = frozenset(
    ("name", "params", "captures", "program", "result", "positional_only", "keyword_only", "decor"),
)


def read_functions(table: Iterable[tuple[str, Any]], reader: ProgramReader) -> dict[str, Function]:
    """Every function; ``reader`` then knows the nodes of their bodies as taken."""
    found: dict[str, Function] = {}
    for key, raw in table:
        function = _function(key, raw, reader)
        if function is not None:
            found[key] = function
    return found


def _function(key: str, raw: Any, reader: ProgramReader) -> Function | None:
    reading = reader.reading
    if not isinstance(raw, dict) or not is_function_id(key):
        reading.tell(f"{key[:60]!r} is not a function that is known to this version; it is kept", severity="warning")
        reading.unknown_functions.setdefault(UNKNOWN, {})[key] = raw
        return None
    if not reader.own(key):
        return None
    name = str(raw.get("name", ""))
    if not is_name(name):
        reading.tell(f"{name[:60]!r} cannot be the name of a function", key)
        name = python_name(name[:60] or "function")
    params, captures = _params(raw.get("params", []), reader), _params(raw.get("captures", []), reader)
    program, result = reader.function(raw.get("program", []), raw.get("result"), key, {*params, *captures})
    unknown = {field: value for field, value in raw.items() if field not in _FIELDS}
    if unknown:
        reading.unknown_functions[key] = unknown
    first, last = (_count(raw.get(field), len(params)) for field in ("positional_only", "keyword_only"))
    decor = tuple(each for each in _list(raw.get("decor")) if isinstance(each, str))
    return Function(key, name, params, captures, program, result, first, min(last, len(params) - first), decor)


def _params(raw: Any, reader: ProgramReader) -> tuple[str, ...]:
    found: list[str] = []
    for key in _list(raw):
        if not isinstance(key, str) or not key:
            reader.reading.tell("a parameter without an id was left out")
        elif reader.take(key, PARAM):
            node = reader.nodes[key]
            bad = node.op != PARAM or node.name is None or len(node.args) > 1 or bool(node.kwargs or node.outputs)
            if bad or any(node.inputs()):
                reader.reading.tell(f"{key[:60]} is not written as a parameter", key)
                reader.nodes[key] = Node(key, PARAM, name=node.name or "value")
            found.append(key)
    return tuple(found)


def _list(raw: Any) -> list[Any]:
    return raw if isinstance(raw, list) else []


def _count(raw: Any, most: int) -> int:
    return raw if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw <= most else 0
