"""JSON from anywhere to records, and a Problem for everything that cannot be one. Nothing that a file says is trusted.

What reaches the document is safe to show and to print as code: names are identifiers, ops and constants dotted names,
comments begin with "#", tensors fit their bytes. What is not understood is kept aside and written back.
"""

from __future__ import annotations

import json
import keyword
import math
import re
import struct
from collections.abc import Collection
from typing import Any

from msgspec import Struct, structs

from guigrad.document import tensors
from guigrad.document.array import ArrayData
from guigrad.document.encode import UNKNOWN
from guigrad.document.loose import MAX_POINTS
from guigrad.document.model import (
    CALL,
    CAPTURE,
    Box,
    Comment,
    DataSet,
    DictOf,
    Format,
    In,
    ListOf,
    Node,
    Note,
    Settings,
    Slice,
    Star,
    Sym,
    Value,
    View,
)
from guigrad.document.problem import Problem
from guigrad.document.template import map_wires
from guigrad.ops.lambdas import sound

MAX_DEPTH = 96
"""Values inside values, and bodies inside bodies; torch itself stops at 64 dimensions."""

_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_FAR = 1e9
_LEAVES = ("inputs", "targets", "test_inputs", "test_targets")
_NODE_FIELDS = frozenset(("id", "op", "args", "kwargs", "name", "outputs"))


class Reading(Struct):
    """What is being read: problems so far and what is kept for the next save."""

    problems: list[Problem] = []
    unknown_nodes: dict[str, dict[str, Any]] = {}
    unknown_items: list[dict[str, Any]] = []
    unknown_functions: dict[str, dict[str, Any]] = {}
    bytes_left: int = tensors.LIMIT_BYTES

    def tell(self, message: str, node: str = "", severity: str = "error") -> None:
        """Notes a problem; only the first hundred are kept, a broken file has thousands of the same."""
        if len(self.problems) < 100:
            self.problems.append(Problem(message, "file", node, node, severity=severity))


class BadValue(Exception):
    """A value that is not what it must be."""


def is_name(value: Any) -> bool:
    """Whether it may be a Python variable's name."""
    return isinstance(value, str) and value.isidentifier() and not keyword.iskeyword(value)


def is_keyword(value: str, op: str) -> bool:
    """Whether it may name an argument of an op."""
    return is_name(value) or (op.startswith(CALL) and value.startswith(CAPTURE) and is_name(value[len(CAPTURE) :]))


def is_function_id(value: Any) -> bool:
    """Whether it may be the id of a function: it is a part of an op's name, and of ids of inner nodes."""
    return isinstance(value, str) and re.fullmatch(r"[#\w]+", value) is not None


def is_op(value: str) -> bool:
    """Whether it is the name of an op."""
    return is_dotted(value) or (value.startswith(CALL) and is_function_id(value[len(CALL) :]))


def is_dotted(value: Any) -> bool:
    """Whether it is a dotted name: of an op, or of a constant."""
    return isinstance(value, str) and _DOTTED.fullmatch(value) is not None


def read_value(raw: Any, reading: Reading, node: str, depth: int = 0) -> Value:
    """One template value; what is not understood becomes a ``Sym`` that keeps its JSON, with a problem."""
    try:
        return _value(raw, reading, node, depth)
    except BadValue as error:
        reading.tell(str(error), node)
    except RecursionError:
        reading.tell("a value is nested too deeply", node)
    return _kept(raw)


def _kept(raw: Any) -> Value:
    try:
        return Sym(UNKNOWN + json.dumps(raw, ensure_ascii=False))
    except RecursionError:
        return None


