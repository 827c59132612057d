"""What computes, as verbs of a session: each asks the engine for one thing."""

from __future__ import annotations

from abc import ABC, abstractmethod

from guigrad.run.request import Backward, Forward, Gradient, OptimizerStep, Reset, Run, Verb, ZeroGrad


class Verbs(ABC):
    """Verbs queue in order and are never dropped. ``x_ray``: whether the gradients of intermediates are recorded."""

    x_ray: bool

    @abstractmethod
    def act(self, verb: Verb) -> None:
        """Plays a verb after those that wait."""

    def forward(self, to: str | None = None) -> None:
        """Evaluates all nodes, or what ``to`` needs."""
        self.act(Forward(to))

    def backward(
        self,
        roots: tuple[str, ...] | str = (),
        gradient: tuple[Gradient, ...] = (),
        retain_graph: bool | None = None,
        create_graph: bool = False,
    ) -> None:
        """``backward()`` from ``roots``, or from the document's root."""
        named = (roots,) if isinstance(roots, str) else tuple(roots)
        self.act(Backward(named, gradient, retain_graph, create_graph, xray=self.x_ray))

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Every gradient to None, or to zeros."""
        self.act(ZeroGrad(set_to_none))

    def optimizer_step(self) -> None:
        """The program's updates."""
        self.act(OptimizerStep())

    def run(self) -> None:
        """The whole program, from fresh sources."""
        self.act(Run())

    def reset(self) -> None:
        """As if just opened: no values, no gradients."""
        self.act(Reset())
