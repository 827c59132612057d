"""Tensors from the clipboard: onto the leaf that is chosen, else as a new leaf at the pointer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QMimeData, QPointF
from PySide6.QtGui import QImage

from guigrad.document.array import NUMPY, ArrayData
from guigrad.document.draft import free_name, names_in
from guigrad.document.edit_cells import written_dtype
from guigrad.document.model import Node
from guigrad.document.tensors import contiguous
from guigrad.files.tensor_text import TensorTextError, looks_like_tensor, read_tensor_text
from guigrad.ops import table
from guigrad.ui.canvas.images import ImageError, image_array

if TYPE_CHECKING:
    from guigrad.ui.canvas.commands import Commands

BESIDE_PX: Final = 14.0
"""A new leaf does not lie under the pointer, so that pasting again makes another one."""


def paste_tensor(view: Commands, data: QMimeData) -> bool:
    """Takes a picture, or a text that means a tensor; False for anything else."""
    if data.hasImage() and not data.text().strip():
        try:
            put_array(view, image_array(QImage(data.imageData())), _pointer(view), "image", onto=True)
        except ImageError as error:
            view.answer(str(error))
        return True
    text = data.text()
    target = chosen_leaf(view)
    if not looks_like_tensor(text) and not (target and re.match(r"^\s*torch\.tensor\s*\(|^\s*[-+\d.]", text)):
        return False
    try:
        array, grad = read_tensor_text(text)
    except TensorTextError as error:
        view.answer(str(error))
        return True
    put_array(view, array, _pointer(view), onto=True, grad=grad)
    return True


def put_array(
    view: Commands, array: ArrayData, at: QPointF, name: str = "", onto: bool = False, grad: bool = False
) -> bool:
    """Gives the chosen leaf this value, or adds a leaf at a point of the screen; False when it was refused, with the reason shown."""
    key = chosen_leaf(view) if onto else ""
    if key:
        reason = view.intents.set_array(key, _fitted(view, key, array))
        view.answer(reason)
        return not reason
    x, y = view.viewport.to_world(at.x() + BESIDE_PX, at.y() + BESIDE_PX)
    word = re.sub(r"\W+", "_", name).strip("_").lower()
    names = names_in(view.scene.document)
    called = free_name(names, word if word.isidentifier() and word not in ("torch", "math", "f") else "t1")
    key, reason = view.intents.add_array(array, (round(x), round(y)), called, grad)
    view.answer(reason)
    if key:
        view.select((key,))
    return not reason


def chosen_leaf(view: Commands) -> str:
    """The one selected source, if the pointer is on it or off the canvas; "" for none."""
    key = view.selection[0] if len(view.selection) == 1 else ""
    node = view.scene.document.nodes.get(key)
    if node is None or not holds_tensor(node):
        return ""
    if not view.rect().contains(view.pointer.toPoint()) or not view.underMouse():
        return key
    row = view.scene.node_at(*view.viewport.to_world(view.pointer.x(), view.pointer.y()))
    return key if row is not None and view.scene.ids[row] == key else ""


def holds_tensor(node: Node) -> bool:
    """Whether a node is a source that makes a tensor of its own."""
    row = table.find(node.op)
    makes = row is not None and not row.effect and any(overload.returns == ("Tensor",) for overload in row.overloads)
    return (makes or node.op == "tensor.data") and not any(wire.node is not None for wire in node.inputs())


def _fitted(view: Commands, key: str, array: ArrayData) -> ArrayData:
    """The array in the dtype of a leaf of floats, so that a table of whole numbers does not make it one of integers."""
    node = view.scene.document.nodes[key]
    record = view.scene.faces.record(view.scene.row[key])
    dtype = written_dtype(node) if node.op == "torch.tensor" and node.args else (record.dtype if record else None)
    if not dtype or dtype == array.dtype or dtype not in NUMPY or array.dtype.startswith("complex"):
        return array
    if not dtype.startswith("float"):
        return array
    with np.errstate(over="ignore"):
        values = array.numpy().astype(NUMPY[dtype])
    return ArrayData(dtype, array.shape, contiguous(array.shape), np.ascontiguousarray(values).tobytes())


def _pointer(view: Commands) -> QPointF:
    inside = view.rect().contains(view.pointer.toPoint())
    return view.pointer if inside else QPointF(view.rect().center())
