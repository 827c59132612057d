"""The engine's state -> a Frame: plain copies, nothing live."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import torch

from guigrad.document.array import ArrayData
from guigrad.document.diff import Diff
from guigrad.document.expand import Expansion
from guigrad.document.model import Document, Node
from guigrad.document.names import frame_labels, labels
from guigrad.engine.recorded import recorded_records
from guigrad.engine.summary import stats
from guigrad.engine.values import MISSING, array_of, arrays_of, dtype_name, is_leaf, plain, tensors_in, text_of
from guigrad.run.frame import Frame, Record, Stats
from guigrad.run.graph import Graph
from guigrad.run.request import Want
from guigrad.run.tape import Event

if TYPE_CHECKING:
    from guigrad.engine.play import Engine

LARGE = 1 << 16
"""Entries of a tensor whose statistics take a while."""
_SHOWN_OUTPUTS = 4096
"""A tuple of more values than this is one record without outputs."""


class Names:
    """Labels of a document's nodes and outputs, both ways."""

    def __init__(self, document: Document, expansion: Expansion | None = None) -> None:
        self.document = document
        self.expansion = expansion

    @cached_property
    def by_key(self) -> dict[str, str]:
        """Label of each node id."""
        return self.expansion.labels() if self.expansion is not None else dict(labels(self.document))

    @cached_property
    def by_label(self) -> dict[str, tuple[str, int | None]]:
        """(node id, output or None) of each label, names of outputs included; of a re-used name the newest."""
        return self.expansion.frame_labels() if self.expansion is not None else dict(frame_labels(self.document))

    def after(self, diff: Diff, document: Document) -> Names | None:
        """These same labels for the document after a change that renames nothing; None if they may be others."""
        if self.expansion is not None or document.functions or diff.functions or diff.program is not None:
            return None
        if any(_renamed(*nodes) for nodes in diff.nodes.values()):
            return None
        self.document = document
        return self

    def label(self, key: str) -> str:
        """A node's label; the key itself for what is no node."""
        return self.by_key.get(key, key)

    def find(self, label: str) -> tuple[str, int | None] | None:
        """The node, and which of its outputs, that a label (or a node id) means."""
        place = self.by_label.get(label)
        if place is None and label in self.document.nodes:
            place = (label, None)
        if place is None and label.endswith("]"):
            base, _, index = label[:-1].rpartition("[")
            if index.isdecimal():
                found = self.find(base)
                if found is not None and found[1] is None:
                    return (found[0], int(index))
        return place


def _renamed(old: Node | None, new: Node | None) -> bool:
    if old is None or new is None or (old.name, old.outputs) != (new.name, new.outputs):
        return True
    return old.name is None and old.op != new.op


class Seen:
    """What a frame leaves for the next one: the records of plain tensors without their values, and the labels.

    A record is taken again only if all that it says has been read anew and is as it was, so nothing old is ever shown.
    """

    def __init__(self) -> None:
        self.light: dict[str, Record] = {}
        self._names: Names | None = None
        self._shown: dict[str, str] = {}
        self._labels: dict[str, str] = {}
        self._sums: dict[int, tuple[weakref.ref[torch.Tensor], Stats | None]] = {}
        self._moment = (0, 0)

    def at(self, moment: tuple[int, int]) -> None:
        """A frame of this moment comes."""
        if moment != self._moment:
            self._moment = moment
            self._sums.clear()

    def stats(self, tensor: torch.Tensor) -> Stats | None:
        """Statistics; those of a large tensor are worked out once after each verb."""
        if tensor.numel() <= LARGE:
            return stats(tensor)
        known = self._sums.get(id(tensor))
        if known is None or known[0]() is not tensor:
            known = self._sums[id(tensor)] = (weakref.ref(tensor), stats(tensor))
        return known[1]

    def labels(self, names: Names, shown: dict[str, str]) -> dict[str, str]:
        """Every label of a frame with its key; the same dict as long as nothing is called otherwise."""
        if names is not self._names or shown != self._shown or list(shown) != list(self._shown):
            found = {label: key for key, label in shown.items()}
            for label, (key, output) in names.by_label.items():
                place = key if output is None else f"{key}[{output}]"
                if place in shown:
                    found.setdefault(label, place)
            self._names, self._shown, self._labels = names, shown, found
            self.light = {key: record for key, record in self.light.items() if key in shown}
        return self._labels


