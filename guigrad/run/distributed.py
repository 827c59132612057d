"""A training as a script for ``torchrun``: the forward part of its loop becomes a module, each process takes its rows of every batch.

Note [Sharded batches]
What of a round leads to the loss and depends on the trained leaves is moved into ``forward`` of a module that holds those leaves; everything else
stays where it is and is done alike in every process, under the same seed. Values that descend from the data and are read by that part are shared
out: of N rows process r of W takes rows N·r // W up to N·(r + 1) // W. DistributedDataParallel averages the gradients of the processes, so the
loss of n rows is multiplied by n·W / N where it is a mean over rows, and by W where it is a sum; a process without rows takes one with the factor
0. So the averaged gradient is that of the whole batch up to rounding, however uneven the parts are. Which of the two a loss is, and that the gradient
comes out the same, the script finds out before its first step by computing that batch whole as well; it stops when neither holds. The name of the loss holds
the loss of the whole batch, the same number in every process, so that what depends on it (a print, an early stop, a scheduler) does the same everywhere.
"""

from __future__ import annotations

from msgspec import structs

from guigrad.document import order, tree
from guigrad.document.draft import free_name, names_in
from guigrad.document.model import (
    Document,
    In,
    item_key,
)
from guigrad.document.written import written
from guigrad.ops.table import find
from guigrad.run.distributed_plan import Plan, Planner, refused
from guigrad.run.distributed_text import HEAD, MODULE, SET_UP, TAIL, UNSEEDED
from guigrad.source.emit import emit_lines

_GRAD_READS = ("torch.Tensor.grad", "getattr.grad")
_PASS_ON = ("python.list", "python.tuple", "python.dict", "python.alias", "python.unpack", "builtins.list")


def distributed(document: Document) -> str:
    """The script. It needs torch alone and runs under ``torchrun``, and without it as one process.

    Raises: ProblemError with the reason where the training cannot be shared out.
    """
    plan = Planner(_without_taken_names(document)).plan()
    return _Script(plan).text()


TAKEN = frozenset(
    ("argparse", "ctypes", "json", "os", "sys", "threading", "time", "dist", "DistributedDataParallel", "Forward", "Distributed", "save", "print", "__doc__")
)  # fmt: skip
"""What the script calls its own things, beside what begins with ddp."""


def _without_taken_names(document: Document) -> Document:
    """The document without names that the script needs for itself."""

    def is_taken(name: str | None) -> bool:
        return name is not None and (name in TAKEN or name == "ddp" or name.startswith("ddp_"))

    names = names_in(document) | {function.name for function in document.functions.values()}
    if not any(map(is_taken, names)):
        return document
    if document.functions:
        raise refused(f"{next(filter(is_taken, sorted(names)))} is a name that the script needs: rename it")
    instead: dict[str | None, str] = {}
    for name in filter(is_taken, sorted(names)):
        instead[name] = free_name(names, f"{name}_" if name in TAKEN else f"own_{name}")
        names.add(instead[name])
    nodes = {
        key: structs.replace(
            node,
            name=instead.get(node.name, node.name),
            outputs=tuple(instead.get(name, name) for name in node.outputs),
        )
        for key, node in document.nodes.items()
    }
    return structs.replace(document, nodes=nodes)


