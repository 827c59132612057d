"""What the actions of training do."""

from __future__ import annotations

from typing import Final

from guigrad.ui.intents_base import Verbs

FAR: Final = 10


class TrainIntents(Verbs):
    """Training played, paused, started over; the timeline."""

    def training_loop(self) -> None:
        """The training loop: put around the graph, or changed."""
        self.window.training.setup.open()

    def play_training(self) -> None:
        """Plays or pauses."""
        self.window.training.play_or_pause()

    def train_step(self) -> None:
        """One step."""
        self.window.training.one_step()

    def train_phase(self) -> None:
        """One phase."""
        self.window.training.one_phase()

    def torchrun(self) -> None:
        """On several processes."""
        self.window.torchrun.open()

    def train_again(self) -> None:
        """From the same initialisation."""
        self.window.training.again()

    def train_anew(self) -> None:
        """From another initialisation."""
        self.window.training.anew()

    def play_back(self) -> None:
        """Shows what was recorded, step after step, or stops."""
        self.window.training.playback.toggle()

    def branch_here(self) -> None:
        """Another run from the step that is shown."""
        self.window.training.branch()

    def bookmark(self) -> None:
        """Marks the step that is shown, or takes its mark away."""
        self.window.training.bookmark()

    def frame_before(self) -> None:
        """One step back."""
        self.window.training.move(-1)

    def frame_after(self) -> None:
        """One step on."""
        self.window.training.move(1)

    def frame_before_far(self) -> None:
        """Ten steps back."""
        self.window.training.move(-FAR)

    def frame_after_far(self) -> None:
        """Ten steps on."""
        self.window.training.move(FAR)
