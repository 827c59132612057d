"""Small documents and frames for the canvas tests; the numbers are those that torch gives for the lesson."""

from __future__ import annotations

import numpy as np

from guigrad.document.array import ArrayData
from guigrad.document.model import Box, Document, Effect, Eval, In, ListOf, Node, Note, Settings, View
from guigrad.run.frame import Frame, Record

T1 = np.array([0.7659, -2.0262, -1.4139, 1.1822, -1.1543], np.float32)


def data(values: object) -> ArrayData:
    """A NumPy array as a record."""
    array = np.array(values, order="C")
    strides = tuple(s // array.itemsize for s in array.strides)
    return ArrayData(str(array.dtype), array.shape, strides, array.tobytes())


def lesson() -> Document:
    """t1 -> t2 = t1 + 2 -> t3 = 2 * t2 ** 2 -> t4 = mean; backward."""
    numbers = ListOf(tuple(float(v) for v in T1.astype(float).round(4)))
    nodes = {
        "t1": Node("t1", "torch.tensor", (numbers,), (("requires_grad", True),), "t1"),
        "two": Node("two", "python.literal", (2,), (), "two"),
        "t2": Node("t2", "operator.add", (In("t1"), In("two")), (), "t2"),
        "sq": Node("sq", "operator.pow", (In("t2"), 2)),
        "t3": Node("t3", "operator.mul", (2, In("sq")), (), "t3"),
        "t4": Node("t4", "torch.Tensor.mean", (In("t3"),), (), "t4"),
        "b": Node("b", "torch.Tensor.backward", (In("t4"),)),
    }
    views = {
        "t1": View(24, 120), "two": View(24, 300), "t2": View(256, 168), "sq": View(488, 168),
        "t3": View(488, 352), "t4": View(744, 236),
    }  # fmt: skip
    return Document(
        nodes=nodes,
        program=(*(Eval(key) for key in nodes if key != "b"), Effect("b")),
        views=views,
        boxes={"box": Box("box", "y = 2·t2²", 232, 88, 456, 424)},
        notes={"note": Note("note", "The mean spreads its gradient evenly: 1 / 5 to each element.", 744, 400, 220, 64)},
        settings=Settings(title="lesson"),
    )


def lesson_frame() -> Frame:
    """After forward and backward, t3 retained."""
    t2 = T1 + 2
    square, t3 = t2**2, 2 * t2**2
    g3, g2 = np.full(5, 0.2, np.float32), (4 * t2 / 5).astype(np.float32)

    def tensor(key: str, label: str, value: object, **more: object) -> Record:
        array = np.asarray(value, np.float32)
        return Record(
            key, label, "", "fresh", "Tensor", data(array), shape=array.shape, dtype="float32", device="cpu",
            **{"is_leaf": False, "requires_grad": True, "retains_grad": False, **more},  # type: ignore[arg-type]
        )  # fmt: skip

    records = {
        "t1": tensor("t1", "t1", T1, is_leaf=True, grad=data(g2), grad_fn=None),
        "two": Record("two", "two", "python.literal", "fresh", "int", 2),
        "t2": tensor("t2", "t2", t2, grad_fn="AddBackward0"),
        "sq": tensor("sq", "pow", square, grad_fn="PowBackward0", xray=data(np.full(5, 0.4, np.float32))),
        "t3": tensor("t3", "t3", t3, grad_fn="MulBackward0", retains_grad=True, grad=data(g3)),
        "t4": tensor("t4", "t4", t3.mean(), grad_fn="MeanBackward0"),
    }
    return Frame(
        records=records,
        labels={record.label: key for key, record in records.items()},
        contributions={
            ("t1", "t2", "self"): data(g2),
            ("t2", "pow", "self"): data(g2),
            ("pow", "t3", "other"): data(np.full(5, 0.4, np.float32)),
            ("t3", "t4", "self"): data(g3),
        },
        order=("t4", "t3", "pow", "t2", "t1"),
    )
