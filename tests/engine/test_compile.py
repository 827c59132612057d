"""Whatever op a file names, only what a row of the table names is looked up and called."""

from __future__ import annotations

import pytest

from guigrad.api import Session
from guigrad.document.model import Document, Eval, In, Node, Sym, Value


@pytest.mark.parametrize(
    ("op", "args"),
    [
        ("operator.attrgetter", ("__class__",)),
        ("operator.call", (Sym("builtins.str"), 1)),
        ("builtins.eval", ("1 + 1",)),
        ("object.__reduce__", (In("x"),)),
        ("list.__class__", (In("x"),)),
        ("str.register_hook", (In("x"), Sym("builtins.type"))),
        ("dict.data_ptr", (In("x"),)),
        ("tuple.numpy", (In("x"),)),
        ("torch.Tensor.numpy", (In("x"),)),
        ("setitem.call", (In("names"), 0, 1)),
        ("setitem.methodcaller", (In("names"), 0, 1)),
        ("setattr.data.attrgetter", (In("x"), "T")),
        ("setattr.__class__", (In("x"), 1)),
        ("setattr.names", (In("x"), 1)),
        ("field.__class__", (In("x"),)),
        ("getattr.__class__", (In("x"),)),
        ("grad_fn.__class__", (In("x"),)),
        ("str.format", ("{0.__class__}", In("x"))),
        ("torch.add", (Sym("torch.os"), 1)),
    ],
    ids=str,
)
def test_an_op_without_a_row_is_refused(op: str, args: tuple[Value, ...]) -> None:
    nodes = (
        Node("x", "torch.ones", (2,), name="x"),
        Node("names", "python.list", ("upper",), name="names"),
        Node("out", op, args, name="out"),
    )
    document = Document(nodes={node.id: node for node in nodes}, program=tuple(Eval(node.id) for node in nodes))
    frame = Session(document).forward()
    (problem,) = [problem for problem in frame.problems if problem.severity == "error"]
    assert (problem.kind, problem.node) == ("unknown op", "out")
    assert frame["out"].value is None
