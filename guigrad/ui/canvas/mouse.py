"""Mouse, wheel, touchpad: from events to gestures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QInputDevice, QMouseEvent, QWheelEvent

from guigrad.document.model import callee
from guigrad.ui.canvas import frames
from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas.backward import Pick
from guigrad.ui.canvas.drag_ends import DragEnds
from guigrad.ui.canvas.drag_things import CURSORS, Arrow, Move, Reroute, Resize
from guigrad.ui.canvas.drag_wire import DragWire, PortHit
from guigrad.ui.canvas.editor import CELL
from guigrad.ui.canvas.facet import value_path
from guigrad.ui.canvas.gesture import BoxSelect, Gesture, Knife, Mods, Overview, Pan
from guigrad.ui.canvas.scrub import live_gesture, number_under

if TYPE_CHECKING:
    from guigrad.ui.canvas.board import Board
    from guigrad.ui.canvas.view import CanvasView

Button = Qt.MouseButton
WHEEL_STEP: Final = 1.0015
"""Zoom for one of the 120 units of a wheel's notch."""
WIRE_PX: Final = 6.0
POINT_PX: Final = 9.0
"""How near to a wire, and to a reroute point, the pointer has to be."""


def press(view: CanvasView, event: QMouseEvent) -> None:
    """A button goes down: which gesture begins."""
    point, mods = event.position(), event.modifiers()
    view.pointer = point
    view.tapped = False  # Space is held for the mouse now
    view.setFocus(Qt.FocusReason.MouseFocusReason)
    if view.gesture is not None:  # a second button gives the first gesture up
        view._cancel()
        return
    if view.editor is not None:
        view.editor.commit()
    if event.button() == Button.MiddleButton or (event.button() == Button.LeftButton and view.space):
        view.gesture = Pan(view, point, mods)
    elif event.button() == Button.RightButton:
        plain = live_gesture(view, point, mods, Button.RightButton) or Gesture(view, point, mods)
        view.gesture = Knife(view, point, mods) if mods & Mods.ControlModifier else plain
    elif event.button() == Button.LeftButton:
        view.gesture = _left(view, point, mods)
    if view.gesture is not None and view.gesture.cursor is not None:
        view.setCursor(view.gesture.cursor)


def _left(view: CanvasView, point: QPointF, mods: Mods) -> Gesture | None:
    if view.minimap.visible and view.minimap.place.contains(point):
        return Overview(view, point, mods)
    grad_fn, group = view.backward.at(point)
    if grad_fn is not None or group is not None:
        return Pick(view, point, mods, grad_fn, group)
    port = port_under(view, point)
    if port is not None:
        if mods & Mods.AltModifier:
            cut(view, port)
            return None
        if mods & Mods.ControlModifier and port[1] == "out":
            wires = [w for w in view.scene.out[port[0]] if view.scene.wires.output[w] == port[2]]
            if wires:
                return DragEnds(view, point, mods, wires)
        return DragWire(view, point, mods, port)
    live = live_gesture(view, point, mods, Button.LeftButton)
    if live is not None:
        return live
    if view.scene.node_at(*view.viewport.to_world(point.x(), point.y())) is None:
        found = _beside_cards(view, point, mods)
        if found is not None:
            return found
    key = thing_under(view, point)
    if not key or view.scene.leads.wire(key) is not None:
        return BoxSelect(view, point, mods, key)
    return Move(view, point, mods, key)


def _beside_cards(view: CanvasView, point: QPointF, mods: Mods) -> Gesture | None:
    """What begins on wires and on the edges of boxes and notes."""
    x, y = view.viewport.to_world(point.x(), point.y())
    leads = view.scene.leads
    dot = leads.point_at(x, y, reach(view, POINT_PX))
    if dot:
        if mods & Mods.AltModifier:
            view.answer(view.intents.remove([dot]))
            return None
        return Move(view, point, mods, dot)
    note = frames.handle_at(view, point)
    if note:
        return Arrow(view, point, mods, note)
    wire = view.scene.wires.at(x, y, reach(view, WIRE_PX))
    if wire is not None:
        if mods & Mods.AltModifier:
            name = leads.name(wire)
            return Reroute(view, point, mods, name, leads.index_at(name, x, y, reach(view, WIRE_PX)))
        return None
    key, sides = frames.edge_at(view, point)
    return Resize(view, point, mods, key, sides) if key else None


