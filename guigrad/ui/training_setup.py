"""The training loop in the window, set up and changed: its card, its editor, and the edits that they ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from msgspec import structs
from PySide6.QtCore import QObject, QPoint, QTimer
from PySide6.QtWidgets import QMenu

from guigrad.document import edit, tree
from guigrad.document.draft import Edit
from guigrad.document.model import Document, Eval, Loop, Node, walk
from guigrad.document.problem import Problem, ProblemError
from guigrad.document.scope import inside
from guigrad.document.trainable import ancestors, dependents, leaves_of, trained
from guigrad.document.training import HAND, OPTIM, SCHEDULE, Training, flat, source
from guigrad.document.training_read import read_training
from guigrad.run.frame import Frame
from guigrad.run.loops import Trains
from guigrad.ui.panels.training import TrainingPanel
from guigrad.ui.training_offer import by_hand, numbers, rows, value_of, whole_of
from guigrad.ui.widgets.loop_card import Facts, LoopCard
from guigrad.ui.widgets.training_editor import Choice, Number, Offer, TrainingEditor

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow

LOSSES: Final = 40
FOLLOW_MS: Final = 30
CHOICES: Final[dict[str, Callable[[Any], Edit]]] = {
    "loss": edit.set_loss, "leaves": edit.set_leaves, "optimizer": edit.set_optimizer, "scheduler": edit.set_scheduler,
    "zero": edit.set_zero, "clip": edit.set_clip,
}  # fmt: skip


class TrainingSetup(QObject):
    """Follows the document while its card or its editor is there. Thread: the GUI thread."""

    def __init__(self, window: MainWindow, panel: TrainingPanel) -> None:
        super().__init__(window)
        self.window, self.session = window, window.session
        self.card = LoopCard(window.look)
        panel.add_head(self.card)
        self.editor: TrainingEditor | None = None
        self.known: Training | None = None
        self._inner: dict[str, tuple[str, str]] = {}  # numbers of schedulers within one: (node, parameter)
        self._document: Document | None = None
        self._follows = QTimer(self, singleShot=True, interval=FOLLOW_MS)
        self._follows.timeout.connect(self.follow)
        self._end = self.session.frame_changed.connect(self._on_frame)
        self.card.opened.connect(self.open)
        self.card.add_asked.connect(lambda: self.open())
        self.card.rate_dragged.connect(lambda value, merge: self.asked("rate", value, merge))

    def close(self) -> None:
        """The window closes."""
        self._end()
        self._follows.stop()
        if self.editor is not None:
            self.editor.close()

    def later(self) -> None:
        """Follows the document soon."""
        if not self._follows.isActive():
            self._follows.start()

    def light(self, known: Trains | None, phase: int) -> None:
        """The phase that was played last, on the card and in the loop on the canvas; at full speed all of them."""
        playing, canvas = bool(self.session.coach.playing), self.window.canvas
        self.card.lights.show_phases(known.phases if known is not None else (), phase, playing)
        if known is not None and canvas.painter.phases != (known.loop, known.phases, phase, playing):
            canvas.painter.phases = (known.loop, known.phases, phase, playing)
            canvas.update()

    # --- verbs ---

    def open(self, part: str = "", loss: str | None = None) -> None:
        """The editor, at a part; a program without a training loop gets one first, for ``loss`` or what is selected."""
        self.follow()
        if self.known is None and (self._in_a_function() or not self.add(loss)):
            return
        if self.editor is None:
            self.editor = TrainingEditor(self.window.look, self.window)
            self.editor.asked.connect(self.asked)
            self.editor.finished.connect(self._on_finished)
        self.follow()
        if not self.editor.isVisible():  # beside the graph, not over it
            corner = self.window.mapToGlobal(QPoint(self.window.width() - self.editor.width() - 12, 64))
            self.editor.move(corner)
        self.editor.show()
        self.editor.raise_()
        if part:
            self.editor.show_part(part)

    def add(self, loss: str | None = None) -> bool:
        """A training loop around the graph; whether there is one now."""
        chosen = [key for key in self.window.canvas.selection if key in self.session.whole.nodes]
        root = loss or (chosen[0] if len(chosen) == 1 and self.is_scalar(chosen[0]) else None)
        root = root or self._guess()
        done = self._do(edit.add_training(root))
        if done:
            self.window.say_status("A loop trains the graph now: play it in the Training tab")
        return done

    def _in_a_function(self) -> bool:
        """Whether the loop that trains stands in a function; then that is told."""
        whole = self.session.whole
        found = next(
            (one for key, one in whole.functions.items() if read_training(inside(whole, key)) is not None), None
        )
        if found is not None:
            text = f"the loop that trains stands in the function {found.name}, and this editor changes loops of the program itself"
            why = "Change it in the code, or expand the call of the function first."
            self.session.base.refused.tell((Problem(text, "edit", why=why),))
        return found is not None

    def is_scalar(self, key: str) -> bool:
        """Whether a value is one number that could be made smaller."""
        document = self.session.whole
        node = document.nodes.get(key)
        if node is None or key not in tree.spots(document) or not self.may_be_scalar(node):
            return False
        above = ancestors(document, key) - {key}
        return any(wire.node in above for wire in trained(document))

    def may_be_scalar(self, node: Node) -> bool:
        """Whether nothing says that a value is anything but one number."""
        frame = self.session.frame
        record = frame.records.get(node.id) if frame is not None else None
        shape = record.shape if record is not None else None
        return shape in (None, (), (1,)) and not node.outputs and _computes(node)

    def is_its_loop(self, keys: tuple[str, ...]) -> bool:
        """Whether an item of the rail is the training loop, or the one over its epochs."""
        return self.known is not None and bool({self.known.loop, self.known.outer} & set(keys))

    def add_to(self, menu: QMenu, key: str) -> None:
        """What the right click on a value offers: a loop that makes it smaller."""
        self.follow()
        if not self.session.way and self.is_scalar(key):
            known, name = self.known, self.name(key)
            if known is None:
                menu.addAction(f"Train {name} by a loop…", lambda: self.open("", key))
            elif known.loss.node != key:
                menu.addAction(f"Make {name} the loss of the training", lambda: self.asked("loss", key))
            else:
                menu.addAction("Training loop…", lambda: self.open("loss"))

    def asked(self, part: str, value: Any, merge: str = "") -> None:
        """Makes a part another."""
        made = self._edit(part, value, merge)
        if made is not None:
            self._do(made)

    def _do(self, made: Edit) -> bool:
        """Commits an edit; why it cannot be is told where the user looks."""
        try:
            diff = made(self.session.whole)
        except ProblemError as error:
            if self.editor is not None and self.editor.isVisible():
                said = error.problems[0].message
                self.editor.say(said[:1].upper() + said[1:] + ("" if said.endswith(".") else "."))
            else:
                self.session.base.refused.tell(error.problems)
            return False
        if self.editor is not None:
            self.editor.say("")
        done = bool(self.session.edit_whole(diff))
        self.follow()
        return done

    def _edit(self, part: str, value: Any, merge: str) -> Edit | None:
        known = self.known
        if known is None:
            return None
        word, _, name = part.partition(".")
        match word:
            case _ if word in CHOICES:
                return CHOICES[word](value)
            case "settings" if name == "lr" or not known.optimizer:
                return edit.set_number("decay" if name == "weight_decay" else "rate", value, merge)
            case "settings":
                return edit.set_argument(known.optimizer, name, value, merge)
            case "schedule":
                where = self._inner.get(name, (known.scheduler, name))
                return edit.set_argument(*where, value, merge)
            case "batches":
                keys, size, way = value
                return edit.set_batches(keys, size, way == "shuffled", way == "drawn")
            case "stop":
                return edit.set_stop(0.01 if value else None)
        return edit.set_number(part, value, merge)

    # --- what happens ---

    def follow(self) -> None:
        """The document may be another."""
        document = self.session.whole
        if document is not self._document:
            self._document = document
            self.known = (
                read_training(document) if any(isinstance(item, Loop) for item in walk(document.program)) else None
            )
        self._refresh()

    def _refresh(self) -> None:
        known = self.known
        facts = self.facts(known) if known is not None else None
        self.card.show_loop(facts)
        self._show_on_canvas(facts)
        if self.editor is not None and known is not None and self.editor.look == self.window.look:
            self.editor.show_offer(self.offer(known))
        elif self.editor is not None:  # nothing trains any more, or it must be made anew in another look
            self.editor.close()

    def _show_on_canvas(self, facts: Facts | None) -> None:
        """The optimizer and its rate in the head of the loop."""
        words = ""
        if facts is not None:
            named = dict(facts.words)
            rate = f" lr={facts.rate:g}" if facts.rate is not None else ""
            more = (named[part] for part in ("loss", "stop") if part in named)
            words = " · ".join((f"{named['optimizer']}{rate}", *more))
        canvas = self.window.canvas
        if canvas.painter.loop_words != words:
            canvas.painter.loop_words = words
            canvas.update()

    def _on_frame(self, frame: Frame | None) -> None:
        """Shapes may be known now; they do not change while it trains."""
        if self.editor is not None and not self.session.coach.playing:
            self.later()

    def _on_finished(self) -> None:
        editor, self.editor = self.editor, None
        if editor is not None:
            editor.deleteLater()

    # --- words ---

    def name(self, key: str) -> str:
        """What a node is called in the code."""
        return self.window.live.names.get(key) or self.session.whole.nodes[key].name or key

    def facts(self, known: Training) -> Facts:
        """What the card says."""
        document = self.session.whole
        words: list[tuple[str, str]] = []
        if known.steps is not None:
            words.append(("steps", f"{known.steps.value:,} {'epochs' if known.epochs else 'steps'}"))
        if known.batch is not None:
            words.append(("batch", f"{'samples drawn' if known.drawn else 'batches of'} {known.batch.value}"))
        if known.loss.node in document.nodes:
            name = self.name(known.loss.node or "").partition("@")[0]
            words.append(("loss", name if "loss" in name else f"loss {name}"))
        if known.leaves:
            names = [self.name(wire.node or "") for wire in known.leaves]
            words.append(("leaves", f"trains {', '.join(names[:4])}{' …' if len(names) > 4 else ''}"))
        op = document.nodes[known.optimizer].op if known.optimizer else ""
        words.append(("optimizer", op.rpartition(".")[2] if op else "by hand" if known.kind else "no optimizer"))
        if known.scheduler:
            words.append(("scheduler", document.nodes[known.scheduler].op.rpartition(".")[2]))
        if known.clip:
            words.append(("clip", f"clipped by {known.clip}"))
        if known.zero == "forgotten":
            words.append(("zero", "gradients add up"))
        if known.stop_at is not None:
            words.append(
                (
                    "stop",
                    f"until {self.name(known.loss.node or '').partition('@')[0] if known.loss.node in document.nodes else 'loss'} < {known.stop_at.value}",
                )
            )
        rate = known.rate.value if known.rate is not None and "rate" not in known.odd else None
        return Facts(tuple(words), rate if isinstance(rate, int | float) else None)

    def offer(self, known: Training) -> Offer:
        """What the editor shows."""
        document = self.session.whole
        optimizer, scheduler = document.nodes.get(known.optimizer), document.nodes.get(known.scheduler)
        settings = tuple(numbers(optimizer, known.rate)) if optimizer is not None else by_hand(known)
        return Offer(
            losses=tuple(self._losses(known)), loss=known.loss.node or "", leaves=tuple(self._leaves(known)),
            optimizers=(*rows(OPTIM), (HAND, "by hand: w -= lr * w.grad")),
            optimizer=optimizer.op if optimizer is not None else known.kind, settings=settings,
            schedulers=(("", "none: the rate stays"), *rows(SCHEDULE)), scheduler=scheduler.op if scheduler is not None else "",
            schedule=tuple(self._schedule(scheduler)) if scheduler is not None else (),
            steps=value_of(known.steps), data=tuple(self._data(known)), batch=whole_of(known.batch), way=_way(known), zero=known.zero,
            clip=known.clip, clip_at=value_of(known.clip_at), stops=bool(known.stop), stop_at=value_of(known.stop_at), odd=known.odd,
        )  # fmt: skip

    def _schedule(self, scheduler: Node) -> Iterator[Number]:
        """Its numbers, and those of the schedulers that it is made of."""
        self._inner.clear()
        yield from numbers(scheduler, None)
        nodes = self.session.whole.nodes
        parts = [nodes[key] for wire in scheduler.inputs() if (key := wire.node or "") in nodes]
        for at, one in enumerate(one for one in parts if one.op.startswith(SCHEDULE)):
            for number in numbers(one, None):
                name = f"{at + 1}. {one.op.removeprefix(SCHEDULE)} {number.name}"
                self._inner[name] = one.id, number.name
                yield structs.replace(number, name=name)

    def _losses(self, known: Training) -> Iterator[Choice]:
        document = self.session.whole
        loop = next(item for item in walk(document.program) if isinstance(item, Loop) and item.id == known.loop)
        if known.loss.node in document.nodes:
            yield known.loss.node or "", self.name(known.loss.node or "").partition("@")[0]
        made = {wire.node for wire in trained(document)}
        found = 0
        for item in flat(loop.body):
            node = document.nodes.get(item.node) if isinstance(item, Eval) else None
            if node is None or made.isdisjoint(wire.node for wire in node.inputs()):
                continue
            made.add(node.id)
            if node.name is not None and node.id != known.loss.node and found < LOSSES and self.may_be_scalar(node):
                found += 1
                yield node.id, self.name(node.id)

    def _leaves(self, known: Training) -> Iterator[tuple[str, str, bool]]:
        document = self.session.whole
        root = known.loss.node
        mine = {source(document, wire).node: wire.node or "" for wire in known.leaves}
        above = ancestors(document, root) if root is not None else set()
        able = {source(document, wire).node or "": wire.node or "" for wire in trained(document) if wire.node in above}
        data = {key for one in document.datasets.values() for key in (one.inputs, one.targets)}
        data |= {key for key, _, _ in self._data(known)}
        more = {key: key for key in leaves_of(document, root)} if root is not None else {}
        for key in dict.fromkeys((*mine, *able, *more)):
            if key and (key in mine or key in able or (key not in data and document.nodes[key].name)):
                yield key, self.name(key), key in mine

    def _data(self, known: Training) -> Iterator[tuple[str, str, bool]]:
        """Values from ahead of the loop that it reads and whose first dimension may be samples: as many as the most of them have."""
        document, frame = self.session.whole, self.session.frame
        taken = dict.fromkeys(key for key, _ in known.batched)
        loop = next(item for item in walk(document.program) if isinstance(item, Loop) and item.id == known.outer)
        inside = {*tree.keys(loop), *tree.defined(loop)}
        leaves = {source(document, wire).node for wire in known.leaves}
        sizes: dict[str, int] = {}
        for key, node in document.nodes.items():
            if key in inside or key in leaves or key not in tree.spots(document) or not _computes(node):
                continue
            read = not inside.isdisjoint(document.consumers.get(key, ()))
            record = frame.records.get(key) if frame is not None else None
            shape = record.shape if record is not None else None
            if (
                (read or key in taken)
                and shape
                and shape[0] > 1
                and tree.spots(document)[key] < tree.spots(document)[known.outer]
            ):
                sizes[key] = shape[0]
        counts = list(sizes.values())
        most = max(counts, key=lambda size: (counts.count(size), size), default=0)
        for key in dict.fromkeys((*taken, *sizes)):
            if key in taken or sizes.get(key) == most:
                yield key, self.name(key), key in taken if taken else True

    def _guess(self) -> str | None:
        """The scalar that is most likely the loss, where shapes are known."""
        document, frame = self.session.whole, self.session.frame
        if frame is None or document.settings.root is not None:
            return None
        if any(node.op.endswith(".backward") for node in document.nodes.values()):
            return None
        below = dependents(document, trained(document))
        evals = [
            document.nodes[item.node] for item in document.program if isinstance(item, Eval) and item.node in below
        ]
        fits = [node.id for node in evals if self.may_be_scalar(node)]
        known = [key for key in fits if key in frame.records and frame.records[key].shape in ((), (1,))]
        named = [key for key in known if "loss" in (document.nodes[key].name or "")]
        ends = [key for key in known if not any(reader in document.nodes for reader in document.consumers.get(key, ()))]
        return (named or ends or known or [None])[-1]  # type: ignore[list-item]  # None where there is no scalar


def _way(known: Training) -> str:
    """How a step comes to its samples."""
    return "drawn" if known.drawn else "shuffled" if known.shuffled or known.batch is None else "ordered"


def _computes(node: Node) -> bool:
    return not node.op.startswith((OPTIM, "python.", "builtins.", "str.")) or node.op == "python.alias"
