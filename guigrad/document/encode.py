"""A document as format version 1: JSON that people and ``git diff`` can read, one node a line.

Note [Template encoding]
A list display is a JSON array and a number a JSON number; everything else that JSON has no word for is an object with one key:
``{"in": "t1"}`` a wire (``["t1", 1]`` its second output, null an open port), ``{"sym": "torch.float32"}``, ``{"tuple": […]}``,
``{"dict": [[key, value], …]}``, ``{"slice": [start, stop, step]}``, ``{"star": value}``, ``{"format": value, "conversion": "r",
"spec": […]}``, ``{"float": "nan"}``, ``{"complex": [re, im]}``, ``{"int": "0x…"}`` for numbers too long for other readers,
``{"ellipsis": true}`` and ``{"tensor": {…}}``. What this version does not know is kept as a ``Sym`` whose path is "?" and the
JSON text, and written back as it was.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from typing import Any

from guigrad.document import tensors
from guigrad.document.array import ArrayData
from guigrad.document.model import (
    Box,
    Branch,
    Carried,
    DataSet,
    DictOf,
    Document,
    Effect,
    Eval,
    Format,
    Function,
    In,
    Item,
    ListOf,
    Loop,
    Node,
    Note,
    Region,
    Settings,
    Slice,
    Star,
    Sym,
    Value,
    View,
    item_key,
)

VERSION = 1
UNKNOWN = "?"
"""First letter of the path of a ``Sym`` that holds something unknown, and the key of functions that are not."""

_LONG_INT_BITS = 1024
_NAN = struct.pack("<d", math.nan)


def encode(document: Document, made_with: str) -> bytes:
    """The whole document as UTF-8 JSON.

    Deterministic: the same document gives the same bytes.
    """
    extra: Mapping[str, Any] = document.extra
    kept: dict[str, Any] = extra.get("functions", {})
    version = extra.get("guigrad", VERSION)
    parts: dict[str, str] = {
        "nodes": _lines("[]", [_dump(_node(document.nodes[key], extra)) for key in sorted(document.nodes)]),
        "program": _lines("[]", [_dump(item) for item in _items(document.program, "", extra)]),
        "settings": _dump(_settings(document.settings, extra)),
        "views": _table({key: _view(view) for key, view in document.views.items()}),
        "boxes": _table({key: _fields(box, Box(key)) for key, box in document.boxes.items()}),
        "notes": _table({key: _fields(note, Note(key)) for key, note in document.notes.items()}),
        "routes": _table(
            {key: [list(map(_float, point)) for point in route] for key, route in document.routes.items()}
        ),
        "datasets": _table({key: _fields(data, DataSet(key)) for key, data in document.datasets.items()}),
        "comments": _table(
            {
                key: ({"before": list(comment.before)} if comment.before else {})
                | ({"after": comment.after} if comment.after else {})
                for key, comment in document.comments.items()
            }
        ),
        "functions": _lines(
            "{}",
            [f"{_dump(key)}: {_dump(record)}" for key, record in kept.get(UNKNOWN, {}).items()]
            + [f"{_dump(key)}: {_dump(_function(each, extra))}" for key, each in document.functions.items()],
        ),
    }
    for key, value in extra.items():
        if key not in parts and key not in ("guigrad", "made_with"):
            parts[key] = _dump(value)
    head = [f'"guigrad": {json.dumps(version)}', f'"made_with": {_dump(made_with)}']
    body = [f"{_dump(key)}: {parts[key]}" for key in sorted(parts) if parts[key] not in ("{}", "[]") or key in extra]
    text = "{" + ",\n".join(head + body) + "}\n"
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:  # a string with half a surrogate pair in it: JSON can write it only as \ud800
        return "".join(c if c < "\ud800" or c > "\udfff" else f"\\u{ord(c):04x}" for c in text).encode("utf-8")


def value_to_json(value: Value) -> Any:
    """One template value as JSON. See Note [Template encoding]."""
    match value:
        case None | bool() | str():
            return value
        case int():
            return value if value.bit_length() <= _LONG_INT_BITS else {"int": hex(value)}
        case float():
            return _float(value)
        case complex():
            return {"complex": [_float(value.real), _float(value.imag)]}
        case In():
            return {"in": value.node if value.output == 0 else [value.node, value.output]}
        case Sym():
            return _unknown(value.path[1:]) if value.path.startswith(UNKNOWN) else {"sym": value.path}
        case tuple():
            return {"tuple": [value_to_json(item) for item in value]}
        case ListOf():
            return [value_to_json(item) for item in value.items]
        case DictOf():
            return {"dict": [[value_to_json(key), value_to_json(item)] for key, item in value.items]}
        case Slice():
            return {"slice": [value_to_json(part) for part in (value.start, value.stop, value.step)]}
        case Star():
            return {"star": value_to_json(value.value)}
        case Format():
            record: dict[str, Any] = {"format": value_to_json(value.value)}
            if value.conversion:
                record["conversion"] = value.conversion
            if value.spec:
                record["spec"] = [value_to_json(part) for part in value.spec]
            return record
        case ArrayData():
            return {"tensor": tensors.write(value)}
    if value is Ellipsis:
        return {"ellipsis": True}
    raise TypeError(f"{type(value).__name__} cannot stand in a template")


def _unknown(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return {"sym": UNKNOWN + text}


def _float(value: float) -> Any:
    if math.isfinite(value):
        return float(value)  # a place may be a whole number: it is written as it is read back
    bits = struct.pack("<d", value)
    return {"float": repr(value) if not math.isnan(value) or bits == _NAN else "0x" + bits[::-1].hex()}


def _node(node: Node, extra: Mapping[str, Any]) -> dict[str, Any]:
    record: dict[str, Any] = {"id": node.id, "op": node.op}
    if node.args:
        record["args"] = [value_to_json(value) for value in node.args]
    if node.kwargs:
        record["kwargs"] = {name: value_to_json(value) for name, value in node.kwargs}
    if node.name is not None:
        record["name"] = node.name
    if node.outputs:
        record["outputs"] = list(node.outputs)
    unknown = extra.get("nodes", {}).get(node.id, {})
    return record | {key: unknown[key] for key in sorted(unknown) if key not in record}


def _items(items: tuple[Item, ...], container: str, extra: Mapping[str, Any]) -> list[Any]:
    """The items of one body, those of unknown kinds put back behind the item that they followed."""
    behind: dict[str, list[Any]] = {}
    for record in extra.get("program", ()):
        if record["in"] == container:
            behind.setdefault(record["after"], []).append(record["item"])
    result: list[Any] = behind.pop("", [])
    for item in items:
        result.append(_item(item, extra))
        result.extend(behind.pop(item_key(item), ()))
    for orphans in behind.values():
        result.extend(orphans)
    return result


def _item(item: Item, extra: Mapping[str, Any]) -> Any:
    match item:
        case Eval():
            return item.node
        case Effect():
            return {"effect": item.node}
        case Loop():
            record: dict[str, Any] = {"loop": item.id, "var": item.var, "iter": value_to_json(item.iter)}
            _put(record, "carried", [_carried(carry) for carry in item.carried])
            _put(record, "body", _items(item.body, item.id, extra))
            return record
        case Branch():
            record = {"if": item.id, "test": value_to_json(item.test)}
            _put(record, "carried", [_carried(carry) for carry in item.carried])
            _put(record, "then", _items(item.body, item.id, extra))
            _put(record, "else", _items(item.orelse, item.id + "/else", extra))
            return record
        case Region():
            record = {"with": item.id, "kind": item.kind}
            _put(record, "args", [value_to_json(value) for value in item.args])
            _put(record, "body", _items(item.body, item.id, extra))
            return record


def _put(record: dict[str, Any], key: str, value: list[Any]) -> None:
    if value:
        record[key] = value


def _carried(carry: Carried) -> dict[str, Any]:
    record: dict[str, Any] = {"port": carry.port}
    _put(record, "updates", [value_to_json(update) for update in carry.updates])
    return record


def _function(function: Function, extra: Mapping[str, Any]) -> dict[str, Any]:
    record: dict[str, Any] = {"name": function.name}
    for field in ("params", "captures", "decor"):
        _put(record, field, list(getattr(function, field)))
    for field in ("positional_only", "keyword_only"):
        if getattr(function, field):
            record[field] = getattr(function, field)
    _put(record, "program", _items(function.program, function.id, extra))
    if function.result is not None:
        record["result"] = value_to_json(function.result)
    unknown = extra.get("functions", {}).get(function.id, {})
    return record | {key: unknown[key] for key in sorted(unknown) if key not in record}


def _view(view: View) -> list[Any]:
    more: dict[str, Any] = {}
    if view.slider is not None:
        more["slider"] = [_float(number) for number in view.slider]
    if view.muted is not None:
        more["muted"] = _node(view.muted, {})
    return [_float(view.x), _float(view.y), *([True] if view.collapsed else []), *([more] if more else [])]


def _settings(settings: Settings, extra: Mapping[str, Any]) -> dict[str, Any]:
    record = _fields(settings, Settings())
    return record | {k: v for k, v in sorted(extra.get("settings", {}).items()) if k not in record}


def _fields(record: Box | DataSet | Note | Settings, default: Box | DataSet | Note | Settings) -> dict[str, Any]:
    """The fields that differ from a default, sorted; the id is the key already."""
    names = sorted(name for name in record.__struct_fields__ if name != "id")
    return {
        name: _float(value) if isinstance(getattr(default, name), float) else value
        for name in names
        if (value := getattr(record, name)) != getattr(default, name)
    }


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _table(records: dict[str, Any]) -> str:
    return _lines("{}", [f"{_dump(key)}: {_dump(records[key])}" for key in sorted(records)])


def _lines(brackets: str, lines: list[str]) -> str:
    return brackets[0] + "\n" + ",\n".join(lines) + "\n" + brackets[1] if lines else brackets
