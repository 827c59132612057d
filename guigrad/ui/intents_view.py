"""What the actions of the View and Help menus do."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from guigrad.ui.intents_base import Verbs
from guigrad.ui.settings import SCALES
from guigrad.ui.tensor_dock import open_viewer
from guigrad.ui.widgets.dialogs import AboutDialog, KeyboardPage, ask
from guigrad.ui.widgets.preferences import Preferences


class ViewIntents(Verbs):
    """What is seen, how large and in which colours; help."""

    def jacobian(self) -> None:
        """v, J and their product of what is selected."""
        self.window.workbench.open(page="J")

    def paths(self) -> None:
        """The paths between what is selected."""
        self.window.workbench.open(page="paths")

    def trust(self) -> None:
        """What speaks for the gradients."""
        self.window.workbench.open(page="trust")

    def view_tensor(self) -> None:
        """The selected node in the tensor viewer."""
        open_viewer(self.window)

    def larger(self) -> None:
        """The next lecture scale."""
        self._scale(1)

    def smaller(self) -> None:
        """The lecture scale before."""
        self._scale(-1)

    def _scale(self, step: int) -> None:
        now = min(range(len(SCALES)), key=lambda i: abs(SCALES[i] - self.window.look.scale))
        self.window.set_scale(SCALES[min(max(now + step, 0), len(SCALES) - 1)])

    def theme(self) -> None:
        """Dark or light."""
        name = self.window.look.theme.name
        self.window.set_theme("light" + name[4:] if name.startswith("dark") else "dark" + name[5:])

    def safe_colors(self) -> None:
        """Colours for colour-blind eyes, or the usual ones."""
        name = self.window.look.theme.name
        self.window.set_theme(name.removesuffix("-safe") if name.endswith("-safe") else f"{name}-safe")

    def toggle_palette(self) -> None:
        """Shows or hides the palette."""
        self._toggle(self.window.palette_panel)

    def toggle_dock(self) -> None:
        """Shows or hides code and messages."""
        self.window.dock_wanted = not self.window.dock_wanted
        self.window.show_canvas()

    def toggle_inspector(self) -> None:
        """Shows or hides the inspector."""
        self._toggle(self.window.inspector)

    def _toggle(self, panel: QWidget) -> None:
        panel.setVisible(not panel.isVisible())
        self.window.update_actions()

    def wire_gradients(self) -> None:
        """Wires look as what came back along them, or all alike."""
        self.window.settings.wire_gradients = not self.window.settings.wire_gradients
        self.window.canvas.set_gradients(self.window.settings.wire_gradients)
        self.window.update_actions()

    def show_updates(self) -> None:
        """Shows or hides what a training step did to the parameters."""
        self.window.settings.updates = not self.window.settings.updates
        self.window.training.show_updates()
        self.window.update_actions()

    def backward_graph(self) -> None:
        """Shows or hides the grad_fns under the forward."""
        self.window.backward.toggle()

    def backward_over(self) -> None:
        """The grad_fns over the forward, or under it."""
        self.window.backward.toggle_side()

    def open_grad_fns(self) -> None:
        """Opens what several grad_fns are folded in, or folds all."""
        self.window.canvas.backward.flip_all()
        self.window.canvas.fit_all()

    def preferences(self) -> None:
        """Keys, mouse, look and files."""
        open_now = (dialog for dialog in self.window.findChildren(Preferences) if dialog.isVisible())
        dialog = next(open_now, None) or Preferences(self.window)
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()

    def help(self) -> None:
        """Every shortcut."""
        ask(KeyboardPage(self.window.look, self.window.keymap, self.window))

    def mistake_lab(self) -> None:
        """The failures of the mistake lab, on the welcome page."""
        self.window.bar.hide()
        self.window.show_welcome()
        self.window.welcome.show_lab()

    def about(self) -> None:
        """Version and licences."""
        frame = self.session.frame
        engine = f"The engine computes on {frame.device}." if frame is not None else ""
        ask(AboutDialog(self.window.look, engine, self.window))
