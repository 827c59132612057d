"""What a canvas shows and what is selected: the widget without its mouse and keys.

Thread: the GUI thread.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from guigrad.document.diff import Diff
from guigrad.document.model import Document
from guigrad.document.problem import Problem
from guigrad.ops.spec import OpSpec
from guigrad.run.frame import Frame
from guigrad.ui.canvas import accessible, damage, layers, overlay, threads
from guigrad.ui.canvas.animate import Motion
from guigrad.ui.canvas.backward import Backward
from guigrad.ui.canvas.brush_bar import BrushBar
from guigrad.ui.canvas.editor import InPlaceEditor
from guigrad.ui.canvas.intents import Intents
from guigrad.ui.canvas.legend import Legend
from guigrad.ui.canvas.lens import Lens
from guigrad.ui.canvas.minimap import Minimap
from guigrad.ui.canvas.note_editor import NoteEditor
from guigrad.ui.canvas.painter import Painter
from guigrad.ui.canvas.scene import Scene
from guigrad.ui.canvas.scrub import Brush
from guigrad.ui.canvas.search import SearchPopup
from guigrad.ui.canvas.updates import Updates
from guigrad.ui.canvas.viewport import Viewport, Wheel
from guigrad.ui.keymap import Keymap

if TYPE_CHECKING:
    from guigrad.ui.canvas.gesture import Gesture

REST_MS: Final = 140
ANSWER_MS: Final = 4000


class Board(QWidget):
    """Shows a scene and keeps the selection. ``CanvasView`` is what programs use.

    Whoever owns it keeps it in step: ``set_document`` or ``apply`` after each change, ``set_frame`` after each run.
    """

    selection_changed = Signal(object)
    """The ids now selected, a tuple."""
    viewport_changed = Signal()
    hovered = Signal(str)
    """The id of the node under the pointer, "" for none."""
    activated = Signal(str)
    """The id of a node that was double-clicked or entered."""
    numbers_opened = Signal(str, str)
    """(node, "value" or "grad"): numbers that cannot be typed were double-clicked."""
    context_requested = Signal(str, str, QPoint)
    """(kind, id, global position): kind is node, wire, point, port, box, note or canvas; a wire's id is ``target:path``, a port's ``node:in or out:number``."""
    answered = Signal(str)
    """Why something that was asked for did not happen."""
    dropped = Signal(object)
    """Paths of files dropped on the canvas."""
    op_used = Signal(str)
    """The target of an op that was added."""
    asked = Signal(str)
    """The id of an action that a key asked for and the canvas cannot do alone."""

    def __init__(self, intents: Intents, parent: QWidget | None = None, theme: str = "dark") -> None:
        super().__init__(parent)
        self.intents = intents
        self.scene = Scene(intents.document)
        self.painter = Painter(self.scene, theme)
        self.viewport = Viewport(max(self.width(), 1), max(self.height(), 1))
        self.selection: tuple[str, ...] = ()
        self.focused: str | None = None
        self.hover: str | None = None
        self.found: frozenset[str] = frozenset()
        self.gesture: Gesture | None = None
        self.brush: Brush | None = None
        self.breakpoints: frozenset[str] = frozenset()
        self.stepping = False
        self.space = False
        self.labels: list[overlay.Label] = []  # on wires, as painted last
        self.tapped = False
        self.keymap = Keymap(self)
        self.recent_ops: tuple[str, ...] = ()  # targets added last, newest first
        self.kept_functions: tuple[OpSpec, ...] = ()  # what the search list offers beside ops and the document's own
        self.wheel = Wheel()
        self.calm = False  # nothing moves that could also jump
        self.text_scale = 1.0
        self.pointer = QPointF(0, 0)
        self.editor: InPlaceEditor | NoteEditor | None = None
        self.target: int | None = None
        self.said = ("", QPointF())
        self._fit_wanted = True
        self._fitted: Viewport | None = None
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._on_rest)
        self._forget = QTimer(self, singleShot=True, interval=ANSWER_MS)
        self._forget.timeout.connect(self._on_forget)
        self.search = SearchPopup(self)
        self.minimap = Minimap(self)
        self.legend = Legend(self)
        self.motion = Motion(self)
        self.backward = Backward(self)
        self.painter.below = self.backward.paint
        self.threads: threads.Source | None = None
        self.brush_bar = BrushBar(self)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setAcceptDrops(True)
        self.grabGesture(Qt.GestureType.PinchGesture)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("graph canvas")
        self.setMinimumSize(160, 120)
        accessible.install()

    # ---- what is shown ---------------------------------------------------

    def set_document(self, document: Document, fit: bool = True) -> None:
        """Another document altogether."""
        self.motion.stop()
        self._cancel()
        self.set_brush(None)
        self.scene.reset(document)
        self.painter.cards.clear()
        self.hover = None
        self.focused = None
        self.select(())
        if not (
            document.nodes or document.boxes or document.notes
        ):  # nothing is kept of how the one before was looked at
            self.set_viewport(self.viewport.centred(0.0, 0.0, self.text_scale))
        if fit:
            self._fit_wanted = True
        self._changed()

    def apply(self, document: Document, diff: Diff) -> None:
        """Follows one change of the document."""
        if self.gesture is not None and not self.gesture.live:  # what it holds may be elsewhere now
            self._cancel()
        self.motion.land()
        before_edit = damage.shot(self, before=True) if damage.possible(self, diff) else None
        before = self.motion.before(diff)
        self.scene.apply(document, diff)
        self.motion.glide(before)
        there = self.scene.row
        self._choose(tuple(k for k in self.selection if self.exists(k)))
        if self.focused is not None and self.focused not in there:
            self.focused = None
        if self.brush is not None and self.brush.key not in there:
            self.set_brush(None)
        if self.hover is not None and self.hover not in there:
            self._light(None)
        area = None
        if before_edit is not None and damage.possible(self, diff):
            area = damage.area(self, diff, before_edit, damage.shot(self))
        if area is None:
            self._changed()
            return
        self.minimap.refresh()
        self._rest.start()  # then all is painted once more
        self.update(area)

    def set_frame(self, frame: Frame | None) -> None:
        """What a run gave; every face shows it from the next paint on."""
        before = self.scene.faces.frame
        self.scene.faces.set_frame(frame)
        if not self.stepping:
            self.motion.news(before, frame)
        if frame is not None:
            self.set_problems(frame.problems)
        self._changed()
        accessible.revalue(self)

    def set_updates(self, updates: Updates | None) -> None:
        """What a training step did to the parameters; None for nothing. It is shown while the frame is that after the step."""
        if updates is not self.painter.updates:
            self.painter.updates = updates
            self.update()

    def set_problems(self, problems: Iterable[Problem]) -> None:
        """What is wrong, pinned to the cards it names."""
        self.scene.faces.set_problems(problems)
        self.update()

    def set_running(self, node: str | None) -> None:
        """The node that runs just now glows; None for none."""
        self.scene.running[:] = False
        row = self.scene.row.get(node or "")
        if row is not None:
            self.scene.running[row] = True
        self.motion.stir()
        self.update()

    def set_gradients(self, on: bool) -> None:
        """Whether wires look as what came back along them."""
        self.painter.gradients = on
        self.update()

    def set_lens(self, lens: Lens | None) -> None:
        """Paths that light up; None for none."""
        if lens != self.painter.lens:
            self.painter.lens = lens
            self.update()

    def show_step(self, node: str | None, back: frozenset[str] | None = None) -> None:
        """Where stepping is: the card glows, and its wires pulse, in backward (``back``: the paths of ports) those that gradients left on."""
        self.stepping = node is not None
        self.set_running(node)
        row = self.scene.row.get(node or "")
        if row is not None:
            table, wires = self.scene.wires, self.scene.into[row]
            gone = [wire for wire in wires if back is not None and table.paths[wire] in back]
            self.motion.pulse(list(wires) if back is None else [], gone, anew=True)

    def set_breakpoints(self, keys: frozenset[str]) -> None:
        """The nodes at which stepping stops have a dot."""
        self.breakpoints = keys
        self.update()

    def set_theme(self, name: str) -> None:
        """Dark or light, see ``guigrad.ui.theme.theme``."""
        self.painter.set_theme(name)
        self.update()

    def set_text_scale(self, scale: float) -> None:
        """Lecture scale: cards and their texts grow together, about the middle of the view."""
        factor = scale / self.text_scale
        self.text_scale = scale
        self.set_viewport(self.viewport.zoomed(factor, self.width() / 2, self.height() / 2, scale))

    @property
    def zoom(self) -> float:
        """1 is 100 %, whatever the lecture scale."""
        return self.viewport.scale / self.text_scale

    def set_viewport(self, viewport: Viewport, moving: bool = False) -> None:
        """Shows another part of the canvas; ``moving`` when a gesture does it and more will follow."""
        if viewport == self.viewport:
            return
        self.viewport = viewport
        self._fit_wanted = False
        if self.editor is not None:
            self.editor.follow()
        self.stir(moving)
        self.viewport_changed.emit()

    # ---- selection -------------------------------------------------------

    def select(self, chosen: Iterable[str]) -> None:
        """Selects these nodes, boxes and notes and no others."""
        self._choose(tuple(dict.fromkeys(chosen)))
        self.backward.chosen = ""
        self.update()

    def _choose(self, found: tuple[str, ...]) -> None:
        self.scene.select(found)
        if found != self.selection:
            self.backward.chosen = ""
            self.selection = found
            if len(found) == 1 and found[0] in self.scene.row:
                self.focused = found[0]
                accessible.announce(self, found[0])
            self.selection_changed.emit(found)

    def exists(self, key: str) -> bool:
        """Whether there is a card, box, note, wire or reroute point of this name."""
        document = self.scene.document
        return key in self.scene.row or key in document.boxes or key in document.notes or self.scene.leads.exists(key)

    def set_brush(self, brush: Brush | None) -> None:
        """Takes a brush for the cells of one card, or lays it down."""
        row = self.scene.row.get(brush.key) if brush is not None else None
        self.brush = brush if row is not None else None
        self.brush_bar.show_brush(self.brush, "" if row is None else self.scene.facet(row).title)
        self.update()

    def set_hover(self, key: str | None) -> None:
        """Highlights a node and its wires (also asked for by other panels)."""
        if key == self.hover:
            return
        self._light(key)
        self.update()

    def _light(self, key: str | None) -> None:
        self.hover = key
        self.painter.opened = key or ""
        wires, row = self.scene.wires, self.scene.row.get(key or "")
        wires.lit[: wires.count] = False
        if row is not None:
            wires.lit[[*self.scene.into[row], *self.scene.out[row]]] = True
            if self.scene.leads.pieces:
                wires.lit[: wires.count] = wires.lit[wires.first[: wires.count]]
        self.hovered.emit(key or "")

    def set_found(self, keys: Iterable[str]) -> None:
        """Outlines what a search found."""
        self.found = frozenset(keys)
        self.update()

    def set_target(self, at: QPointF | None) -> None:
        """Shows the wire at a point of the screen as the one that what is dropped there goes into; None for none."""
        place = None if at is None else self.viewport.to_world(at.x(), at.y())
        clear = place is None or self.scene.node_at(*place) is not None
        found = None if clear or place is None else self.scene.wires.at(*place, 12.0 / self.viewport.scale)
        if found != self.target:
            self.target = found
            self.update()

    def answer(self, reason: str) -> None:
        """Shows beside the pointer why something did not happen; "" shows nothing."""
        if reason:
            self.said = (reason, QPointF(self.pointer))
            self._forget.start()
            self.answered.emit(reason)
        self.update()

    # ---- painting --------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._fit_wanted and self.scene.count:
            rect = self.backward.around(self.scene.bounds())
            if rect is not None:
                self.set_viewport(self.viewport.fitted(rect, 40.0, self.text_scale))
            self._fitted = self.viewport
        p = QPainter(self)
        whole = event.region().rectCount() == 1 and event.rect() == self.rect()
        layers.paint(p, self, None if whole else event.region())
        p.end()
        if self.painter.pending and not self._rest.isActive():
            self._rest.start()

    def stir(self, moving: bool) -> None:
        """Something changes: paints now, and once more with more care when all is at rest."""
        self.painter.rest = False
        self.painter.moving |= moving
        self._rest.start()
        self.update()

    @property
    def resting(self) -> bool:
        """Whether nothing has changed for a moment."""
        return not self._rest.isActive()

    @property
    def plain(self) -> bool:
        """Whether nothing lies over the graph that does not belong to it."""
        if self.backward.on or self.painter.lens is not None or (self.threads is not None and self.threads()):
            return False
        return self.gesture is None and not self.said[0] and self.target is None

    def _on_rest(self) -> None:
        self.painter.rest, self.painter.moving = True, False
        self.scene.faces.fade()
        self.update()

    def _on_forget(self) -> None:
        self.said = ("", QPointF())
        self.update()

    def _changed(self) -> None:
        self.minimap.refresh()
        self.stir(False)

    def settled(self) -> None:
        """What glided has come to its place."""
        self.minimap.refresh()
        self.stir(False)

    def _cancel(self) -> None:
        if self.gesture is not None:
            gesture, self.gesture = self.gesture, None
            gesture.cancel()
        if self.editor is not None:
            self.editor.close_without()