def _value(raw: Any, reading: Reading, node: str, depth: int) -> Value:
    if raw is None or isinstance(raw, bool | int | float | str):
        return raw
    if depth > MAX_DEPTH:
        raise BadValue(f"a value is nested more than {MAX_DEPTH} deep")
    if isinstance(raw, list):
        return ListOf(tuple(read_value(item, reading, node, depth + 1) for item in raw))
    keys = set(raw)
    if len(keys) == 1:
        ((tag, inner),) = raw.items()
        match tag, inner:
            case "in", None:
                return In()
            case "in", str():
                return In(inner)
            case "in", [str(source), int(output)] if not isinstance(output, bool) and 0 <= output < 1 << 31:
                return In(source, output)
            case "sym", str() if is_dotted(inner):
                return Sym(inner)
            case "sym", str() if text := sound(inner):
                return Sym(text)
            case "tuple", list():
                return tuple(read_value(item, reading, node, depth + 1) for item in inner)
            case "dict", list() if all(isinstance(pair, list) and len(pair) == 2 for pair in inner):
                return DictOf(
                    tuple(
                        (read_value(k, reading, node, depth + 1), read_value(v, reading, node, depth + 1))
                        for k, v in inner
                    )
                )
            case "slice", [start, stop, step]:
                return Slice(*(read_value(part, reading, node, depth + 1) for part in (start, stop, step)))
            case "star", _:
                return Star(read_value(inner, reading, node, depth + 1))
            case "ellipsis", True:
                return ...
            case "float", str():
                return _float(inner)
            case "int", str():
                return _int(inner)
            case "complex", [real, imag]:
                return complex(_number(real), _number(imag))
            case "tensor", _:
                return _tensor(inner, reading)
    if "format" in keys and keys <= {"format", "conversion", "spec"}:
        return _format(raw, reading, node, depth)
    raise BadValue(f"{_short(raw)} is not known to this version; it is kept")


def _format(raw: dict[str, Any], reading: Reading, node: str, depth: int) -> Format:
    spec, conversion = raw.get("spec", []), raw.get("conversion", "")
    parts = tuple(read_value(part, reading, node, depth + 1) for part in spec) if isinstance(spec, list) else ()
    if conversion not in ("", "r", "s", "a") or not all(isinstance(part, str | Format) for part in parts):
        raise BadValue(f"{_short(raw)} is no part of an f-string")
    return Format(read_value(raw["format"], reading, node, depth + 1), conversion, parts)


def _tensor(raw: Any, reading: Reading) -> ArrayData:
    try:
        array = tensors.read(raw)
    except ValueError as error:
        raise BadValue(f"a tensor cannot be read: {error}") from None
    reading.bytes_left -= len(array.data)
    if reading.bytes_left < 0:
        raise BadValue("the tensors of this document together are too large")
    return array


def _number(raw: Any) -> float:
    if isinstance(raw, dict) and list(raw) == ["float"] and isinstance(raw["float"], str):
        return _float(raw["float"])
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        try:
            return float(raw)
        except OverflowError:
            pass
    raise BadValue(f"{_short(raw)} is no number")


def _float(text: str) -> float:
    if text in ("nan", "inf", "-inf"):
        return float(text)
    if re.fullmatch("0x[0-9a-f]{16}", text):
        return float(struct.unpack(">d", bytes.fromhex(text[2:]))[0])
    raise BadValue(f"{text[:40]!r} is no number")


def _int(text: str) -> int:
    if re.fullmatch("-?0x[0-9a-fA-F]{1,3500}", text):
        return int(text, 16)
    raise BadValue(f"{text[:40]!r} is no number")


