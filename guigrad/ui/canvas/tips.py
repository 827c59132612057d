"""What a tooltip on the canvas says: all that does not fit on a face."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QPoint, QPointF

from guigrad.document.array import ArrayData
from guigrad.document.problem import Problem
from guigrad.run.frame import Record, Stats
from guigrad.ui.canvas.content import number
from guigrad.ui.canvas.mouse import port_under
from guigrad.ui.canvas.overlay import wire_text

if TYPE_CHECKING:
    from guigrad.ui.canvas.board import Board

SHOWN: Final = 48
"""Elements written out."""


def tip(view: Board, at: QPoint) -> str:
    """The tooltip for a point of the screen, "" for none."""
    scene = view.scene
    point = QPointF(at)
    grad_fn = view.backward.tip(point)
    if grad_fn:
        return grad_fn
    port = port_under(view, point)
    if port is not None:
        return _port(view, *port)
    x, y = view.viewport.to_world(at.x(), at.y())
    row = scene.node_at(x, y)
    if row is not None:
        return node_tip(view, row)
    wire = scene.wires.at(x, y, 6.0 / view.viewport.scale)
    return _wire(view, wire) if wire is not None else ""


UNKNOWN = "? (predict it)"


def node_tip(view: Board, row: int) -> str:
    """Everything about a node at this moment."""
    scene = view.scene
    node, record = scene.node(row), scene.faces.record(row)
    label = record.label if record is not None else node.name or scene.facet(row).title
    lines = [f"<b>{escape(label)}</b> &nbsp; {escape(node.op)}"]
    if record is None or record.state == "not run":
        lines.append("not run yet")
    else:
        if scene.stale[row] or record.state == "stale":
            lines.append("stale: edited since the last run")
        if record.shape is not None or "shape" in record.hidden:
            size = UNKNOWN if record.shape is None else list(record.shape)
            lines.append(f"{escape(str(record.dtype))} {size} on {escape(str(record.device))}")
        lines += _value("value", record.value, record.stats, record)
        if record.requires_grad:
            grad = record.grad if record.grad is not None or record.grad_stats is not None else record.xray
            name = (
                "x-ray gradient" if record.grad is None and record.grad_stats is None and grad is not None else "grad"
            )
            lines += _value(name, grad, record.grad_stats, record)
            kind = "leaf" if record.is_leaf else f"grad_fn {record.grad_fn}"
            lines.append(escape(f"{kind} · {said}" if (said := scene.faces.content(row).ledger) else kind))
    lines += [_problem(problem) for problem in scene.faces.pins.get(scene.ids[row], ())]
    return "<br>".join(lines)


def _value(name: str, value: object, stats: Stats | None, record: Record) -> list[str]:
    if isinstance(value, ArrayData):
        try:
            array = value.numpy()
        except TypeError:
            return [f"{name}: {escape(value.dtype)}"]
        lines = []
        if array.size > 1 and array.dtype.kind in "fiu":
            finite = array[np.isfinite(array)]
            if finite.size:
                low, mean, high = float(finite.min()), float(finite.mean(dtype=np.float64)), float(finite.max())
                lines.append(f"{name}: min {number(low)} · mean {number(mean)} · max {number(high)}")
            bad = array.size - finite.size
            if bad:
                lines.append(f"{bad} of {array.size} are not finite")
        flat = array.reshape(-1)[:SHOWN]
        text = ", ".join(str(item) for item in flat)  # NumPy's own numbers have the digits of their kind
        more = ", …" if array.size > SHOWN else ""
        lines.append(f"<code>{escape(text)}{more}</code>" if lines else f"{name}: <code>{escape(text)}{more}</code>")
        return lines
    if stats is not None:
        return [f"{name}: min {number(stats.minimum)} · mean {number(stats.mean)} · max {number(stats.maximum)}"]
    if value is None and name in record.hidden:
        return [f"{name}: {UNKNOWN}"]
    if value is None:
        return [f"{name}: {escape(record.text) or 'None'}"]
    return [f"{name}: <code>{escape(str(value)[:400])}</code>"]


def _port(view: Board, row: int, side: str, index: int) -> str:
    face = view.scene.facet(row)
    if side == "out":
        name = face.outputs[index] or face.title
        return f"<b>{escape(name)}</b> &nbsp; drag to a port, or to empty canvas for a list of what fits"
    inlet = face.inputs[index]
    if inlet.text:
        return f"<b>{escape(inlet.path)}</b> = <code>{escape(inlet.text)}</code><br>double-click to edit, drag a wire here to replace it"
    wired = any(view.scene.wires.inlet[w] == index for w in view.scene.into[row])
    action = "drag off to disconnect, Alt+click cuts" if wired else "nothing is wired here"
    return f"<b>{escape(inlet.path)}</b><br>{action}"


def _wire(view: Board, wire: int) -> str:
    scene, wires = view.scene, view.scene.wires
    source, target = int(wires.source[wire]), int(wires.target[wire])
    lines = [
        f"<b>{escape(scene.facet(source).title)} → {escape(scene.facet(target).title)}.{escape(wires.paths[wire])}</b>"
    ]
    record = scene.faces.record(source)
    said, predicted = wire_text(scene, wire)
    if said:
        lines.append(escape(said) + (" (foreseen, not run yet)" if predicted else ""))
    if record is not None and record.shape is not None:
        found = scene.faces.contribution(wire)
        if found is not None:
            lines += _value("gradient that came back", found, None, record)
    return "<br>".join(lines)


def _problem(problem: Problem) -> str:
    why = f"<br><i>{escape(problem.why)}</i>" if problem.why else ""
    name = f"{escape(problem.error)}: " if problem.error else ""
    return f"<b>{name}</b>{escape(problem.message)}{why}"
