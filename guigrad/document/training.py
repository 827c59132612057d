"""The training loop of a program, read: which part of it each item is, and what an edit can change. See document/edit_training.

Note [Parts of a training]
A training is a loop whose rounds call ``backward``; round it there may be another one, over epochs. What stands in them is
recognised by what it does: ``zero`` (gradients emptied), ``backward``, ``clip``, ``update`` (the optimizer's step, or ``w -= lr * w.grad`` by
hand), ``schedule``, ``stop`` (``if loss < 0.01: break``) and ``batch`` (samples taken out of data). Everything else is forward, or somebody's own
line, and is left where it is. A part that is written in a way that an edit could not change without guessing is *odd*: it says
so, and its edits are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from guigrad.document.model import (
    Document,
    In,
    Item,
    Node,
    Region,
    Value,
)

OPTIM = "torch.optim."
SCHEDULE = "torch.optim.lr_scheduler."
BACKWARD = "torch.Tensor.backward"
GRAD = ("torch.Tensor.grad", "getattr.grad")
CLIPS = {"norm": "torch.nn.utils.clip_grad_norm_", "value": "torch.nn.utils.clip_grad_value_"}
CLIP_AT = {"norm": "max_norm", "value": "clip_value"}
HAND = "by hand"


class Setting(Struct, frozen=True):
    """A number of the training: where it is written (``path`` "" is the value of a literal) and what it is."""

    node: str
    path: str
    value: Value


class Training(Struct, frozen=True):
    """What trains. ``loop`` is the one whose rounds are steps, ``epochs`` the one around it; ids of nodes and keys of items, "" where
    there is none. ``drawn`` is the node that draws the numbers of the
    samples anew for each step. ``odd`` tells of each part that cannot be changed why.
    """

    loop: str
    epochs: str = ""
    loss: In = In()
    backward: str = ""
    leaves: tuple[In, ...] = ()
    optimizer: str = ""
    updates: tuple[str, ...] = ()
    scheduler: str = ""
    schedule: str = ""
    zero: str = "forgotten"
    zeros: tuple[str, ...] = ()
    clip: str = ""
    clips: tuple[str, ...] = ()
    clip_at: Setting | None = None
    stop: str = ""
    stop_at: Setting | None = None
    rate: Setting | None = None
    decay: Setting | None = None
    steps: Setting | None = None
    batch: Setting | None = None
    batched: tuple[tuple[str, str], ...] = ()
    shuffled: bool = False
    drawn: str = ""
    perm: str = ""
    odd: Mapping[str, str] = {}

    @property
    def kind(self) -> str:
        """ "by hand", or "" where something else moves the parameters, or nothing; an optimizer is a node."""
        return HAND if self.updates and not self.optimizer else ""

    @property
    def outer(self) -> str:
        """The loop around all steps."""
        return self.epochs or self.loop


def flat(items: tuple[Item, ...]) -> Iterator[Item]:
    """The items of a body, those of regions one by one."""
    for item in items:
        if isinstance(item, Region):
            yield from flat(item.body)
        else:
            yield item


def source(document: Document, value: Value) -> In:
    """Where a value comes from: variables, aliases and in-place changes followed back to what they started with."""
    seen: set[str | None] = set()
    while isinstance(value, In) and value.node in document.nodes and value.node not in seen:
        seen.add(value.node)
        node = document.nodes[value.node or ""]
        first = node.args[0] if node.args else None
        if not isinstance(first, In) or node.op not in ("python.carry", "python.alias"):
            return value
        value = first
    return value if isinstance(value, In) else In()


def setting(document: Document, node: Node, path: str, value: Value) -> Setting | None:
    """A number in a template, or of the literal that is wired there; None if it is computed."""
    if isinstance(value, In):
        maker = document.nodes.get(value.node or "")
        if maker is None or maker.op != "python.literal" or not isinstance(maker.args[0], int | float):
            return None
        return Setting(maker.id, "", maker.args[0])
    return Setting(node.id, path, value) if isinstance(value, int | float) else None


def argument(node: Node, name: str, at: int, default: Value = None) -> Value:
    """An argument by its name or place."""
    return dict(node.kwargs).get(name, node.args[at] if at < len(node.args) else default)
