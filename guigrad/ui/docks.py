"""The tabs below the canvas. A room that brings a panel of its own adds a row to TABLE; nothing else names it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from PySide6.QtWidgets import QTabWidget, QWidget

from guigrad.ui import tensor_dock
from guigrad.ui.panels.jacobian import JacobianPanel
from guigrad.ui.predict import make_predict
from guigrad.ui.steps_view import make_tape
from guigrad.ui.style import Look

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow


class Dock(NamedTuple):
    """One tab: ``make(window)`` gives its panel, which has ``set_look``; it is called once everything else of the window is there."""

    id: str
    title: str
    tip: str
    make: Callable[[MainWindow], QWidget]


TABLE: tuple[Dock, ...] = (
    Dock("training", "Training", "Train, pause, rewind; the timeline and plots over steps", lambda w: w.training.panel),
    Dock(
        "landscape",
        "Landscape",
        "The loss over two entries or two directions; the point can be dragged",
        lambda w: w.landscape.panel,
    ),
    Dock(
        "race", "Race", "Optimizers, rates and seeds side by side; a setting swept over a range", lambda w: w.race.panel
    ),
    Dock("tape", "Tape", "Every op and every grad_fn in the order in which torch ran them", make_tape),
    Dock(
        "jacobian",
        "Jacobian",
        "v, J and vᵀJ between two nodes; paths; checks of gradients",
        lambda w: JacobianPanel(w.look),
    ),
    Dock(
        "tensor", "Tensor", "One tensor closely: heat-map, table, histogram, lines, image, slices (T)", tensor_dock.make
    ),
    Dock("predict", "Predict", "What is blanked, to be predicted before it is shown", make_predict),
)
NEWS: Final = " •"
"""Behind the title of a tab with something that has not been looked at."""


class Docks(QTabWidget):
    """Thread: the GUI thread. ``panels`` are the panels by their id."""

    def __init__(self) -> None:
        super().__init__()
        self.setDocumentMode(True)
        self.setUsesScrollButtons(True)
        self.panels: dict[str, Any] = {}
        self.currentChanged.connect(lambda at: self.setTabText(at, self.tabText(at).removesuffix(NEWS)))

    def add(self, name: str, title: str, panel: QWidget, tip: str = "") -> None:
        """One more tab, at the end."""
        self.panels[name] = panel
        self.setTabToolTip(self.addTab(panel, title), tip)

    def fill(self, window: MainWindow) -> None:
        """The panels of the table."""
        for row in TABLE:
            self.add(row.id, row.title, row.make(window), row.tip)

    def call(self, number: int, title: str) -> None:
        """What a tab says; the tabs are laid out anew only if it said something else."""
        if self.tabText(number) != title:
            self.setTabText(number, title)

    def bring(self, name: str) -> None:
        """That tab to the front."""
        self.setCurrentWidget(self.panels[name])

    @property
    def is_table(self) -> bool:
        """Whether the tab in front is one of the table's: one that follows a run."""
        return self.currentWidget() in [self.panels.get(row.id) for row in TABLE]

    def tell(self, name: str) -> None:
        """There is something new on a tab: it comes to the front, but not over one that follows a run; it is marked then."""
        panel = self.panels[name]
        if self.is_table:
            at = self.indexOf(panel)
            self.setTabText(at, self.tabText(at).removesuffix(NEWS) + NEWS)
        else:
            self.setCurrentWidget(panel)

    def open(self, window: MainWindow, name: str) -> None:
        """That tab, also where the canvas or the tabs are hidden."""
        window.dock_wanted = True
        window.show_canvas()
        self.bring(name)

    def stop(self) -> None:
        """Panels that listen to the session stop."""
        for panel in self.panels.values():
            if hasattr(panel, "stop"):
                panel.stop()

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        for panel in self.panels.values():
            panel.set_look(look)
