"""Paths that light up, and what speaks for gradients: the other two pages of the Jacobian panel, and the badge of the inspector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer

from guigrad.run.derivative import AskPaths, AskTrust, Path, Paths, Trust, Trusts
from guigrad.run.frame import Frame
from guigrad.run.request import Reply
from guigrad.ui.canvas.lens import Lens
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
        self._checked = ""
        window.inspector.grad.add_to_head(self.badge)
        self.badge.clicked.connect(self._on_badge)
        self.panel.path_chosen.connect(lambda _: self._show_lens())
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
        if page == "paths":
            self.bench._ask(AskPaths(self.bench.label(of), self.bench.label(wrt)), self._on_paths, "paths")
        else:
            self.light(())
            self.bench._ask(AskTrust((), self.bench.label(of)), self._on_trusts, "trust")

    # --- paths ---

    def _on_paths(self, paths: Paths) -> None:
        self.paths = paths
        self.panel.say(paths.problems)
        of, wrt = self._name(paths.of), self._name(paths.wrt)
        rows = [(self._row(path, of, wrt), self._tip(path), "", "") for path in paths.paths]
        self.panel.show_rows("paths", head(paths, of, wrt), rows)
        self._show_lens()

    def _row(self, path: Path, of: str, wrt: str) -> str:
        names = [wrt, *(self._name(hop.target) for hop in path.hops)]
        factors = [_factor(hop.local, hop.scalar) for hop in path.hops]
        if len(names) > HOPS:
            names = [*names[:3], "…", *names[-3:]]
        if len(factors) > HOPS:
            factors = [*factors[:3], "…", *factors[-3:]]
        way = " → ".join(names)
        if path.product is None:
            size = f"‖J‖ = {path.size:.4g}" if path.size else "no time for its product" if path.hops else ""
        elif path.product.size == 1:
            size = f"{path.product.numpy().reshape(-1)[0]:.5g}"
        else:
            size = f"‖·‖ = {path.size:.5g}"
        return f"{way}     {' × '.join(factors)} = {size}" if factors else f"{way}     {size}"

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
        chosen = paths.paths[at].hops if 0 <= at < len(paths.paths) else ()
        self.light(
            paths.wires,
            [(hop.source, hop.target, hop.path) for hop in chosen],
            [_factor(hop.local, hop.scalar) for hop in chosen],
            (paths.wrt, paths.of),
        )

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
        if found.gradients and found.gradients[0].deterministic:
            head_ += " · deterministic algorithms are on"
        self.panel.show_rows("trust", head_, rows)

    def _on_gradient(self, at: int) -> None:
        if 0 <= at < len(self.gradients):
            frame = self.session.base.frame
            key = frame.labels.get(self.gradients[at].wrt, "") if frame is not None else ""
            here = self._level(key)
            if here:
                self.window.canvas.reveal(here)

    def _on_news(self, *_: object) -> None:
        self._checked = ""
        key, small = self._shown()
        self.badge.show_trust(None, bool(key))
        if key and small:
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
            self._checked = key
            first = answer.gradients[0] if answer.gradients else Trust("", key, problems=answer.problems)
            self.badge.show_trust(first, True)


def head(paths: Paths, of: str, wrt: str) -> str:
    """How many paths there are, and what their sum is."""
    if paths.problems:
        return ""
    if not paths.count:
        cut = f" ({', '.join(paths.cut[:4])} lets no gradient through)" if paths.cut else ""
        return f"No gradient comes from {of} to {wrt}{cut}."
    number = f"{paths.count:,}" if paths.count < 10**15 else f"{paths.count:.3e} (exactly {paths.count})"
    text = f"{number} path{'s' if paths.count != 1 else ''} from {wrt} to {of}"
    if not paths.whole:
        text += f", the {len(paths.paths)} largest shown"
    if len(paths.rows) < paths.full[0]:
        text += f" · {len(paths.rows)} of {paths.full[0]:,} entries of {of} looked at"
    sum_ = ""
    if paths.total is not None and paths.total.size == 1:
        sum_ = f" {paths.total.numpy().reshape(-1)[0]:.6g}"
    sign = "✓ equals" if paths.agrees else "✗ differs from"
    goal = f"d {of} / d {wrt}" if paths.full[0] == 1 else f"J of {of} by {wrt}"
    return f"{text} · their sum{sum_} {sign} torch's {goal}, largest difference {paths.difference:.2g}"


def _factor(number: float, scalar: bool) -> str:
    return f"{number:.4g}" if scalar else f"‖{number:.3g}‖"