def reach(view: Board, px: float) -> float:
    """So many px of the screen. Units: canvas units"""
    return px / view.viewport.scale


def cut(view: CanvasView, port: PortHit) -> None:
    """Disconnects every wire at a port."""
    scene = view.scene
    row, side, index = port
    wires = scene.into[row] if side == "in" else scene.out[row]
    numbers = scene.wires.inlet if side == "in" else scene.wires.output
    ends = [(scene.ids[scene.wires.target[w]], scene.wires.paths[w]) for w in wires if numbers[w] == index]
    if ends:
        view.answer(view.intents.disconnect(ends))


def move(view: CanvasView, event: QMouseEvent) -> None:
    """The pointer moved."""
    view.pointer = event.position()
    if view.gesture is not None:
        view.gesture.to(event.position(), event.modifiers())
        return
    if view.backward.hover(view.pointer):
        view.setCursor(Qt.CursorShape.PointingHandCursor)
        return
    row = view.scene.node_at(*view.viewport.to_world(view.pointer.x(), view.pointer.y()))
    view.set_hover(view.scene.ids[row] if row is not None else None)
    if view.space:
        view.setCursor(Qt.CursorShape.OpenHandCursor)
    elif port_under(view, view.pointer) is not None or (row is None and frames.handle_at(view, view.pointer)):
        view.setCursor(Qt.CursorShape.CrossCursor)
    elif (spot := number_under(view, view.pointer)) is not None:
        view.setCursor(Qt.CursorShape.SizeVerCursor if spot.cell >= 0 else Qt.CursorShape.SizeHorCursor)
    elif row is None and (sides := frames.edge_at(view, view.pointer)[1]):
        view.setCursor(CURSORS[sides])
    else:
        view.unsetCursor()


def release(view: CanvasView, event: QMouseEvent) -> None:
    """A button goes up."""
    view.pointer = event.position()
    gesture, view.gesture = view.gesture, None
    view.unsetCursor()
    if gesture is None:
        return
    gesture.end(event.position())
    if event.button() == Button.RightButton and not gesture.begun:
        _context(view, event.position(), event.globalPosition().toPoint())
    view.update()


def double_click(view: CanvasView, event: QMouseEvent) -> None:
    """Empty canvas: search. A literal: edit it. A title: rename. A node: activate it."""
    if event.button() != Button.LeftButton:
        return
    point = event.position()
    view.pointer = point
    view._cancel()
    grad_fn, group = view.backward.at(point)
    if grad_fn is not None and grad_fn.folded:
        view.backward.flip(grad_fn.group)
    if grad_fn is not None or group is not None or port_under(view, point) is not None:
        return
    x, y = view.viewport.to_world(point.x(), point.y())
    row = view.scene.node_at(x, y)
    if row is None:
        key = thing_under(view, point)
        if frames.frame(view.scene, key) is not None:
            view.edit_in_place(key, "")
        elif not key:
            view.open_search(point)
        return
    key = view.scene.ids[row]
    if callee(view.scene.node(row)) is not None:
        view.activated.emit(key)  # the way in; F2 renames
        return
    spot = number_under(view, point)
    path = literal_under(view, row, y - float(view.scene.y[row]))
    if spot is not None and spot.cell >= 0:
        view.edit_in_place(key, f"{CELL}{spot.cell}")
    elif path is not None:
        view.edit_in_place(key, path)
    elif y - view.scene.y[row] < g.TITLE:
        view.edit_in_place(key, "")
    elif part := numbers_under(view, row, y - float(view.scene.y[row])):
        view.numbers_opened.emit(key, part)
    else:
        view.activated.emit(key)


def numbers_under(view: CanvasView, row: int, y: float) -> str:
    """Which numbers lie at a height of a card: "value", "grad", or "" for none."""
    scene = view.scene
    if scene.collapsed[row]:
        return ""
    tall = float(scene.value_height[row])
    middle = g.value_middle(scene.facet(row).rows, tall)
    content = scene.faces.content(row)
    if abs(y - middle) <= tall / 2 + 2:
        return "" if content.value.reason else "value"
    top = middle + tall / 2 + g.GAP
    return "grad" if top - 2 <= y <= top + content.grad.height + 2 and not content.grad.reason else ""


