"""What the actions of stepping do."""

from __future__ import annotations

from guigrad.ui.intents_base import Verbs


class StepIntents(Verbs):
    """Forward and backward one step at a time, and back. See Note [Cursor] in run/steps."""

    def step(self) -> None:
        """One step on."""
        self.session.stepper.forward()

    def step_back(self) -> None:
        """One step back."""
        self.session.stepper.back()

    def step_to_breakpoint(self) -> None:
        """To the next breakpoint."""
        self.session.stepper.to_breakpoint()

    def step_to_node(self) -> None:
        """To the next step of what is selected."""
        self.session.stepper.to(self._chosen_nodes())

    def step_to_end(self) -> None:
        """To the end of the pass."""
        self.session.stepper.to_end()

    def leave_steps(self) -> None:
        """Back to all that was computed."""
        self.session.stepper.leave()

    def breakpoint(self) -> None:
        """Breakpoints of what is selected, set or taken away."""
        self.session.stepper.toggle_breakpoints(self._chosen_nodes())

    def clear_breakpoints(self) -> None:
        """No breakpoints."""
        self.session.stepper.clear_breakpoints()

    def _chosen_nodes(self) -> list[str]:
        return [key for key in self.session.selection if key in self.session.document.nodes]