def frame(engine: Engine, want: Want) -> Frame:
    """Every node of the document at this moment."""
    records: dict[str, Record] = {}
    wanted = None if want.nodes is None else frozenset(want.nodes)
    copies = _copies(engine, want, wanted)
    label_of, read, statuses = engine.names.by_key.get, engine.plan.value, engine.state.status.get
    light, tensor, kept = engine.seen.light, torch.Tensor, engine.ledger.short
    engine.ledger.settle()
    engine.seen.at((engine.revision, engine.verbs))
    for node in engine.document.nodes.values():
        key = node.id
        whole = wanted is None or key in wanted
        label = label_of(key, key)
        value = None if whole else read(key)
        if type(value) is tensor:
            status = statuses(key, "not run")
            last = light.get(key)
            if last is None or not _as_before(last, node, label, status, value, kept(value)):
                last = light[key] = record(key, label, node.op, status, value, want, False, engine=engine)
            records[key] = last
        else:
            records.update(_records(engine, node, label, want, whole, copies))
    shown = {key: record.label for key, record in records.items()}
    tape = engine.tape
    contributions: dict[tuple[str, str, str], ArrayData] = {}
    if tape is not None and want.contributions:
        sent = {w: part for w, part in tape.contributions.items() if not 0 < want.limit < part.numel()}
        for (source, target, path), array in zip(sent, arrays_of(tuple(sent.values())), strict=True):
            if array is not None:
                contributions[(shown.get(source, source), label_of(target) or engine.label(target), path)] = array
    return Frame(
        freshness=(engine.revision, engine.verbs),
        device=engine.device,
        records=records,
        labels=engine.seen.labels(engine.names, shown),
        contributions=contributions,
        order=() if tape is None else _order(engine, tape.order, shown),
        problems=engine.problems,
        graph=_graph(engine, shown) if want.graph else None,
        events=_events(engine, shown, want) if tape is not None and want.events else (),
        played=_played(engine) if want.events else (),
        overwritten={k: tuple((op, *was) for op, was in found.items()) for k, found in engine.state.overwritten.items()}
        if want.events
        else {},
    )


def _order(engine: Engine, places: Iterable[str], shown: Mapping[str, str]) -> tuple[str, ...]:
    labels = [shown.get(place, place) for place in places]
    if any("]" in label for label in labels):
        labels = [_named(engine, label, place) for label, place in zip(labels, places, strict=True)]
    return tuple(dict.fromkeys(labels))


def _as_before(last: Record, node: Node, label: str, status: str, value: torch.Tensor, kept: tuple[int, str]) -> bool:
    """Whether the record of a tensor without its value is the one of the last frame."""
    name = grad_fn_name(value)
    return (
        last.state == status
        and last.grad_fn == name
        and last.version == (None if value.is_inference() else value._version)
        and last.requires_grad is value.requires_grad
        and last.is_leaf is is_leaf(value)
        and last.retains_grad is value.retains_grad
        and last.shape == value.shape
        and last.dtype == dtype_name(value.dtype)
        and last.device == _device_name(value.device)
        and (last.contributions, last.emptied) == kept
        and last.label == label
        and last.op == node.op
    )


@cache
def _device_name(device: torch.device) -> str:
    return str(device)


def _graph(engine: Engine, shown: dict[str, str]) -> Graph | None:
    from guigrad.engine.graphs import graph_of  # a cycle otherwise: it names grad_fns as this module does

    return graph_of(engine, lambda place: shown.get(place, engine.label(place)))


def _events(engine: Engine, shown: dict[str, str], want: Want) -> tuple[Event, ...]:
    from guigrad.engine.events import events  # a cycle otherwise: events names grad_fns as this module does

    assert engine.tape is not None
    return events(engine.tape, lambda place: shown.get(place, engine.label(place)), want.limit)


def _played(engine: Engine) -> tuple[str, ...]:
    status = engine.state.status
    return tuple(key for key in engine.state.order if status.get(key) in ("fresh", "failed"))


def _named(engine: Engine, label: str, place: str) -> str:
    """What a place is called in the order: an element that has no name of its own goes by its node's."""
    return engine.label(place.partition("[")[0]) if label.endswith("]") else label


Copies = Mapping[int, ArrayData | None]
"""Copies of tensors by their ``id``."""


