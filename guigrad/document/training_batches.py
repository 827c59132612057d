"""Batches of a training, read: which samples each step takes of which data. See Note [Parts of a training] in document/training."""

from __future__ import annotations

from guigrad.document.model import Document, In, ListOf, Loop, Node, Slice, Value, item_key
from guigrad.document.training import flat, setting


def read_batches(document: Document, loop: Loop, around: Loop | None) -> dict[str, object] | None:
    """The fields of a ``Training`` that tell of its batches; None where it takes none that are known."""
    return _Batches(document, loop, around).read()


class _Batches:
    def __init__(self, document: Document, loop: Loop, around: Loop | None) -> None:
        self.document, self.nodes, self.loop, self.around = document, document.nodes, loop, around

    def _node(self, value: Value) -> Node | None:
        return self.nodes.get(value.node or "") if isinstance(value, In) else None

    def read(self) -> dict[str, object] | None:
        """``for i in range(0, len(X), 16)`` with ``perm[i:i + 16]``, or ``X[i:i + 16]``, or samples drawn; None if it is something else."""
        if self.around is None:
            return self._drawn()
        node = self._node(self.loop.iter)
        if node is None or node.op != "builtins.range" or len(node.args) != 3 or node.args[0] != 0:
            return None
        size = setting(self.document, node, "step", node.args[2])
        if size is None:
            return None
        slices: list[str] = []
        for item in flat(self.loop.body):
            one = self.nodes.get(item_key(item))
            if one is not None and one.op == "operator.getitem" and self._is_slice(one.args[1]):
                slices.append(one.id)
        perms = [key for key in slices if self._is_perm(self.nodes[key].args[0])]
        if perms and len(perms) == len(slices):
            taken = [
                (str(one.args[0].node), one.id)
                for item in flat(self.loop.body)
                if (one := self.nodes.get(item_key(item))) is not None and one.op == "operator.getitem"
                and isinstance(one.args[1], In) and one.args[1].node in perms and isinstance(one.args[0], In)
            ]  # fmt: skip
            perm = self.nodes[perms[0]].args[0]
            same = all(self.nodes[key].args[0] == perm for key in perms)
            if same and taken and isinstance(perm, In):
                return {"batch": size, "batched": tuple(taken), "shuffled": True, "perm": str(perm.node)}
            return None
        if slices and not perms:
            firsts = [(self.nodes[key].args[0], key) for key in slices]
            return {
                "batch": size,
                "batched": tuple((str(first.node), key) for first, key in firsts if isinstance(first, In)),
            }
        return None

    def _drawn(self) -> dict[str, object] | None:
        """``rows = torch.randint(len(X), (16,))`` in each step, and ``X[rows]``."""
        taken: list[tuple[str, str]] = []
        found: Node | None = None
        for item in flat(self.loop.body):
            one = self.nodes.get(item_key(item))
            if one is None or one.op != "operator.getitem" or not isinstance(one.args[0], In):
                continue
            maker = self._node(one.args[1])
            if (
                maker is None
                or maker.op != "torch.randint"
                or all(item_key(other) != maker.id for other in flat(self.loop.body))
            ):
                continue
            if found not in (None, maker):
                return None
            found = maker
            taken.append((str(one.args[0].node), one.id))
        if found is None:
            return None
        at = next((at for at, value in enumerate(found.args) if isinstance(value, tuple | ListOf)), None)
        shape = found.args[at] if at is not None else None
        numbers = shape.items if isinstance(shape, ListOf) else shape
        if at is None or not isinstance(numbers, tuple) or len(numbers) != 1:
            return None
        size = setting(self.document, found, "size[0]", numbers[0])
        return None if size is None else {"batch": size, "batched": tuple(taken), "drawn": found.id}

    def _is_slice(self, value: Value) -> bool:
        if not isinstance(value, Slice) or value.start != In(self.loop.var) or value.step is not None:
            return False
        stop = self._node(value.stop)
        return stop is not None and stop.op == "operator.add" and stop.args[0] == In(self.loop.var)

    def _is_perm(self, value: Value) -> bool:
        maker = self._node(value)
        inside = self.around is not None and any(item_key(item) == maker.id for item in flat(self.around.body) if maker)
        return maker is not None and maker.op == "torch.randperm" and inside
