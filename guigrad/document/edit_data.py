"""Edits of data sets: their points are leaves of the document, and a record tells which ones, and what they were made of."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import structs

from guigrad.document.array import ArrayData
from guigrad.document.diff import Diff
from guigrad.document.draft import Draft, Edit, names_in, refused, resolve
from guigrad.document.edit_values import written_array
from guigrad.document.model import DataSet, Document, Effect, Eval, Node, View
from guigrad.document.tensors import why_bad
from guigrad.ops.table import find

LEAVES = {"X_train": "inputs", "y_train": "targets", "X_test": "test_inputs", "y_test": "test_targets"}
"""What the leaves of a data set are called, and which field of its record is the id of each."""

CARD_PX = 160.0
"""From one card to the next below it."""


def add_data(
    arrays: Mapping[str, ArrayData],
    name: str = "",
    kind: str = "",
    settings: Mapping[str, object] | None = None,
    at: tuple[float, float] = (0.0, 0.0),
) -> Edit:
    """Puts a data set in front of the program: a leaf for each of ``arrays`` (keys of ``LEAVES``), and what is known of it.

    Leaves get the same number behind their names where one of them is taken. Nothing that the program computes changes.
    """

    def apply(document: Document) -> Diff:
        _check(arrays)
        draft = Draft(document)
        ending = _free_ending(names_in(document), arrays)
        ids: dict[str, str] = {}
        index = 1 if document.program and _seeds(document) else 0
        for place, (leaf, field) in enumerate((leaf, field) for leaf, field in LEAVES.items() if leaf in arrays):
            key = ids[field] = next(draft.ids)
            draft.put_node(written_array(Node(key, "torch.tensor", name=leaf + ending), arrays[leaf]))
            draft.add(Eval(key), index=index + place)
            draft.put_view(key, View(at[0], at[1] + CARD_PX * place))
        key = next(draft.ids)
        draft.put_dataset(key, DataSet(key, name, kind, dict(settings or {}), **ids))
        return draft.diff(f"Add {name or 'data'}")

    return apply


def replace_data(
    key: str,
    arrays: Mapping[str, ArrayData],
    name: str = "",
    kind: str = "",
    settings: Mapping[str, object] | None = None,
) -> Edit:
    """Gives the leaves of a data set other values, so that all that is wired to them stays. Both must have the same leaves."""

    def apply(document: Document) -> Diff:
        _check(arrays)
        data = document.datasets.get(key)
        if data is None:
            raise refused("that data set is gone")
        draft = Draft(document)
        for leaf, field in LEAVES.items():
            node = document.nodes.get(getattr(data, field) or "")
            if (node is None) != (leaf not in arrays):
                gone = f"the data set has no {leaf}" if node is None else f"{leaf} would be left over"
                raise refused(f"{gone}: add the data as another set instead")
            if node is not None:
                draft.put_node(written_array(node, arrays[leaf]))
        draft.put_dataset(key, structs.replace(data, name=name, kind=kind, settings=dict(settings or {})))
        return draft.diff(f"Replace {data.name or 'the data'}")

    return apply


def set_leaf_values(values: Mapping[str, ArrayData], label: str = "Set the leaves") -> Edit:
    """Gives named leaves other values in one step, those of a training for example.

    Raises: Refused when one of them is no leaf with a value of its own.
    """

    def apply(document: Document) -> Diff:
        draft = Draft(document)
        for name, array in values.items():
            key = resolve(document, name)
            node = document.nodes.get(key)
            if node is None or not _is_source(node):
                raise refused(f"{name} is computed; only the value of a leaf can be set", name, key)
            draft.put_node(written_array(node, array))
        return draft.diff(label)

    return apply


def with_leaves(document: Document, values: Mapping[str, ArrayData]) -> Document:
    """The document with these values (by node id) in the leaves that require grad."""
    nodes = dict(document.nodes)
    for key, array in values.items():
        node = nodes.get(key)
        if node is not None and _is_source(node) and dict(node.kwargs).get("requires_grad") is True:
            nodes[key] = written_array(node, array)
    return structs.replace(document, nodes=nodes)


def _is_source(node: Node) -> bool:
    row = find(node.op)
    makes = row is not None and not row.effect and any(overload.returns == ("Tensor",) for overload in row.overloads)
    return (makes or node.op == "tensor.data") and not any(wire.node is not None for wire in node.inputs())


def _check(arrays: Mapping[str, ArrayData]) -> None:
    if "X_train" not in arrays:
        raise refused("a data set has a leaf X_train")
    if unknown := sorted(arrays.keys() - LEAVES.keys()):
        raise refused(f"a data set has no leaf {unknown[0]}: its leaves are {', '.join(LEAVES)}")
    for name, array in arrays.items():
        if bad := why_bad(array):
            raise refused(f"{name}: {bad}")


def _free_ending(taken: set[str], wanted: Mapping[str, ArrayData]) -> str:
    number = 1
    ending = ""
    while any(name + ending in taken for name in wanted):
        number += 1
        ending = f"_{number}"
    return ending


def _seeds(document: Document) -> bool:
    """Whether the program begins with its seed; data come behind it, as people write it."""
    first = document.program[0]
    return isinstance(first, Effect) and document.nodes[first.node].op == "torch.manual_seed"
