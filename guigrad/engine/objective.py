"""What a landscape is of: the loss that is meant, and how leaves and their entries are called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from guigrad.document.closures import meant
from guigrad.document.model import In, Loop, walk
from guigrad.document.problem import Fix, Problem
from guigrad.engine.phases import losses
from guigrad.engine.values import MISSING, dtype_name
from guigrad.engine.watching import loops_of
from guigrad.run.landscape import Leaf

if TYPE_CHECKING:
    from guigrad.engine.play import Engine

RUN = (Fix("Run forward", "forward"),)
_NAMES = ("loss", "cost", "error", "objective")


class Wrong(ValueError):
    """What was asked cannot be; the text says why. ``fixes``: what would help."""

    def __init__(self, text: str, why: str = "", node: str = "", fixes: tuple[Fix, ...] = ()) -> None:
        super().__init__(text)
        self.problem = Problem(text, "landscape", node, why=why, fixes=fixes)


def entry_name(name: str, shape: Sequence[int], flat: int) -> str:
    """An entry as it is written."""
    index = []
    for size in reversed(shape):
        index.append(flat % max(size, 1))
        flat //= max(size, 1)
    return f"{name}[{', '.join(map(str, reversed(index)))}]" if index else name


def name_of(engine: Engine, keys: Sequence[str]) -> str:
    """What a leaf is called: by its plain name, if no other tensor has it."""
    name = engine.document.nodes[keys[0]].name
    place = engine.names.find(name) if name else None
    if name and place is not None and place[0] in keys:
        return name
    return engine.label(keys[0])


def view_key(engine: Engine, keys: Sequence[str]) -> str:
    """The node whose record shows the leaf as it is: a variable that holds it, else its source."""
    nodes = engine.document.nodes
    return next((key for key in reversed(keys) if nodes[key].op == "python.carry"), keys[0])


def leaf_of(engine: Engine, value: torch.Tensor, keys: Sequence[str]) -> Leaf:
    return Leaf(view_key(engine, keys), name_of(engine, keys), tuple(value.shape), value.requires_grad, dtype_name(value.dtype))  # fmt: skip


def loss_of(engine: Engine, of: str) -> tuple[In, str]:
    """The node that the landscape is of."""
    if not engine.document.nodes:
        raise Wrong("There is nothing here yet.", "A landscape needs a loss: one number computed from tensors.")
    wire: In | None = None
    if of:
        place = engine.names.find(of)
        if place is None:
            raise Wrong(f"There is no node {of!r} in this document.")
        wire = meant(engine.document, In(place[0], place[1] or 0))
    else:
        wire = _default(engine)
    node = engine.document.nodes.get(wire.node or "")
    label = of or (node.name if node is not None and node.name else engine.label(wire.node or ""))
    value = engine.plan.read(wire)
    if value is MISSING and not any(status == "fresh" for status in engine.state.status.values()):
        raise Wrong(f"{label} has not run yet.", node=label, fixes=RUN)
    if value is not MISSING and not isinstance(value, torch.Tensor):
        raise Wrong(f"{label} is no tensor: a landscape needs a loss that torch computed.", node=label)
    if isinstance(value, torch.Tensor) and (value.numel() != 1 or value.is_complex()):
        what = "complex" if value.is_complex() else f"of {value.numel()} numbers"
        raise Wrong(f"{label} is {what}: a landscape needs one real number.", "Take its .sum() or .mean() as the loss.", label)  # fmt: skip
    return wire, label


def _default(engine: Engine) -> In:
    document, state = engine.document, engine.state
    loops: list[Loop] = [loop for loop in _loops(engine) if loop.id in loops_of(engine)]
    for loop in loops:
        for wire in losses(document, loop, state.roles):
            return wire
    if document.settings.root in document.nodes:
        return In(document.settings.root)
    backwards = [key for key in state.order if state.role(key) == "backward"]
    for key in backwards:
        first = document.nodes[key].args[0] if document.nodes[key].args else None
        if isinstance(first, In) and first.node is not None:
            return first
    if not any(state.status.get(key) == "fresh" for key in state.order):
        raise Wrong("Nothing has run yet.", fixes=RUN)
    named = [key for key in state.order if document.nodes[key].name in _NAMES and _is_scalar(engine.plan.value(key))]
    if named:
        return In(named[-1])
    sinks = [key for key in state.order if not state.readers.get(key) and state.role(key) == "play"]
    fitting = [key for key in sinks if _is_scalar(engine.plan.value(key))]
    if len(fitting) == 1:
        return In(fitting[0])
    if fitting:
        names = ", ".join(engine.label(key) for key in fitting[:6])
        raise Wrong(f"Several nodes could be the loss: {names}.", "Choose one as the root, or type its name.")
    raise Wrong("There is no loss: nothing computed here is one number that nothing else reads.", "Take a .sum() or .mean() of the last result.")  # fmt: skip


def _loops(engine: Engine) -> list[Loop]:
    return [item for item in walk(engine.document.program) if isinstance(item, Loop)]


def _is_scalar(value: object) -> bool:
    return isinstance(value, torch.Tensor) and value.numel() == 1 and value.is_floating_point()


def number_of(value: object) -> float:
    if not isinstance(value, torch.Tensor) or value.numel() != 1 or value.is_complex():
        raise Wrong("The loss is not one real number.", "Take its .sum() or .mean() as the loss.")
    return float(value.item())