def literal_under(view: CanvasView, row: int, y: float) -> str | None:
    """The path of the literal at a height of a card that can be edited there."""
    face = view.scene.facet(row)
    if view.scene.collapsed[row]:
        return None
    if face.rows:
        index = int((y - g.TITLE - 4.0) // g.PORT_ROW)
        if 0 <= index < len(face.inputs) and face.inputs[index].text and not face.inputs[index].hidden:
            return face.inputs[index].path
    value = g.value_middle(face.rows, float(view.scene.value_height[row]))
    if abs(y - value) <= view.scene.value_height[row] / 2 + 4:
        return value_path(view.scene.node(row))
    return None


def wheel(view: CanvasView, event: QWheelEvent) -> None:
    """Zooms at the pointer or pans, as ``view.wheel`` says; with Ctrl it always zooms."""
    view.pointer = event.position()
    options = view.wheel
    touchpad = event.device() is not None and event.device().type() == QInputDevice.DeviceType.TouchPad
    touchpad |= event.phase() != Qt.ScrollPhase.NoScrollPhase  # a wheel's turn has no beginning and no end
    pans = options.mode == "pan" or (options.mode == "auto" and touchpad)
    if pans and not event.modifiers() & Mods.ControlModifier:
        delta = event.pixelDelta() if not event.pixelDelta().isNull() else event.angleDelta() / 2
        dx, dy = delta.x(), delta.y()
        if event.modifiers() & Mods.ShiftModifier and not dx:
            dx, dy = dy, 0
        view.set_viewport(view.viewport.moved(dx, dy), moving=True)
    else:
        turn = (event.angleDelta().y() or event.angleDelta().x()) * options.speed
        view.zoom_by(WHEEL_STEP ** (-turn if options.invert else turn), event.position())
    event.accept()


def port_under(view: Board, point: QPointF) -> PortHit | None:
    """The port at a point of the screen, where the zoom shows ports."""
    if view.viewport.scale < g.DETAIL * 0.7:
        return None
    x, y = view.viewport.to_world(point.x(), point.y())
    return view.scene.port_at(x, y, min(g.REACH, max(7.0, 8.0 / view.viewport.scale)))


def thing_under(view: Board, point: QPointF) -> str:
    """What lies at a point of the screen: a card, a reroute point, a wire, a note, or a box by its title; "" for nothing."""
    x, y = view.viewport.to_world(point.x(), point.y())
    row = view.scene.node_at(x, y)
    if row is not None:
        return view.scene.ids[row]
    point_ = view.scene.leads.point_at(x, y, reach(view, POINT_PX))
    if point_:
        return point_
    wire = view.scene.wires.at(x, y, reach(view, WIRE_PX))
    if wire is not None:
        return view.scene.leads.name(wire)
    document = view.scene.document
    for note in reversed(tuple(document.notes.values())):
        if note.x <= x <= note.x + note.width and note.y <= y <= note.y + note.height:
            return note.id
    head = max(frames.HEAD, 18.0 / view.viewport.scale)
    for box in reversed(tuple(document.boxes.values())):
        if box.x <= x <= box.x + box.width and box.y <= y <= box.y + head:
            return box.id
    return ""


def _context(view: CanvasView, point: QPointF, where: QPoint) -> None:
    grad_fn, group = view.backward.at(point)
    if grad_fn is not None or group is not None:
        view.context_requested.emit("grad_fn", grad_fn.main.id if grad_fn is not None else "", where)
        return
    port = port_under(view, point)
    if port is not None:
        view.context_requested.emit("port", f"{view.scene.ids[port[0]]}:{port[1]}:{port[2]}", where)
        return
    key = thing_under(view, point)
    if key:
        if key not in view.selection:
            view.select((key,))
        document = view.scene.document
        kind = "box" if key in document.boxes else "note" if key in document.notes else "node"
        if view.scene.leads.exists(key):
            kind = "wire" if view.scene.leads.wire(key) is not None else "point"
        view.context_requested.emit(kind, key, where)
    else:
        view.context_requested.emit("canvas", "", where)


def context_of_selection(view: CanvasView) -> None:
    """The Menu key: the menu of the focused node, or of the canvas."""
    row = view.scene.row.get(view.focused or "")
    if row is None:
        view.context_requested.emit("canvas", "", view.mapToGlobal(view.rect().center()))
        return
    x, y = view.viewport.to_screen(float(view.scene.x[row]), float(view.scene.y[row]))
    where = view.mapToGlobal(QPoint(math.floor(x) + 20, math.floor(y) + 20))
    view.context_requested.emit("node", view.scene.ids[row], where)
