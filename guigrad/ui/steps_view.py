"""Where stepping is, on every side: the card that glows, its wires, the line of code, the pill, the row of the tape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer

from guigrad.document.model import Document
from guigrad.ops import table
from guigrad.run.frame import Frame
from guigrad.run.steps import Step
from guigrad.ui.panels.tape import TapePanel
from guigrad.ui.widgets.tape_rows import Tape

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow


def make_tape(window: MainWindow) -> TapePanel:
    """The tape's panel, kept in step with the session."""
    panel = TapePanel(window.look)
    StepsView(window, panel)
    return panel


class StepsView(QObject):
    """Thread: the GUI thread. It lives as long as the panel."""

    def __init__(self, window: MainWindow, panel: TapePanel) -> None:
        super().__init__(panel)
        self.window, self.panel, self.session = window, panel, window.session
        self.stepper = window.session.stepper
        self._recorded: tuple[Frame | None, Frame | None] = (None, None)
        self._backwards: tuple[Document | None, tuple[str, ...]] = (None, ())
        self._asks = QTimer(self, singleShot=True, interval=0)
        self._asks.timeout.connect(self._ask)
        stops = [
            self.stepper.changed.connect(self._on_moved),
            self.stepper.breakpoints_changed.connect(self._on_breakpoints),
            self.session.frame_changed.connect(lambda frame: self._show_tape()),
            self.session.level_changed.connect(lambda way: self._on_level()),
        ]
        panel.destroyed.connect(lambda: [stop() for stop in stops])
        panel.shown.connect(self._show_tape)
        panel.row_chosen.connect(self._on_row)
        panel.node_hovered.connect(self._on_hover)
        window.code.breakpoint_asked.connect(self._on_margin)

    # --- what happened ---

    def _on_moved(self) -> None:
        step = self.stepper.step if self.stepper.active else None
        window, key = self.window, self._card(step)
        back = None
        if step is not None and step.event is not None:
            back = frozenset(part.wire[2] for part in step.event.left if part.wire is not None)
        window.canvas.show_step(key, back)
        window.canvas.stepping = self.stepper.active
        self._bring(key)
        window.code.show_step(self._line(step))
        window.rail.strip.show_running(self._pills(step, key))
        self._show_tape()
        window.live.show_hint()
        window.update_actions()

    def _on_breakpoints(self, keys: frozenset[str]) -> None:
        self.window.canvas.set_breakpoints(keys)
        self.window.code.show_breakpoints(keys)
        self.window.update_actions()

    def _on_level(self) -> None:
        if self.stepper.active:
            self._on_moved()

    def _on_margin(self, nodes: tuple[str, ...]) -> None:
        """A click beside a line: the node that the line names, else the last that it makes."""
        known = self.session.whole.nodes
        named = [key for key in nodes if key in known and (known[key].name or known[key].outputs)]
        chosen = (named or [key for key in nodes if key in known])[-1:]
        if chosen:
            self.stepper.toggle_breakpoints(chosen)

    # --- places ---

    def _card(self, step: Step | None) -> str | None:
        """The card of a step on the open level: its node, or the call that it is inside of."""
        if step is None or not step.node:
            return None
        parts, way = step.node.split("/"), self.session.way
        here = tuple(parts[: len(way)]) == way and len(parts) > len(way)
        return parts[len(way)] if here else None

    def _line(self, step: Step | None) -> str | None:
        """The node whose line of code it is: the innermost that has one."""
        lines = self.window.live.lines
        parts = step.node.split("/") if step is not None else []
        return next((part for part in reversed(parts) if part in lines), None)

    def _pills(self, step: Step | None, key: str | None) -> tuple[str, ...]:
        if step is None:
            return ()
        if step.kind == "forward":
            return (key,) if key is not None else ()
        document = self.session.document
        if self._backwards[0] is not document:
            found = (node.id for node in document.nodes.values() if table.effect_of(node.op) == "backward")
            self._backwards = (document, tuple(found))
        return self._backwards[1]

    def _bring(self, key: str | None) -> None:
        """The card, if it is out of view, comes to the middle, as large as things are."""
        canvas = self.window.canvas
        row = canvas.scene.row.get(key or "")
        if row is None:
            return
        scene = canvas.scene
        x, y = float(scene.x[row]), float(scene.y[row])
        right, bottom = x + float(scene.width[row]), y + float(scene.height[row])
        left, top, far, low = canvas.viewport.world
        if not (left <= x and top <= y and right <= far and bottom <= low):
            canvas.set_viewport(canvas.viewport.centred((x + right) / 2, (y + bottom) / 2, canvas.viewport.scale))

    # --- the tape ---

    def _show_tape(self) -> None:
        panel, cursor, steps = self.panel, self.stepper.cursor, self.stepper.steps
        if not panel.isVisible():
            return
        document = self.session.whole
        if cursor is not None and steps is not None:
            panel.show_tape(Tape.of_steps(document, steps), cursor.at)
            return
        frame = self.session.base.frame
        if frame is not None and frame.order and self._recorded[0] is not frame:
            self._asks.start()
        known = self._recorded[1] if frame is not None and self._recorded[0] is frame else None
        panel.show_tape(Tape.of_frame(document, known, self._why_empty(frame)), None)

    def _why_empty(self, frame: Frame | None) -> str:
        keys = self.window.keymap
        if frame is not None and frame.order:
            return ""
        if not self.session.x_ray and frame is not None and any(r.grad is not None for r in frame.records.values()):
            return f"The last backward was not recorded: x-ray is off ({keys.text('xray')} turns it on)."
        return (
            f"Nothing is recorded yet. {keys.text('step') or 'Step'} steps through the forward op by op and then through the "
            f"backward grad_fn by grad_fn; {keys.text('backward') or 'Backward'} records a whole backward."
        )

    def _ask(self) -> None:
        """Asks for the events of the backward that is shown."""
        frame = self.session.base.frame
        if frame is None or self.stepper.active or self.session.running or self._recorded[0] is frame:
            return
        self.stepper.recorded(lambda found: self._on_recorded(frame, found))

    def _on_recorded(self, frame: Frame, found: Any) -> None:
        self._recorded = (frame, found)
        self._show_tape()

    def _on_row(self, number: int, key: str) -> None:
        if self.stepper.active:
            self.stepper.go(number + 1)
        else:
            here = self.session.place(key)
            if here is not None:
                self.window.go_to(key)

    def _on_hover(self, key: str) -> None:
        parts, way = key.split("/"), self.session.way
        here = tuple(parts[: len(way)]) == way and len(parts) > len(way)
        self.window.canvas.set_hover(parts[len(way)] if key and here else None)
        lines = self.window.live.lines
        self.window.code.mark(hovered=frozenset(part for part in parts[-1:] if part in lines))
