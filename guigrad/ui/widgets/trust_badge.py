"""A small badge that says whether a gradient was held against finite differences, and what came of it."""

from __future__ import annotations

from PySide6.QtWidgets import QPushButton, QWidget

from guigrad.run.derivative import Trust
from guigrad.ui.style import Look

SHORT = {"trusted": "✓ checked", "kink": "⚠ kink", "differs": "✗ differs", "unknown": "? unknown"}
TOKENS = {"trusted": "success", "kink": "warning", "differs": "failed", "unknown": "text_muted"}


class TrustBadge(QPushButton):
    """Says "check" until it was asked, then the verdict; its tooltip has the figures."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.trust: Trust | None = None
        self.setProperty("role", "link")
        self.show_trust(None, False)

    def show_trust(self, trust: Trust | None, there: bool) -> None:
        """A verdict, or that one can be had; ``there``: there is a gradient at all."""
        self.trust = trust
        self.setVisible(there)
        self.setText(SHORT[trust.verdict] if trust is not None else "check")
        token = TOKENS[trust.verdict] if trust is not None else "accent"
        style = f"QPushButton {{ color: {self.look.css(token)}; font-size: {self.look.px(10.5)}px; }}"
        if style != self.styleSheet():
            self.setStyleSheet(style)
        tip = (
            words(trust)[1]
            if trust is not None
            else "Hold this gradient against finite differences in double precision"
        )
        self.setToolTip(tip)
        self.setAccessibleName(f"gradient check: {self.text()}")

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.look = look
        self.show_trust(self.trust, not self.isHidden())


def icon_of(trust: Trust) -> tuple[str, str]:
    """An icon and its colour token."""
    icons = {
        "trusted": "circle-check",
        "kink": "triangle-alert",
        "differs": "circle-x",
        "unknown": "circle-question-mark",
    }
    return icons[trust.verdict], TOKENS[trust.verdict]


def words(trust: Trust) -> tuple[str, str]:
    """A verdict in one line, and every figure behind it."""
    check = trust.check
    if trust.problems and not check.entries:
        return f"not checked: {trust.problems[0].message.splitlines()[0]}", "\n".join(p.message for p in trust.problems)
    if not check.entries and trust.gradcheck is not None:
        good = trust.verdict == "trusted"
        line = f"torch.autograd.gradcheck in complex128: {trust.gradcheck or 'passed'}"
        return f"{'trusted' if good else 'differs'}: gradcheck {'passed' if good else 'did not pass'}", line
    weighed = f" for v = {trust.v}" if trust.v == "ones" else f" for v = {trust.v} v" if trust.v else ""
    lines = [
        f"d {trust.of} / d {trust.wrt}{weighed}, {_entries(len(check.entries))} against central differences in float64:",
        f"largest relative difference {check.worst:.2g}, tolerance 1e-05: {'passed' if check.passed else 'NOT passed'}",
    ]
    own = max(
        (abs(a - b) / max(1.0, abs(a), abs(b)) for a, b in zip(check.shown, check.analytic, strict=True)), default=0.0
    )
    lines.append(f"in its own precision within {own:.2g} of double precision, tolerance {trust.tolerance:g}")
    if trust.gradcheck is not None:
        lines.append("torch.autograd.gradcheck: " + (trust.gradcheck or "passed"))
    if check.kinks:
        places = ", ".join(map(str, check.kinks[:8]))
        lines.append(
            f"At entries {places} the slopes from the left and the right differ: a corner, where no derivative exists and"
        )
        lines.append(
            "autograd's number is a convention (0 for relu at 0). It may come from "
            + (", ".join(trust.corners[:6]) or "an op between")
            + "."
        )
    if trust.cuts:
        lines.append(
            f"{', '.join(trust.cuts[:6])} let no gradient through: differences see that way, autograd does not."
        )
    if trust.held is not None:
        lines.append(
            f"the stored gradient is within {trust.held:.2g} of it"
            + (f". {trust.held_note}" if trust.held_note else "")
        )
    elif trust.held_note:
        lines.append(trust.held_note)
    lines += [f"on {name}: largest relative difference {apart:.2g}" for name, apart in trust.devices]
    if not trust.devices:
        lines.append("There is no other device to compare with.")
    lines.append(f"deterministic algorithms: {'on' if trust.deterministic else 'off'}")
    lines += [problem.message for problem in trust.problems]
    short = {
        "trusted": f"trusted: differences agree to {check.worst:.1g}",
        "kink": f"a kink at {len(check.kinks)} of {_entries(len(check.entries))}; elsewhere differences agree to {check.worst:.1g}",
        "differs": f"differs from finite differences by {check.worst:.2g}"
        + (f": cut by {', '.join(trust.cuts[:3])}" if trust.cuts else ""),
        "unknown": trust.problems[0].message if trust.problems else "not checked",
    }[trust.verdict]
    return short, "\n".join(lines)


def _entries(count: int) -> str:
    return f"{count:,} {'entry' if count == 1 else 'entries'}"
