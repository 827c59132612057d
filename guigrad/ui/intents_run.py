"""What the actions of the Run menu do."""

from __future__ import annotations

from PySide6.QtWidgets import QInputDialog

from guigrad.ui.intents_base import Verbs


class RunIntents(Verbs):
    """Values, gradients, and how they are computed."""

    def forward(self) -> None:
        """Every value."""
        self.session.forward()

    def backward(self) -> None:
        """The gradients of the root: the document's, or the one whose v was chosen in the Jacobian panel."""
        roots, gradients = self.window.workbench.upstream.arguments()
        self.session.backward(roots, gradients)
        if roots:
            self.window.say_status(f"Backward from {roots[0]} with the v of the Jacobian panel")

    def backward_create(self) -> None:
        """The gradients of the root with a graph of their own."""
        self.session.backward(create_graph=True)

    def zero_grad(self) -> None:
        """Empties gradients."""
        self.session.zero_grad()

    def optimizer_step(self) -> None:
        """The program's updates."""
        self.session.optimizer_step()

    def run_program(self) -> None:
        """The whole program."""
        self.session.run()

    def stop(self) -> None:
        """Stops what runs; a training after the step that it is at, or in it when asked again."""
        if not self.window.training.stop():
            self.session.stop()

    def reset(self) -> None:
        """As if just opened."""
        self.session.reset()

    def xray(self) -> None:
        """Shows or hides the gradients of intermediates."""
        self.session.set_x_ray(not self.session.x_ray)
        self.window.settings.xray = self.session.x_ray

    def seed(self) -> None:
        """Asks for the seed."""
        now = self.session.seed
        words = "A number overrides the program's own seeds; leave it empty to keep them."
        text, done = QInputDialog.getText(self.window, "Random seed", words, text="" if now is None else str(now))
        if not done:
            return
        try:
            self.session.set_seed(int(text) if text.strip() else None)
        except ValueError:
            self.window.bar.say(f"{text!r} is no whole number: the seed stays as it was.", "error")
