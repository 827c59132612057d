"""The engine against straight-line torch scripts, for ``guigrad bench``: pairs of the same work done both ways.

The scripts are written here, so compiling them is safe; nothing of a document is ever executed as text.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct


class Workload(Struct, frozen=True):
    """A computation as text: what makes its leaves once, the lines of one step, the root of its backward."""

    name: str
    leaves: str
    step: str
    root: str

    @property
    def script(self) -> str:
        """The whole as a document's source, without the backward."""
        return f"import torch\nimport torch.nn.functional as F\n\n{self.leaves}{self.step}"


def scalars(count: int) -> Workload:
    """A chain of ``count`` ops on numbers."""
    leaves = "a = torch.tensor(0.5, requires_grad=True)\nb = torch.tensor(1.5, requires_grad=True)\n"
    kinds = ("{} * a", "{} + b", "torch.tanh({})", "{} - a")
    lines = ["v0 = a * b\n"]
    lines += [f"v{i} = {kinds[i % 4].format(f'v{i - 1}')}\n" for i in range(1, count)]
    return Workload(f"{count:,} scalars", leaves, "".join(lines), f"v{count - 1}")


def mlp(batch: int = 64) -> Workload:
    """A network 784-256-10 with its loss."""
    leaves = (
        "torch.manual_seed(0)\n"
        f"x = torch.randn({batch}, 784)\n"
        f"target = torch.randint(10, ({batch},))\n"
        "W1 = torch.randn(784, 256, requires_grad=True)\n"
        "b1 = torch.zeros(256, requires_grad=True)\n"
        "W2 = torch.randn(256, 10, requires_grad=True)\n"
        "b2 = torch.zeros(10, requires_grad=True)\n"
    )
    step = "p1 = x @ W1\nh = p1 + b1\na = torch.relu(h)\np2 = a @ W2\ny = p2 + b2\nloss = F.cross_entropy(y, target)\n"
    return Workload("MLP 784-256-10", leaves, step, "loss")


def small_tensors(count: int = 100, size: int = 16) -> Workload:
    """A chain of ops on small matrices."""
    leaves = f"torch.manual_seed(0)\nA = torch.randn({size}, {size}, requires_grad=True)\n"
    kinds = ("{} @ A", "torch.tanh({})", "{} + A", "{} * 0.5")
    lines = ["v0 = A * 1.5\n"]
    lines += [f"v{i} = {kinds[i % 4].format(f'v{i - 1}')}\n" for i in range(1, count - 1)]
    return Workload(f"{count} ops {size}×{size}", leaves, "".join(lines) + f"loss = v{count - 2}.sum()\n", "loss")


def straight_line(work: Workload) -> Callable[[], object]:
    """One training step as a plain script does it: forward, backward, gradients to None; every value kept till the end."""
    names = [line.split(" = ")[0] for line in work.leaves.splitlines() if "requires_grad" in line]
    body = [*work.step.splitlines(), f"{work.root}.backward()", *(f"{name}.grad = None" for name in names)]
    text = f"import torch\nimport torch.nn.functional as F\n{work.leaves}def step():\n    " + "\n    ".join(body) + "\n"
    variables: dict[str, Callable[[], object]] = {}
    exec(compile(text, f"<{work.name}>", "exec"), variables)
    return variables["step"]
