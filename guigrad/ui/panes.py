"""What the window is made of, and how it looks: its panels, their sizes, theme, lecture scale, wheel and motion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QLabel, QMainWindow, QSplitter, QStackedWidget, QStyle, QVBoxLayout, QWidget

from guigrad.lessons import index
from guigrad.ui.actions import by_id
from guigrad.ui.canvas.view import CanvasView
from guigrad.ui.canvas.viewport import Wheel
from guigrad.ui.docks import Docks
from guigrad.ui.keymap import Keymap
from guigrad.ui.level import Level
from guigrad.ui.panels.code import CodePanel
from guigrad.ui.panels.inspector import InspectorPanel
from guigrad.ui.panels.messages import MessagesPanel
from guigrad.ui.panels.palette import PalettePanel
from guigrad.ui.panels.problems import ProblemsPanel
from guigrad.ui.panels.welcome import WelcomePanel
from guigrad.ui.rail import Rail
from guigrad.ui.settings import Settings
from guigrad.ui.shelf import Desk
from guigrad.ui.style import Look, stylesheet
from guigrad.ui.theme import palette
from guigrad.ui.thumbnail import thumbnail
from guigrad.ui.widgets.action_button import ICON, ActionButton
from guigrad.ui.widgets.breadcrumbs import Breadcrumbs
from guigrad.ui.widgets.find_bar import FindBar
from guigrad.ui.widgets.message_bar import MessageBar
from guigrad.ui.widgets.parts import ElidedLabel
from guigrad.ui.widgets.top_bar import TopBar

PLOTS_PX: Final = 270
CANVAS_PX: Final = 280
"""So high is a canvas at least that gives room away."""


class Panes(QMainWindow):
    """Thread: the GUI thread. What is inside the panels is the business of ``MainWindow``."""

    session: Level
    settings: Settings
    look: Look
    keymap: Keymap
    find_bar: FindBar
    actions_by_id: Mapping[str, QAction]

    def build(self) -> None:
        look = self.look
        self.top = TopBar(self.actions_by_id, look)
        self.bar = MessageBar(look)
        self.palette_panel = PalettePanel(look)
        self.desk = Desk(self.session)
        self.canvas = CanvasView(self.desk, theme=look.theme.name)
        self.canvas.set_text_scale(look.scale)
        self.way = Breadcrumbs(look, self.canvas)
        self.canvas.keymap = self.keymap
        self.welcome = WelcomePanel(look, index.lessons(), thumbnail, index.mistakes(), index.functions())
        self.stack = QStackedWidget()
        self.stack.addWidget(self.canvas)
        self.stack.addWidget(self.welcome)
        self.rail = Rail(look)
        self.canvas.threads = self.rail.strip.tied
        self.rail.strip.thread_changed.connect(self.canvas.update)
        self.play = ActionButton(by_id("run_program"), self.actions_by_id["run_program"], look, "flat")
        self.play.set_level(ICON)
        self.rail.add_button(self.play)
        self.code, self.problems, self.messages = CodePanel(look), ProblemsPanel(look), MessagesPanel(look)
        self.tabs = Docks()
        for name, panel in (("code", self.code), ("problems", self.problems), ("messages", self.messages)):
            self.tabs.add(name, name.capitalize(), panel)
        self.inspector = InspectorPanel(look)
        upper = QWidget()
        column = QVBoxLayout(upper)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addWidget(self.find_bar)
        column.addWidget(self.stack, 1)
        column.addWidget(self.rail)
        self._middle = QSplitter(Qt.Orientation.Vertical)
        self._middle.addWidget(upper)
        self._middle.addWidget(self.tabs)
        self._across = QSplitter(Qt.Orientation.Horizontal)
        for widget in (self.palette_panel, self._middle, self.inspector):
            self._across.addWidget(widget)
        for splitter, main in ((self._middle, 0), (self._across, 1)):
            splitter.setChildrenCollapsible(False)
            splitter.setHandleWidth(1)
            splitter.setStretchFactor(main, 1)
        self._settled = False
        self._middle.splitterMoved.connect(lambda *_: setattr(self, "_settled", True))
        self.tabs.currentChanged.connect(lambda _: self.give_room())
        self._splitters = {"across": self._across, "middle": self._middle}
        whole = QWidget()
        outer = QVBoxLayout(whole)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.top)
        outer.addWidget(self._across, 1)
        self.setCentralWidget(whole)
        self.hint = ElidedLabel()
        self.where = QLabel()
        self.statusBar().addWidget(self.hint, 1)
        self.statusBar().addPermanentWidget(self.where)
        self.statusBar().setSizeGripEnabled(False)

    def size_panels(self) -> None:
        """First sizes: those of the design, but never so much that the canvas has less than half the width."""
        width, height = max(self.width(), 640), max(self.height(), 480)
        left = min(self.look.px(236), round(width * 0.22))
        right = min(self.look.px(370), round(width * 0.28))
        bottom = min(self.look.px(260), round(height * (0.34 if self.look.scale < 1.5 else 0.24)))
        self._across.setSizes([left, width - left - right, right])
        self._middle.setSizes([height - bottom, bottom])
        for panel in (self.palette_panel, self.inspector):
            panel.setMinimumWidth(min(self.look.px(150), round(width * 0.18)))
        self.tabs.setMinimumHeight(60)

    def give_room(self) -> None:
        """A tab with plots gets the height to show them, as long as the canvas keeps some and nobody has moved the border."""
        if self._settled or not self.tabs.is_table:
            return
        upper, lower = self._middle.sizes()
        wanted = min(self.look.px(PLOTS_PX), round(self.height() * 0.4))
        more = min(wanted - lower, self.canvas.height() - CANVAS_PX)
        if lower and more > 0:
            seen, rect = self.canvas.viewport.world, self.canvas.scene.bounds()
            whole = rect is not None and seen[0] <= rect[0] and seen[1] <= rect[1] and rect[2] <= seen[2] and rect[3] <= seen[3]  # fmt: skip
            self._middle.setSizes([upper - more, lower + more])
            if whole:
                self.canvas.fit_all()

    def apply_look(self) -> None:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        if not app.styleSheet() and app.style().objectName() != "fusion":  # under a style sheet it has no name
            app.setStyle("Fusion")
        sheet = stylesheet(self.look)
        if app.styleSheet() != sheet or app.font() != self.look.text():  # each makes Qt style every widget anew
            app.setPalette(palette(self.look.theme))
            app.setFont(self.look.text())
            app.setStyleSheet(sheet)

    def set_look(self, look: Look) -> None:
        """Another theme or scale on every side."""
        self.look = look
        self.apply_look()
        for part in (
            self.top, self.bar, self.way, self.find_bar, self.play, self.palette_panel, self.welcome, self.rail, self.tabs, self.inspector,
        ):  # fmt: skip
            part.set_look(look)
        self.canvas.set_theme(look.theme.name)
        self.canvas.set_text_scale(look.scale)

    def apply_mouse(self) -> None:
        """What the wheel does, as the settings say."""
        settings = self.settings
        self.canvas.wheel = Wheel(settings.wheel, settings.zoom_speed, settings.zoom_invert)

    def apply_motion(self) -> None:
        """Whether things move, as the settings say, or the system where it tells Qt."""
        asked = self.settings.motion
        effects = self.style().styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration)
        self.canvas.calm = asked == "reduced" or (asked == "system" and effects == 0)
        self.canvas.set_gradients(self.settings.wire_gradients)
