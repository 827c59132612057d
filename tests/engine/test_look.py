"""A frame takes over from the last one only what is exactly as it was."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch

from guigrad.document.diff import Diff
from guigrad.document.model import Node
from guigrad.engine.look import Seen
from guigrad.engine.play import Engine
from guigrad.engine.values import is_leaf, tensors_in
from guigrad.run.frame import Frame
from guigrad.run.request import Reply, Want
from guigrad.run.sent import Sent
from guigrad.run.shared import Packer, Unpacker
from guigrad.source.parse.parser import parse

SOURCE = """import torch
import torch.nn.functional as F
torch.manual_seed(3)
a = torch.randn(3, requires_grad=True)
b = torch.tensor([1.0, -2.0, 0.0])
W = torch.randn(100, 60, requires_grad=True)
n = 2
flags = (1, 2.0, -0.0)
v, i = torch.topk(a * n, 2)
parts = torch.split(a + b, 1)
c = F.dropout(a * b, 0.5)
d = c.clone()
d.mul_(2)
d[0] = 1.0
s = sum([1, 2])
m = W.mean() + (c * d).sum() + v.sum()
x = m.item()
text = f"{x:.3f}"
loss = m * m
"""
REPLACEMENTS: dict[str, tuple[tuple[Any, ...], ...]] = {
    "n": ((1,), (True,), (1.0,), (-0.0,), (0.0,), ("oops",)),
    "flags": ((1, 2, 0.0), (1.0, 2.0, -0.0), (True, 2.0, 0), (1, 2.0, -0.0)),
}


def exactly(frame: Frame) -> str:
    """All that a frame says, 1 and 1.0 apart."""
    fields = {name: getattr(frame, name) for name in frame.__struct_fields__}
    tables = ("records", "labels", "contributions")
    return repr([fields.pop("freshness"), *(list(dict(fields.pop(name)).items()) for name in tables), fields])


def afresh(engine: Engine, want: Want) -> Frame:
    """The frame of an engine that remembers none."""
    names, seen = engine.names, engine.seen
    engine.names, engine.seen = engine._names(), Seen()
    found = engine.frame(want)
    engine.names, engine.seen = names, seen
    return found


def disturb(engine: Engine, rnd: random.Random) -> None:
    """Changes a live tensor in a way that no verb tells."""
    tensors = [
        t for node in engine.document.nodes for t in tensors_in(engine.plan.value(node)) if t.is_floating_point()
    ]
    if not tensors:
        return
    tensor = rnd.choice(tensors)
    match rnd.randrange(6):
        case 0:
            tensor.data.mul_(3)  # no version tells of it
        case 1:
            with torch.no_grad():
                tensor.add_(1)
        case 2 if is_leaf(tensor) and tensor.requires_grad:
            tensor.grad = torch.ones_like(tensor) if tensor.grad is None else tensor.grad.mul_(-1)
        case 3 if is_leaf(tensor):
            tensor.requires_grad_(not tensor.requires_grad)
        case 4 if tensor.requires_grad:
            tensor.retain_grad()
        case 5 if is_leaf(tensor):
            tensor.data = torch.zeros(2, 2, dtype=tensor.dtype)


def change(engine: Engine, rnd: random.Random) -> None:
    """An edit: another value, a name, an op, a node gone and back."""
    nodes = [node for node in engine.document.nodes.values() if not node.outputs]
    old = rnd.choice(nodes)
    new: Node | None = old
    if old.name in REPLACEMENTS and rnd.random() < 0.7:
        new = Node(old.id, old.op, rnd.choice(REPLACEMENTS[old.name]), old.kwargs, old.name)
    elif rnd.random() < 0.5:
        new = Node(old.id, old.op, old.args, old.kwargs, rnd.choice([None, "a", "c", f"k{rnd.randrange(3)}"]))
    elif old.op == "operator.mul":
        new = Node(old.id, "operator.sub", old.args, old.kwargs, old.name)
    engine.edit(Diff(nodes={old.id: (old, new)}), engine.revision + 1)


def act(engine: Engine, rnd: random.Random) -> None:
    """One verb or change."""
    match rnd.randrange(9):
        case 0:
            engine.forward()
        case 1 | 2:
            engine.forward(partial=True)
        case 3:
            engine.backward(["loss"], retain_graph=rnd.choice([None, True]))
        case 4:
            engine.zero_grad(rnd.random() < 0.5)
        case 5:
            engine.run()
        case 6:
            engine.reset()
        case 7:
            change(engine, rnd)
        case 8:
            disturb(engine, rnd)


@pytest.mark.filterwarnings("ignore:The .grad attribute")
@pytest.mark.parametrize("seed", range(12))
def test_a_frame_after_others_is_the_frame_that_one_alone_would_be(seed: int) -> None:
    rnd = random.Random(seed)
    engine = Engine(parse(SOURCE))
    sent, unpacker = Sent(), Unpacker()
    for _ in range(60):
        act(engine, rnd)
        some = tuple(rnd.sample(list(engine.document.nodes), 4))
        want = Want(rnd.choice([None, (), some]), rnd.choice([0, 50]), rnd.random() < 0.5, rnd.random() < 0.3)
        frame = engine.frame(want)
        assert exactly(frame) == exactly(afresh(engine, want))
        packer = Packer(sent)
        head, blobs = packer.message(Reply(1, frame))
        sent = packer.next
        came = unpacker.message(head, b"".join(blobs)).frame
        assert exactly(came) == exactly(frame)


def test_a_frame_that_has_hardly_changed_is_a_short_message() -> None:
    lines = "".join(f"x{k + 1} = x{k} * 2\n" for k in range(500))
    engine = Engine(parse(f"import torch\nx0 = torch.ones(3)\n{lines}"))
    engine.forward()
    sent, sizes = Sent(), []
    for _ in range(3):
        packer = Packer(sent)
        head, blobs = packer.message(engine.frame(Want(("x3",))))
        sizes.append(len(head) + sum(map(len, blobs)))
        sent = packer.next
        node = (
            engine.document.nodes["x0"] if "x0" in engine.document.nodes else next(iter(engine.document.nodes.values()))
        )
        engine.edit(
            Diff(nodes={node.id: (node, Node(node.id, "torch.zeros", (3,), (), node.name))}), engine.revision + 1
        )
        engine.forward(partial=True)
    assert sizes[1] < sizes[0] / 20
    assert sizes[2] < sizes[0] / 20
