"""Keeps the panels in step with the session: one place that connects them, since panels do not know each other."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer

from guigrad.document import edit
from guigrad.document.diff import Diff
from guigrad.document.file import read, save
from guigrad.document.model import Document
from guigrad.document.names import labels
from guigrad.document.problem import Fix, Problem, ProblemError
from guigrad.ops import table
from guigrad.run.frame import Frame
from guigrad.run.request import Want
from guigrad.source.emit import emit_lines
from guigrad.ui.canvas.geometry import DETAIL
from guigrad.ui.hints import next_action
from guigrad.ui.lab import on_cards
from guigrad.ui.menus import Menus
from guigrad.ui.panels.inspector import Shown
from guigrad.ui.rail_items import rail_items
from guigrad.ui.values import Values

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow

FOLLOW_MS: Final = 60
"""How long after an edit the code and the checks follow, for a small document."""
PASSING_MS: Final = 4000
"""How long a passing word stays in the status line."""
BUSY_MS: Final = 200
"""How long something runs before the window says so."""
LOOK_MS: Final = 120
"""How long after the view moved the values that came into it are asked for."""
LARGE: Final = 500
"""With more nodes than this a frame carries the values of what is in view alone."""
WHOLE: Final = 1 << 22
"""Tensors of more elements come as statistics alone; the tensor viewer asks for what it shows of them."""
RECOVER_MS: Final = 3000
"""How long after an edit the recovery file is written."""
NOTHING: Final = Frame()


class Live:
    """Listens to session and panels, and shows on each side what happened on the other. Thread: the GUI thread."""

    def __init__(self, window: MainWindow) -> None:
        self.window, self.session = window, window.session
        self.labels: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self.updates = False
        self.lines: dict[str, int] = {}
        self.texts: dict[str, str] = {}
        self.problems: tuple[Problem, ...] = ()
        self.pinned: tuple[Problem, ...] = ()
        self._late = QTimer(window)
        self._late.setSingleShot(True)
        self._late.timeout.connect(self._follow_code)
        self._checks = QTimer(window)
        self._checks.setSingleShot(True)
        self._checks.timeout.connect(self._follow_checks)
        self._recover = QTimer(window)
        self._recover.setSingleShot(True)
        self._recover.setInterval(RECOVER_MS)
        self._recover.timeout.connect(self._write_recovery)
        self._busy = QTimer(window)
        self._busy.setSingleShot(True)
        self._busy.setInterval(BUSY_MS)
        self._busy.timeout.connect(self._show_busy)
        self._looks = QTimer(window)
        self._looks.setSingleShot(True)
        self._looks.setInterval(LOOK_MS)
        self._looks.timeout.connect(self._look)
        self._passing = QTimer(window)
        self._passing.setSingleShot(True)
        self._passing.setInterval(PASSING_MS)
        self._passing.timeout.connect(self.show_hint)
        self.recovery = window.settings.folder / "recovery.guigrad"
        session = self.session
        self._stops: list[Callable[[], None]] = [
            session.document_changed.connect(self._on_document),
            session.frame_changed.connect(self._on_frame),
            session.problems_changed.connect(self._on_problems),
            session.running_changed.connect(self._on_running),
            session.at_changed.connect(window.show_running),
            session.selection_changed.connect(self._on_selection),
            session.printed.connect(self._on_printed),
            session.refused.connect(lambda problems: window.show_refused(problems)),
            session.state_changed.connect(self._on_state),
        ]
        session.want_only(Want(limit=WHOLE))
        self._connect_panels()
        self.menus = Menus(window)
        self.values = Values(window)

    def _connect_panels(self) -> None:
        w, session = self.window, self.session
        w.palette_panel.op_chosen.connect(w.add_op)
        w.top.device_chosen.connect(session.set_device)
        w.canvas.selection_changed.connect(session.select)
        w.canvas.viewport_changed.connect(self._looks.start)
        w.canvas.hovered.connect(lambda key: self._hover((key,) if key else (), "canvas"))
        w.canvas.answered.connect(lambda reason: w.messages.add(reason, "warning"))
        w.canvas.dropped.connect(self._on_files)
        w.canvas.op_used.connect(self._on_op_used)
        w.canvas.recent_ops = tuple(w.settings.recent_ops)
        w.canvas.activated.connect(lambda key: w.levels.activate(key))
        w.code.nodes_hovered.connect(lambda keys: self._hover(keys, "code"))
        w.code.nodes_chosen.connect(lambda keys: w.levels.choose(keys))
        for panel in (w.problems, w.inspector):
            panel.fix_chosen.connect(self._on_fix)
        w.problems.chosen.connect(lambda problem: self._show_problem(problem))
        w.problems.hovered.connect(lambda problem: self._hover((problem.node_id,) if problem else (), "problems"))
        w.inspector.renamed.connect(lambda key, name: session.edit(edit.rename(key, name or None)))
        w.inspector.retain_asked.connect(lambda key: session.edit(edit.add_effect("retain_grad", key)))
        w.inspector.xray_asked.connect(lambda: session.set_x_ray(True))
        w.inspector.node_chosen.connect(w.go_to)
        w.inspector.left.connect(w.canvas.setFocus)
        w.inspector.node_hovered.connect(lambda key: self._hover((key,) if key else (), "inspector"))
        strip = w.rail.strip
        strip.hovered.connect(lambda keys: self._hover(keys, "rail"))
        strip.chosen.connect(lambda keys: session.select(self._visible(keys)) if keys else None)
        w.welcome.lesson_chosen.connect(w.intents.open_path)
        w.welcome.file_chosen.connect(w.intents.open_path)
        w.welcome.new_asked.connect(w.intents.new)
        w.welcome.open_asked.connect(w.intents.open)
        w.welcome.paste_asked.connect(w.intents.paste_code)
        w.welcome.data_asked.connect(w.intents.data)
        w.welcome.back_asked.connect(w.show_canvas)
        w.messages.added.connect(lambda kind: w.tabs.bring("messages") if kind == "error" else None)

    def refresh(self) -> None:
        """Everything anew."""
        self._on_document(self.session.document, Diff())
        self._follow()
        self._on_state()
        if self.session.running:
            self._on_running(True)

    def close(self, keep_recovery: bool = False) -> None:
        """Stops listening; nothing late reaches a window that is gone."""
        if keep_recovery:
            self._write_recovery()
        for stop in self._stops:
            stop()
        self._stops.clear()
        self._late.stop()
        self._checks.stop()
        self._looks.stop()
        self._busy.stop()
        self._passing.stop()
        self._recover.stop()
        if not keep_recovery:
            self.forget_recovery()

    # --- the session ---

    def _on_document(self, document: Document, diff: Diff) -> None:
        if diff.label:
            self.window.canvas.apply(document, diff)
        else:  # another document: edits and their undoing have labels
            self.window.canvas.set_document(document, fit=bool(document.nodes))
        nodes = len(document.nodes)
        self._looks.start()
        # Emitting 10,000 nodes takes a while: the larger the document, the longer the pause in typing it waits for.
        if not diff.only_layout or not diff.label:
            self._late.start(FOLLOW_MS + nodes // 20)
        if self.session.dirty:
            self._recover.start()
        if self.session.selection:
            self._show_inspector()
        self.window.update_actions()
        self.show_hint()

    def _follow(self) -> None:
        """Code, rail, labels and problems as they are now."""
        self._follow_code()
        self._follow_checks()

    def _follow_checks(self) -> None:
        self._on_problems(self.session.problems)
        self.window.update_actions()

    def follow_now(self) -> None:
        """Code and rail at once, for keys that go on from what they show."""
        self._late.stop()
        self._follow_code()

    def _follow_code(self) -> None:
        """Code, rail and labels, a moment after the last edit; the checks follow in a turn of their own."""
        self._checks.start()
        document = self.session.document
        text, self.lines = emit_lines(self.session.whole)
        self.names = dict(labels(document))
        self.labels = {label: key for key, label in self.names.items()}
        rows = text.split("\n")
        self.texts = texts = {key: rows[line - 1].strip() for key, line in self.lines.items()}
        self.window.code.show_code(text, self.lines)
        self.window.rail.show_items(rail_items(document, texts))
        effects = {table.effect_of(node.op) for node in document.nodes.values()}
        self.updates = bool(effects & {"step", "in-place", "assign"})
        self._show_inspector()

    def _on_frame(self, frame: Frame) -> None:
        self.window.canvas.set_frame(frame)
        self._pin()
        self.values.show_frame(frame)
        self.window.where.setText(f"{len(self.session.document.nodes)} nodes · {frame.device}")
        self._on_state()
        self._show_inspector()
        self.show_hint()

    def _on_problems(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        w = self.window
        w.problems.show_problems(problems)
        wrong = sum(problem.severity != "hint" for problem in problems)
        w.tabs.call(1, f"Problems {wrong}" if wrong else "Problems")
        self._pin()
        self._show_inspector()
        self.show_hint()

    def _pin(self) -> None:
        self.pinned = on_cards(self.session.pinned(self.problems), self.session.document, self.window.canvas.scene.row)
        self.window.canvas.set_problems(self.pinned)

    def refresh_level(self) -> None:
        """Another level is open."""
        self._follow_code()
        self._pin()
        self._looks.start()
        self.window.update_actions()
        self.show_hint()

    def _on_running(self, running: bool) -> None:
        if running:
            self._busy.start()  # most runs are over before a Stop button could be read
        else:
            self._busy.stop()
            self.window.top.set_running(False)
        self.window.update_actions()
        self.show_hint()

    def _show_busy(self) -> None:
        self.window.top.set_running(True)
        self.show_hint()

    def _on_selection(self, keys: frozenset[str]) -> None:
        self.window.canvas.select(keys)
        self.window.code.mark(selected=keys)
        self._looks.start()
        self._show_inspector()
        self.window.update_actions()
        self.show_hint()

    def _on_printed(self, texts: tuple[str, ...]) -> None:
        for text in texts:
            self.window.messages.add(text, "print")
        if texts:
            self.window.tabs.tell("messages")

    def _on_state(self) -> None:
        session = self.session
        used = session.frame.device if session.frame is not None else session.device or session.document.settings.device
        self.window.top.set_devices(tuple(dict.fromkeys(("auto", *session.devices, used))), session.device or used)
        self.window.update_actions()
        self._show_inspector()

    def _show_inspector(self) -> None:
        session = self.session
        chosen = next(iter(session.selection)) if len(session.selection) == 1 else None
        label = self.names.get(chosen or "", chosen or "")
        mine = tuple(problem for problem in self.pinned if chosen and problem.node_id == chosen)
        frame = session.frame or NOTHING
        shown = Shown(session.document, frame, chosen, len(session.selection), label, mine, session.x_ray, self.texts)
        self.window.inspector.show_node(shown)

    def _look(self) -> None:
        """Asks for the values of what is in view, or of everything where that is not much."""
        want = self.session.want
        if len(self.session.document.nodes) <= LARGE:
            if want.nodes is not None:
                self.session.look(Want(limit=WHOLE))
            return
        canvas, scene = self.window.canvas, self.window.canvas.scene
        left, top, right, bottom = canvas.viewport.world
        keys = set(self.session.selection)
        if canvas.viewport.scale >= DETAIL:  # below that a card shows no values
            keys.update(scene.ids[row] for row in scene.visible(canvas.viewport.world, 0.0).tolist())
        if want.nodes is not None and keys.issubset(want.nodes):
            return
        if canvas.viewport.scale >= DETAIL:  # and half a screen around it, so that not every move asks again
            around = scene.visible(canvas.viewport.world, max(right - left, bottom - top) / 2).tolist()
            keys.update(scene.ids[row] for row in around)
        self.session.look(Want(tuple(sorted(keys)), WHOLE))

    def with_whole_frame(self, use: Callable[[Frame | None], None]) -> None:
        """Calls ``use`` with a frame that carries every value, as soon as there is one."""
        frame = self.session.frame
        large = frame is not None and any(r.value is None and r.stats is not None for r in frame.records.values())
        if self.session.want.nodes is None and not large:
            use(frame)
            return

        def once(frame: Frame) -> None:
            stop()
            self.session.want_only(narrow)
            use(frame)

        narrow = self.session.want
        stop = self.session.frame_changed.connect(once)
        self.session.look(Want())

    # --- hovering: the same thing lights up everywhere ---

    def _hover(self, keys: tuple[str, ...], source: str) -> None:
        found = frozenset(keys)
        w = self.window
        if source != "canvas":
            w.canvas.set_hover(keys[0] if keys else None)
        if source != "code":
            w.code.mark(hovered=found)
        if source != "rail" and w.rail.strip.highlighted != found:
            w.rail.strip.highlighted = found
            w.rail.strip.update()

    def _visible(self, keys: tuple[str, ...]) -> list[str]:
        document = self.session.document
        return [key for key in keys if key in document.nodes]

    def _show_problem(self, problem: Problem) -> None:
        if problem.node_id and self.session.place(problem.node_id) is not None:
            self.window.go_to(problem.node_id)

    def _on_fix(self, fix: Fix) -> None:
        if not self.session.apply_fix(fix):
            self.window.say_status(f"“{fix.title}” could not be applied")

    # --- the canvas ---

    def _on_files(self, names: list[str]) -> None:
        name = next(iter(names), "")
        if name and not self.values.take_files(names):
            self.window.intents.open_path(name)

    def _on_op_used(self, target: str) -> None:
        w = self.window
        w.settings.add_recent_op(target)
        w.canvas.recent_ops = w.palette_panel.model.recent = tuple(w.settings.recent_ops)

    # --- words and safety ---

    def say(self, text: str) -> None:
        """A passing word in place of the hint."""
        self._passing.start()
        self.window.hint.setText(text)

    def show_hint(self) -> None:
        """The next sensible action."""
        if self._passing.isActive():
            return
        busy = self.session.running and not self._busy.isActive()
        self.window.hint.setText(next_action(self.session, self.problems, busy, self.window.keymap))

    def _write_recovery(self) -> None:
        """A copy of what is not saved, beside the settings, until it is saved or given up."""
        if not self.session.dirty:
            return
        try:
            self.recovery.parent.mkdir(parents=True, exist_ok=True)
            save(self.session.whole, self.recovery)
        except OSError as error:
            print(f"guigrad: no recovery file: {error}", file=sys.stderr)

    def offer_recovery(self) -> bool:
        """Opens what was not saved when the program ended last; False when there is nothing of the kind."""
        if not self.recovery.is_file():
            return False
        try:
            document = read(self.recovery.read_bytes())
        except (OSError, ProblemError):
            self.recovery.unlink(missing_ok=True)
            return False
        self.session.edit(Diff.between(self.session.document, document, "Recover"))
        self.window.opened()
        self.window.bar.say(
            "guigrad ended without saving; this is the document as it was.", "warning",
            [("Discard it", self.window.intents.discard)],
        )  # fmt: skip
        return True

    def forget_recovery(self) -> None:
        """Nothing is unsaved any more."""
        self._recover.stop()
        self.recovery.unlink(missing_ok=True)
