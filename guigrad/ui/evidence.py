"""Paths that light up, and what speaks for gradients: the other two pages of the Jacobian panel, and the badge of the inspector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer

from guigrad.document import edit
from guigrad.run.derivative import AskPaths, AskTrust, Path, Paths, Trust, Trusts
from guigrad.run.frame import Frame
from guigrad.run.request import Reply
from guigrad.ui.canvas.lens import Lens
from guigrad.ui.derivative_words import factor, head
from guigrad.ui.widgets.product_view import Shown
from guigrad.ui.widgets.trust_badge import TrustBadge, icon_of, words

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow
    from guigrad.ui.workbench import Workbench

Wire = tuple[str, str, str]
BADGE_MS: Final = 400
"""How long a node is looked at before its gradient is checked."""
SMALL: Final = 4096
"""Gradients of more entries, and those of programs of more nodes than FEW, are checked when somebody asks."""
FEW: Final = 300
HOPS: Final = 8
"""Ops of a path that its row names; of a longer one the first and the last."""


class Evidence:
    """Thread: the GUI thread. ``badge`` stands in the inspector beside the gradient."""

    def __init__(self, window: MainWindow, bench: Workbench) -> None:
        self.window, self.session, self.bench = window, window.session, bench
        self.panel = bench.panel
        self.paths: Paths | None = None
        self.gradients: tuple[Trust, ...] = ()
        self.badge = TrustBadge(window.look)
        self._pair = ("", "")
        self._checked: object = None
        window.inspector.grad.add_to_head(self.badge)
        self.badge.clicked.connect(self._on_badge)
        self.panel.path_chosen.connect(lambda _: self._show_lens())
        self.panel.deterministic_chosen.connect(lambda on: self.session.base.edit(edit.set_deterministic(on)))
        self.panel.gradient_chosen.connect(self._on_gradient)
        self._late = QTimer(window)
        self._late.setSingleShot(True)
        self._late.setInterval(BADGE_MS)
        self._late.timeout.connect(self._check)
        self._stops = [
            self.session.frame_changed.connect(self._on_news),
            self.session.selection_changed.connect(self._on_news),
            self.session.document_changed.connect(self._on_news),
        ]
        self._on_news()

    def close(self) -> None:
        """Stops listening."""
        self._late.stop()
        for stop in self._stops:
            stop()

    def ask(self, page: str, of: str, wrt: str) -> None:
        """What the open page shows."""
        self._pair = (self.bench.label(of), self.bench.label(wrt))
        if page == "paths":
            self.bench.ask(AskPaths(*self._pair), self._on_paths, "paths")
        else:
            self.light(())
            self.panel.show_deterministic(edit.is_deterministic(self.session.whole))
            self.bench.ask(AskTrust((), self._pair[0]), self._on_trusts, "trust")

    # --- paths ---

    def _on_paths(self, paths: Paths) -> None:
        self.paths = paths
        self.panel.say(paths.problems)
        of, wrt = map(self._name, self._pair)
        rows = [(self._row(path, of, wrt), self._tip(path), "", "") for path in paths.paths]
        self.panel.show_rows("paths", head(paths, of, wrt), rows)
        self._show_lens()

    def _row(self, path: Path, of: str, wrt: str) -> str:
        names = [wrt, *(self._name(hop.target) for hop in path.hops)]
        factors = [factor(hop.local, hop.scalar) for hop in path.hops]
        if len(names) > HOPS:
            names = [*names[:3], "…", *names[-3:]]
        if len(factors) > HOPS:
            factors = [*factors[:3], "…", *factors[-3:]]
        way = " → ".join(names)
        if path.product is not None and path.product.size == 1 and all(hop.scalar for hop in path.hops):
            return f"{way}     {' × '.join(factors)} = {path.product.numpy().reshape(-1)[0]:.5g}" if factors else way
        size = "no time for its product" if path.product is None and not path.size else f"‖product‖ = {path.size:.5g}"
        return f"{way}     {' · '.join(factors)}   {size}" if factors else way

    def _tip(self, path: Path) -> str:
        lines = [
            f"{self._name(hop.source)} → {self._name(hop.target)} ({hop.path}): "
            + ("× " if hop.scalar else "a matrix of norm about " if hop.about else "a matrix of norm ")
            + f"{hop.local:.6g}"
            for hop in path.hops[:40]
        ]
        if path.product is not None and path.product.size <= 64:
            lines.append(f"product: {path.product.tolist()}")
        return "\n".join(lines)

    def _name(self, key: str) -> str:
        """A node's name at the open level; the path of one inside a function that is not open."""
        start = "".join(f"{call}/" for call in self.session.way)
        here = key[len(start) :] if key.startswith(start) else key
        frame = self.session.base.frame
        if "/" in here and frame is not None and key in frame.records:
            return str(frame.records[key].label)
        return self.bench.ends.name(here)

    def _show_lens(self) -> None:
        paths = self.paths
        if paths is None or self.panel.page != "paths" or not self.panel.isVisible():
            self.light(())
            return
        at = self.panel.paths.currentRow()
        path = paths.paths[at] if 0 <= at < len(paths.paths) else None
        chosen = path.hops if path is not None else ()
        self._show_product(paths, path)
        self.light(
            paths.wires,
            [(hop.source, hop.target, hop.path) for hop in chosen],
            [factor(hop.local, hop.scalar) for hop in chosen],
            self._pair[::-1],
        )

    def _show_product(self, paths: Paths, path: Path | None) -> None:
        """The chosen path's product, the sum of all while none is chosen."""
        product = paths.total if path is None else path.product
        if product is None:
            self.panel.show_way(Shown())
            return
        of, wrt = map(self._name, self._pair)
        name = f"sum of all = J of {of} by {wrt}" if path is None else "product of this path"
        shown = Shown(
            product.numpy(),
            names=("", name, ""),
            rows=paths.rows,
            columns=tuple(range(paths.full[1])),
            labels=(of, wrt),
        )
        self.panel.show_way(shown)

    def light(
        self, wires: Sequence[Wire], chosen: Sequence[Wire] = (), factors: Sequence[str] = (), ends: Sequence[str] = ()
    ) -> None:
        """Lights wires up on the canvas, as far as the open level has them; () for none."""
        if not wires and not ends:
            self.window.canvas.set_lens(None)
            return
        here = [(wire, factor) for wire, factor in zip(map(self._here, chosen), factors, strict=True) if wire]
        self.window.canvas.set_lens(
            Lens(
                tuple(wire for wire in map(self._here, wires) if wire),
                tuple(wire for wire, _ in here),
                tuple(factor for _, factor in here),
                tuple(self._level(key).partition("[")[0] for key in ends),
            )
        )

    def _level(self, key: str) -> str:
        start = "".join(f"{call}/" for call in self.session.way)
        return key[len(start) :].partition("/")[0] if key.startswith(start) else ""

    def _here(self, wire: Wire) -> Wire | None:
        source, target = self._level(wire[0]), self._level(wire[1])
        return (source, target, wire[2]) if source and target and source != target else None

    # --- trust ---

    def _on_trusts(self, found: Trusts) -> None:
        self.panel.say(found.problems)
        self.gradients = found.gradients
        rows = []
        for each in found.gradients:
            icon, token = icon_of(each)
            rows.append((f"d {self._name(each.of)} / d {each.wrt}     {words(each)[0]}", words(each)[1], icon, token))
        head_ = "Every leaf's gradient against central differences in double precision, torch's gradcheck and what is stored"
        if not found.gradients:
            head_ = "" if found.problems else "No leaf requires grad: there is no gradient to check."
        self.panel.show_rows("trust", head_, rows)

    def _on_gradient(self, at: int) -> None:
        if 0 <= at < len(self.gradients):
            frame = self.session.base.frame
            key = frame.labels.get(self.gradients[at].wrt, "") if frame is not None else ""
            here = self._level(key)
            if here:
                self.window.canvas.reveal(here)

    def _on_news(self, *_: object) -> None:
        key, small = self._shown()
        if self._checked and self._checked == (key, self.bench.moment()):
            return
        self._checked = None
        self.badge.show_trust(None, bool(key))
        if key and small and not self.session.stepper.active:
            self._late.start()
        else:
            self._late.stop()

    def _shown(self) -> tuple[str, bool]:
        """The one selected node if it has a gradient, and whether checking that takes no time."""
        frame: Frame | None = self.session.frame
        chosen = next(iter(self.session.selection)) if len(self.session.selection) == 1 else ""
        record = frame.records.get(chosen) if frame is not None else None
        if record is None or record.state != "fresh" or (record.grad is None and record.xray is None):
            return "", False
        shape = record.shape or ()
        count = 1
        for size in shape:
            count *= size
        return chosen, count <= SMALL and len(self.session.document.nodes) <= FEW

    def _on_badge(self) -> None:
        if self._checked:
            self.bench.open(page="trust")
        else:
            self._check()

    def _check(self) -> None:
        """Asks about the gradient that the inspector shows."""
        key, _ = self._shown()
        if key and not self.session.running:
            self.session.ask(AskTrust((self.bench.label(key),)), lambda reply: self._on_checked(key, reply), "badge")

    def _on_checked(self, key: str, reply: Reply | None) -> None:
        answer = reply.answer if reply is not None else None
        if isinstance(answer, Trusts) and self._shown()[0] == key:
            self._checked = (key, self.bench.moment())
            first = answer.gradients[0] if answer.gradients else Trust("", key, problems=answer.problems)
            self.badge.show_trust(first, True)