def read_node(raw: Any, reading: Reading) -> Node | None:
    """One node; None, with a problem, when it has no id or no op."""
    if not isinstance(raw, dict) or not isinstance(raw.get("id"), str) or not raw["id"]:
        reading.tell(f"a node without an id was left out: {_short(raw)}")
        return None
    key, op = raw["id"], raw.get("op")
    if not isinstance(op, str) or not op:
        reading.tell(f"{key} has no op and was left out", key)
        return None
    if not is_op(op):
        reading.tell(f"{op[:60]!r} is not the name of an op", key)
        op = "unknown." + (re.sub(r"\W", "_", op, flags=re.ASCII)[:60])
    args, kwargs, name, outputs = raw.get("args", []), raw.get("kwargs", {}), raw.get("name"), raw.get("outputs", [])
    if not isinstance(args, list) or not isinstance(kwargs, dict) or not isinstance(outputs, list):
        reading.tell(f"the arguments of {key} are not written as arguments", key)
        args, kwargs, outputs = (
            args if isinstance(args, list) else [],
            kwargs if isinstance(kwargs, dict) else {},
            outputs if isinstance(outputs, list) else [],
        )
    if name is not None and not is_name(name):
        reading.tell(f"{_short(name)} cannot be the name of a value", key)
        name = None
    bad = [output for output in outputs if output is not None and not is_name(output)]
    if bad:
        reading.tell(f"{_short(bad[0])} cannot be the name of a value", key)
    bad = [word for word in kwargs if not is_keyword(word, op)]
    if bad:
        reading.tell(f"{_short(bad[0])} cannot be the name of an argument", key)
    unknown = {field: value for field, value in raw.items() if field not in _NODE_FIELDS}
    if unknown:
        reading.unknown_nodes[key] = unknown
    return Node(
        key,
        op,
        tuple(read_value(value, reading, key) for value in args),
        tuple((word, read_value(value, reading, key)) for word, value in kwargs.items() if is_keyword(word, op)),
        name,
        tuple(output if is_name(output) else None for output in outputs),
    )


def read_view(raw: Any, key: str = "", known: Collection[str] = ()) -> View | None:
    """Where the card of a node lies; None for what is no place. ``known`` are the nodes that there are."""
    collapsed = False
    more: dict[str, Any] = {}
    match raw:
        case [x, y]:
            pass
        case [x, y, bool(collapsed)]:
            pass
        case [x, y, dict(more)]:
            pass
        case [x, y, bool(collapsed), dict(more)]:
            pass
        case _:
            return None
    if not (isinstance(x, int | float) and isinstance(y, int | float) and _is_length(x) and _is_length(y)):
        return None
    return View(float(x), float(y), collapsed, _slider(more.get("slider")), _muted(more.get("muted"), key, known))


def _muted(raw: Any, key: str, known: Collection[str]) -> Node | None:
    """What a muted node was; wires from nodes that are not there are open ends."""
    node = read_node(raw, Reading()) if raw is not None else None
    if node is None:
        return None
    node = structs.replace(node, id=key)
    return map_wires(node, lambda wire: wire if wire.node in known else In())


def read_route(raw: Any) -> tuple[tuple[float, float], ...]:
    """The points that a wire is led through; none for what is no row of points."""
    if not isinstance(raw, list) or len(raw) > MAX_POINTS:
        return ()
    points = [tuple(map(float, point)) for point in raw if _is_point(point)]
    return tuple((x, y) for x, y in points) if len(points) == len(raw) else ()


def _is_point(raw: Any) -> bool:
    return isinstance(raw, list) and len(raw) == 2 and all(map(_is_length, raw))


def _slider(raw: Any) -> tuple[float, float, float] | None:
    """Lowest, highest, step; None for what is no range."""
    match raw:
        case [int() | float() as low, int() | float() as high, int() | float() as step]:
            pass
        case _:
            return None
    numbers = all(_is_length(number) and not isinstance(number, bool) for number in raw)
    return (float(low), float(high), float(step)) if numbers and low < high and step > 0 else None


def read_frame(raw: Any, key: str, kind: type[Box] | type[Note]) -> Box | Note | None:
    """A box or a note; None for what is neither."""
    if not isinstance(raw, dict) or not key:
        return None
    fields: dict[str, Any] = {}
    for name in kind.__struct_fields__[1:]:
        value = raw.get(name)
        if name in ("title", "text"):
            if isinstance(value, str):
                fields[name] = value
        elif name == "arrows":
            if isinstance(value, list):
                fields[name] = tuple(dict.fromkeys(each for each in value if isinstance(each, str)))
        elif isinstance(value, int | float) and _is_length(value):
            fields[name] = float(value)
        elif value is not None:
            return None
    return kind(key, **fields)


