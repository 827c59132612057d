"""What the inspector says about one node: its attributes, why a gradient is missing, and how it came here. No widgets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from guigrad.document.array import ArrayData
from guigrad.document.model import Document, In, Node, Value, wires_in
from guigrad.document.ports import Parameter
from guigrad.ops import table
from guigrad.run.frame import Frame, Record
from guigrad.ui.canvas.content import elements

PREDICT = "? · predict it"
"""In place of what is to be guessed."""
NOT_LEAF = "None · not a leaf"
"""Why most gradients are missing."""


@dataclass(frozen=True)
class Step:
    """One line of how a gradient came here: an op on the way back, what arrived through it, its local derivative."""

    text: str
    effect: str
    node: str
    local: str = ""


def short_op(node: Node) -> str:
    """The op as a face shows it: ``randn``, ``add``, ``F.relu``."""
    name = node.op
    for long, short in (("torch.nn.functional.", "F."), ("torch.Tensor.", "."), ("operator.", ""), ("torch.", "")):
        if name.startswith(long):
            return short + name.removeprefix(long)
    return name


def kind_words(node: Node, record: Record | None) -> str:
    """What a node is, in a few words."""
    if record is not None and record.kind not in ("Tensor", "Parameter", ""):
        return record.kind
    reads = any(True for _ in node.inputs()) and node.op != "torch.nn.Parameter"
    if record is not None and record.is_leaf is not None and not reads:
        return "leaf tensor" if record.is_leaf else "source"
    if record is not None and record.is_leaf is False:
        return "intermediate"
    return "op" if reads else "source"


def muted_words(document: Document, node: Node) -> str:
    """What a muted node does instead of what it was; "" for any other."""
    view = document.views.get(node.id)
    return f"muted, its input is passed on · {view.muted.op}" if view is not None and view.muted is not None else ""


def attributes(record: Record | None) -> list[tuple[str, str, str]]:
    """Rows (name, value, token of its colour) of a tensor's own attributes, as torch tells them."""
    if record is None or record.state == "not run":
        return []
    if record.shape is None and not record.hidden:
        return [("type", record.kind, "text"), ("value", record.text or repr(record.value), "value")]
    flags = {True: ("True", "success"), False: ("False", "text_muted"), None: ("unknown", "text_faint")}
    rows = [
        ("shape", PREDICT if record.shape is None else f"torch.Size({list(record.shape)})", "text"),
        ("dtype", f"torch.{(record.dtype or '').removeprefix('torch.')}", "text"),
        ("device", record.device or "", "text"),
        ("requires_grad", *flags[record.requires_grad]),
        ("is_leaf", *flags[record.is_leaf]),
        ("grad_fn", record.grad_fn or "None", "text" if record.grad_fn else "text_faint"),
        ("_version", "" if record.version is None else str(record.version), "text"),
    ]
    if record.requires_grad:
        if record.is_leaf is False:
            rows.append(("retains_grad", *flags[record.retains_grad]))
        rows.append((".grad", *grad_words(record)))
    return rows


def grad_words(record: Record) -> tuple[str, str]:
    """Whether ``.grad`` is None, zero or something, and what made it so: (words, token of their colour)."""
    if "grad" in record.hidden:
        return "?", "text_faint"
    count = record.contributions
    if record.grad is None and record.grad_stats is None:
        return f"None{', emptied' if record.emptied == 'None' else ''}", "text_faint"
    stats = record.grad_stats
    if record.grad is not None:
        values = elements(record.grad)
        zero = values is not None and not values.any()
    else:
        zero = stats is not None and stats.minimum == stats.maximum == 0 and not stats.nans
    made = "1 backward" if count == 1 else f"{count} backwards" if count else ""
    if zero:
        return f"zeros, not None · {made or 'emptied'}", "grad"
    return f"a tensor{' · ' if made else ''}{made}", "grad"


def missing_value(record: Record | None) -> str:
    """Why there is no value."""
    if record is None or record.state == "not run":
        return "not run yet · F5"
    if record.state == "failed":
        return "failed · see the problem"
    if "value" in record.hidden:
        return PREDICT
    return "too large to show whole" if record.stats is not None else "no value"


def missing_grad(record: Record | None) -> str:
    """Why ``.grad`` is None, in the words that faces use."""
    if record is None or record.state == "not run":
        return "not run yet"
    if "grad" in record.hidden:
        return PREDICT
    if not record.requires_grad:
        return "no grad · requires_grad is False"
    if record.is_leaf is False and not record.retains_grad:
        return NOT_LEAF
    if record.grad_stats is not None:
        return "too large to show whole"
    return "None · emptied" if record.emptied == "None" else "None · no backward yet"