class _Script:
    """Takes the ordinary script apart and puts it together anew."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        text, self.places = emit_lines(plan.document)
        self.lines = text.split("\n")
        self.main = written(plan.document).main[0]

    def text(self) -> str:
        """The whole script."""
        plan, document = self.plan, self.plan.document
        loop_line = self.places[plan.loop]
        margin = _indent(self.lines[loop_line - 1])
        top = next(item for item in document.program if plan.loop in (item_key(item), *tree.keys(item)))
        start = self.places[item_key(top)] - 1
        while start and self.lines[start - 1].startswith("#"):
            start -= 1
        last = next(
            (
                at
                for at in range(loop_line, len(self.lines))
                if self.lines[at].strip() and _indent(self.lines[at]) <= margin
            ),
            len(self.lines),
        )
        before = self._set_up(start)
        left_out = ("import torch", "import base64", "import math", "torch.set_default_device(")
        head = [line for line in before if not line.startswith(left_out)]
        names = self._names([*plan.shared, *plan.whole])
        leaves = [self.main.nodes[key].name or "" for key in plan.leaves]
        moved, body = self._round(self.lines[loop_line:last], loop_line, margin + 4, names)
        loss = self._names([plan.loss])[0]
        module = MODULE.format(
            parameters=", ".join(names), leaves=_unpacked(leaves), body="\n".join(moved).rstrip(), loss=loss
        )
        made = SET_UP.format(leaves=", ".join(leaves), shared=len(plan.shared), unused=plan.branches)
        math = "import base64\n" * any("base64." in line for line in self.lines)
        math += "import math\n" * any("math." in line for line in self.lines)
        functional = "import torch.nn.functional as F\n" if any("F." in line for line in self.lines) else ""
        head_text = HEAD.format(modules=math, functional=functional, device=_device_of(document.settings.device))
        ops = {node.op for node in document.nodes.values()}
        seeded = "torch.manual_seed" in ops or not any(order.op_marks(op) & order.Mark.DRAWS for op in ops if find(op))
        parts = [
            head_text, *([] if seeded else [UNSEEDED]), "\n".join(head), module, made,
            "\n".join([*self.lines[start:loop_line], *body, *self.lines[last:]]).rstrip("\n"),
            TAIL.format(names=", ".join(f'"{name}": {name}' for name in leaves)),
        ]  # fmt: skip
        joined = "\n\n".join(part.strip("\n") for part in parts if part.strip())
        return joined.replace("\n\nclass Forward", "\n\n\nclass Forward").replace("\n\nddp = ", "\n\n\nddp = ") + "\n"

    def _names(self, wires: list[In]) -> list[str]:
        found = []
        for wire in wires:
            node = self.main.nodes[wire.node or ""]
            name = node.outputs[wire.output] if node.outputs and wire.output < len(node.outputs) else node.name
            found.append(name or "_")
        return found

    def _set_up(self, end: int) -> list[str]:
        """What stands ahead of the loop, each trained leaf made a parameter as soon as it is there."""
        after = {self.places[key]: self.main.nodes[key] for key in self.plan.leaves}
        lines: list[str] = []
        for number, line in enumerate(self.lines[:end], 1):
            lines.append(line)
            node = after.get(number)
            if node is not None and node.op != "torch.nn.Parameter":
                lines.append(f"{node.name} = torch.nn.Parameter({node.name})")
        return lines

    def _round(self, lines: list[str], first: int, indent: int, names: list[str]) -> tuple[list[str], list[str]]:
        """The lines of the model, at the indentation of ``forward``, and those that stay in the loop."""
        model = {self.places[key] for key in self.plan.model if key in self.places}
        backward = self.places[self.plan.backward]
        blocks: list[tuple[int, list[str]]] = []
        waiting: list[str] = []
        for number, line in enumerate(lines, first + 1):
            word = line.strip()
            deeper = _indent(line) > indent or word.startswith(("else:", "elif "))
            if not word or (word.startswith("#") and not deeper):
                waiting.append(line)
            elif deeper and blocks:
                blocks[-1][1].extend([*waiting, line])
                waiting = []
            else:
                blocks.append((number, [*waiting, line]))
                waiting = []
        moved: list[str] = []
        kept: list[str] = []
        final = max(number for number, _ in blocks if number in model)
        loss = self._names([self.plan.loss])[0]
        for number, block in blocks:
            if number in model:
                moved += [f"        {line[indent:]}" if line.strip() else "" for line in block]
            elif number == backward:
                kept += [*block[:-1], f"{' ' * indent}ddp_part.backward()"]
            else:
                kept += block
            if number == final:
                kept.append(f"{' ' * indent}ddp_part, {loss} = ddp({', '.join(names)})")
        return moved, [*kept, *waiting]


def _unpacked(names: list[str]) -> str:
    return f"{names[0]}," if len(names) == 1 else ", ".join(names)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _device_of(wish: str) -> str:
    """The device of a process: each its own accelerator where the document wants one and there is one."""
    if not wish or wish == "cpu":
        return 'torch.device("cpu")'
    return 'torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if torch.cuda.is_available() else torch.device("cpu")'