def read_dataset(raw: Any, key: str, known: Collection[str], reading: Reading) -> DataSet | None:
    """What is known of a data set; None, with a problem, without a leaf of inputs."""
    raw = raw if isinstance(raw, dict) and key else {}
    leaves = {name: raw[name] for name in _LEAVES if isinstance(raw.get(name), str) and raw[name] in known}
    if "inputs" not in leaves:
        reading.tell(f"the data set {_short(key)} has no leaf; its description was left out", severity="warning")
        return None
    texts = {name: raw[name] for name in ("name", "kind") if isinstance(raw.get(name), str)}
    settings = raw.get("settings")
    return DataSet(key, settings=settings if isinstance(settings, dict) else {}, **texts, **leaves)


def read_comment(raw: Any) -> Comment | None:
    """Comment lines, made such that none of them can be code; None when there are none."""
    if not isinstance(raw, dict):
        return None
    before, after = raw.get("before", []), raw.get("after", "")
    lines = tuple(_comment(line) for line in before if isinstance(line, str)) if isinstance(before, list) else ()
    return Comment(lines, _comment(after) if isinstance(after, str) else "")


def _comment(line: str) -> str:
    line = " ".join(re.split(r"[\r\n\f\v\x00\x1c-\x1e\x85\u2028\u2029]", line))
    return line if not line or line.startswith("#") else f"# {line}"


def read_settings(raw: Any, reading: Reading, known: set[str]) -> tuple[Settings, dict[str, Any]]:
    """The settings, and those that this version does not know."""
    if not isinstance(raw, dict):
        reading.tell("the settings cannot be read")
        return Settings(), {}
    values: dict[str, Any] = {}
    for name in ("title", "device", "about", "root"):
        if name not in raw:
            continue
        if isinstance(raw[name], str) and (name != "root" or raw[name] in known):
            values[name] = " ".join(raw[name].splitlines()) if name == "title" else raw[name]
        elif raw[name] is not None or name != "root":
            reading.tell(f"the setting {name} cannot be {_short(raw[name])}")
    blanks = raw.get("exercise", [])
    kept = [pair for pair in blanks if _is_blank(pair)] if isinstance(blanks, list) else []
    values["exercise"] = tuple((key, what) for key, what in kept if key in known)
    if not isinstance(blanks, list) or len(kept) != len(blanks):
        reading.tell("not all of the exercise can be read")
    plane = raw.get("landscape", [])
    values["landscape"] = tuple(plane) if _is_plane(plane) else ()
    if plane and not values["landscape"]:
        reading.tell("the landscape cannot be read")
    return Settings(**values), {key: value for key, value in raw.items() if key not in Settings.__struct_fields__}


def _is_plane(raw: Any) -> bool:
    """Whether something is two names and two ranges."""
    if not isinstance(raw, list) or len(raw) != 6 or not all(isinstance(part, str) for part in raw[:2]):
        return False
    ends = raw[2:]
    finite = all(type(end) in (int, float) and abs(end) < 1e300 for end in ends)  # NaN is not below either
    return finite and ends[0] < ends[1] and ends[2] < ends[3]


def _is_blank(pair: Any) -> bool:
    """Whether something is (node id, what of it is blanked)."""
    if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(part, str) for part in pair):
        return False
    return pair[1] in ("value", "grad", "shape")


def _is_length(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and abs(value) < _FAR


def _short(raw: Any) -> str:
    if isinstance(raw, dict):
        return "{" + ", ".join(repr(str(key)[:20]) for key in list(raw)[:3]) + (", …}" if len(raw) > 3 else "}")
    if isinstance(raw, list):
        return f"a list of {len(raw)}"
    return repr(raw)[:60] if not isinstance(raw, int) or abs(raw) < 10**60 else "a number of many digits"