def stale(record: Record | None) -> bool:
    """The document changed since this was computed."""
    return record is not None and record.state == "stale"


def story(document: Document, frame: Frame, label: str, texts: Mapping[str, str] = {}, limit: int = 12) -> list[Step]:
    """The way of the gradient from the root to this node, the root first; at a fork every branch is one step.

    ``texts`` gives for named nodes the line of code that makes them.
    """
    back: list[Step] = []
    seen: set[str] = set()
    here = label
    while here not in seen and len(back) < limit:
        seen.add(here)
        arrivals = [(key, array) for key, array in frame.contributions.items() if key[0] == here]
        if not arrivals:
            break
        if len(arrivals) > limit:
            back.append(Step(f"… and {len(arrivals) - limit} more wires", "", ""))
        for (_, consumer, path), array in arrivals[:limit]:
            back.append(_step(document, frame, consumer, path, array, texts))
        consumers = {key[1] for key, _ in arrivals}
        if len(consumers) != 1:
            break
        here = consumers.pop()
    return list(reversed(back))


def _step(
    document: Document, frame: Frame, consumer: str, path: str, array: ArrayData, texts: Mapping[str, str]
) -> Step:
    key = frame.labels.get(consumer, "").partition("[")[0]
    node = document.nodes.get(key)
    if node is None:
        return Step(consumer, numbers(array), "")
    spec = table.find(node.op)
    local = spec.vjp.get(path, "") if spec else ""
    line = texts.get(key, "") if node.name is not None else ""
    text = line or f"{consumer} = {call_text(document, frame, node)}"
    return Step(text, numbers(array), key, plain_formula(local))


def plain_formula(text: str) -> str:
    """A local derivative without the bookkeeping of broadcasting: ``unbroadcast(g * other, self)`` is ``g * other``."""
    start = text.find("unbroadcast(")
    while start >= 0:
        depth, comma, place = 0, -1, start + len("unbroadcast")
        for place in range(start + len("unbroadcast"), len(text)):
            sign = text[place]
            depth += (sign in "([") - (sign in ")]")
            if sign == "," and depth == 1:
                comma = place
            if depth == 0:
                break
        inner = text[start + len("unbroadcast(") : comma if comma > 0 else place].strip()
        whole = start == 0 and place == len(text) - 1
        text = text[:start] + (inner if whole or inner.isidentifier() else f"({inner})") + text[place + 1 :]
        start = text.find("unbroadcast(")
    return text


def call_text(document: Document, frame: Frame, node: Node) -> str:
    """A call by the labels of what it reads: ``mul(c, t2)`` or ``c * t2``."""
    by_id = {key: label for label, key in frame.labels.items() if "@" not in label}
    names = [by_id.get(wire.node or "", "?") for wire in node.inputs()]
    literals = [repr(value) for value in node.args if is_literal(value) and _plain(value)]
    spec = table.find(node.op)
    if spec and spec.infix and len(names) + len(literals) == 2:
        first_is_wire = any(True for _ in wires_in(node.args[0]))
        parts = [*names, *literals] if first_is_wire else [*literals, *names]
        return f"{parts[0]} {spec.infix} {parts[1]}"
    return f"{short_op(node).lstrip('.')}({', '.join([*names, *literals])})"


def _plain(value: Any) -> bool:
    return isinstance(value, bool | int | float | complex | str)


def numbers(array: ArrayData, shown: int = 4) -> str:
    """A tensor in a few characters, 4 significant digits a number."""
    values = array.numpy().reshape(-1)
    if values.size == 0:
        return "[]"
    if values.size > 1 and (values == values[0]).all():
        return f"{_four(values[0])} each"
    if array.ndim == 0:
        return _four(values[0])
    inner = ", ".join(_four(value) for value in values[:shown])
    return f"[{inner}{', …' if values.size > shown else ''}]"


def _four(value: Any) -> str:
    if isinstance(value, np.bool_ | np.integer):
        return str(value)
    return f"{value:.4g}"


def is_literal(value: Value) -> bool:
    """No wire comes in anywhere inside a value, and something stands there."""
    return value is not None and not any(True for _ in wires_in(value))


def has_field(port: Parameter) -> bool:
    """What comes in at a port can be typed: a value, a name, or nothing yet; not a list with wires in it."""
    return not port.given or isinstance(port.value, In) or is_literal(port.value)