def _copies(engine: Engine, want: Want, wanted: frozenset[str] | None) -> Copies:
    """Copies of the numbers that a frame will carry, made together. Each tensor lives in its plan or tape while they are used."""
    keys = engine.document.nodes if wanted is None else wanted
    tensors = [value for key in keys if type(value := engine.plan.value(key)) is torch.Tensor and not value.dim()]
    if engine.tape is not None and keys:
        tensors += [part for place, part in engine.tape.gradients.items() if place in keys and not part.dim()]
    return dict(zip(map(id, tensors), arrays_of(tensors), strict=True))


def _copy(tensor: torch.Tensor, copies: Copies) -> ArrayData | None:
    return copies[id(tensor)] if id(tensor) in copies else array_of(tensor)


def _records(
    engine: Engine, node: Node, label: str, want: Want, whole: bool, copies: Copies
) -> Iterator[tuple[str, Record]]:
    value = engine.plan.value(node.id)
    status = engine.state.status.get(node.id, "not run")
    kept = recorded_records(engine, node, want, whole) if value is MISSING else []
    if kept:
        yield from kept
        return
    if value is MISSING:
        yield node.id, Record(node.id, label, node.op, status)
        for output, name in enumerate(node.outputs):
            yield f"{node.id}[{output}]", Record(node.id, name or f"{label}[{output}]", node.op, status)
        return
    xray = {} if engine.tape is None else engine.tape.gradients
    yield node.id, record(node.id, label, node.op, status, value, want, whole, xray.get(node.id), engine, copies)
    if isinstance(value, tuple | list) and len(value) <= _SHOWN_OUTPUTS and (node.outputs or tensors_in(value)):
        for output, item in enumerate(value):
            name = node.outputs[output] if output < len(node.outputs) else None
            key = f"{node.id}[{output}]"
            shown = (
                f"{label}[{output}]" if name is None or engine.names.by_label.get(name) != (node.id, output) else name
            )
            yield key, record(node.id, shown, node.op, status, item, want, whole, xray.get(key), engine)


def record(
    key: str,
    label: str,
    op: str,
    status: str,
    value: Any,
    want: Want,
    whole: bool,
    xray: torch.Tensor | None = None,
    engine: Engine | None = None,
    copies: Copies = MappingProxyType({}),
) -> Record:
    """One value as a record; its engine knows what a ``.grad`` is made of."""
    kind = type(value).__name__
    if not isinstance(value, torch.Tensor):
        known = plain(value) if not isinstance(value, tuple | list) or whole else None
        return Record(
            key,
            label,
            op,
            status,
            kind,
            known,
            text=text_of(value) if not isinstance(known, bool | int | float) else "",
        )
    grad = value.grad if is_leaf(value) or value.retains_grad else None
    fits = whole and (not want.limit or value.numel() <= want.limit)
    shown = _copy(value, copies) if fits else None
    sums = stats if engine is None else engine.seen.stats
    kept = (0, "") if engine is None else engine.ledger.short(value)
    return Record(
        id=key,
        label=label,
        op=op,
        state=status,
        kind=kind,
        value=shown,
        grad=array_of(grad) if grad is not None and fits else None,
        xray=_copy(xray, copies) if xray is not None and fits else None,
        grad_fn=grad_fn_name(value),
        is_leaf=is_leaf(value),
        requires_grad=value.requires_grad,
        retains_grad=value.retains_grad,
        shape=tuple(value.shape),
        dtype=dtype_name(value.dtype),
        device=_device_name(value.device),
        version=None if value.is_inference() else value._version,
        text=text_of(value) if shown is None and fits else "",
        stats=sums(value) if whole and (want.stats or not fits) else None,
        grad_stats=sums(grad) if grad is not None and whole and (want.stats or not fits) else None,
        contributions=kept[0],
        emptied=kept[1],
    )


def grad_fn_name(tensor: torch.Tensor) -> str | None:
    """The name that torch prints: "MulBackward0"; "Invalid" where torch refuses to tell."""
    try:
        node = tensor.grad_fn
    except RuntimeError:
        return "Invalid"
    if node is None:
        return None
    return name_of_grad_fn(node)


def name_of_grad_fn(node: Any) -> str:
    """The name of a grad_fn without its namespace: "MulBackward0"."""
    name = type(node).__name__
    return str(node.name()).rsplit("::", 1)[-1] if name == "CppFunction" else name
