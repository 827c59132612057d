"""A wire that nobody has drawn: whether it fits, what mends it, and that asking changes nothing."""

from __future__ import annotations

import pytest

from guigrad.document import edit
from guigrad.document.model import Document
from guigrad.engine.handler import Handler
from guigrad.engine.play import Engine
from guigrad.run.request import Forward, Load, Look, Request, Trial, TryWire
from guigrad.source.parse.parser import parse

HEAD = "import torch\nimport torch.nn.functional as F\n"


def ids(document: Document) -> dict[str, str]:
    return {node.name: node.id for node in document.nodes.values() if node.name}


def asked(text: str, source: str, target: str, path: str) -> tuple[Document, Trial]:
    document = parse(HEAD + text)
    handler = Handler()
    handler.warm()
    handler.handle(Request(Load(document)))
    before = handler.handle(Request(Look())).frame
    names = ids(document)
    diff = edit.connect(names[source], 0, names[target], path)(document)
    reply = handler.handle(Request(TryWire(names[source], 0, names[target], path, diff), None))
    assert handler.handle(Request(Look())).frame == before
    assert handler.engine.document == document
    assert reply.trial is not None
    return document, reply.trial


CASES = [
    ("a = torch.ones(2, 3)\nb = torch.ones(2)\ny = a + 1\n", "b", "other", ".unsqueeze(1)"),
    ("a = torch.ones(2, 3)\nb = torch.ones(4, 3)\ny = a @ torch.ones(3, 2)\n", "b", "other", ".mT"),
    ("a = torch.ones(2, 3)\nb = torch.arange(3)\ny = a @ torch.ones(3)\n", "b", "other", ".to(torch.float32)"),
    ("a = torch.ones(2, 3)\nb = torch.ones(3, 2)\ny = a * 1\n", "b", "other", ".mT"),
    ("a = torch.ones(2, 3)\nb = torch.ones(6)\ny = a * 1\n", "b", "other", ".reshape(2, 3)"),
    (
        "x = torch.ones(3, 3)\nb = torch.ones(2, 2)\ny = torch.gather(x, 0, torch.zeros(2, 2, dtype=torch.int64))\n",
        "b",
        "index",
        ".to(torch.int64)",
    ),
]


@pytest.mark.parametrize(("text", "source", "path", "call"), CASES)
def test_a_wire_that_does_not_fit_says_why_and_what_mends_it(text: str, source: str, path: str, call: str) -> None:
    document, trial = asked(text, source, "y", path)
    assert trial.fits is False
    assert trial.message
    assert trial.given
    names = ids(document)
    if call:
        assert call in [repair.call for repair in trial.repairs]
    for repair in trial.repairs:  # every one that is offered runs, and gives what was said
        mended = edit.connect_through(names[source], 0, names["y"], path, repair.path, repair.op, *repair.args)(
            document
        )
        engine = Engine(mended.apply(document))
        engine.forward()
        assert not engine.problems
        record = engine.frame()["y"]
        assert record.shape is not None
        assert (
            repair.result
            == f"({', '.join(map(str, record.shape))}{',' if len(record.shape) == 1 else ''}) {record.dtype}"
        )


def test_a_wire_that_fits_tells_what_will_come_and_that_it_is_repeated() -> None:
    _, trial = asked("a = torch.ones(2, 3)\nb = torch.ones(3)\ny = a + 1\n", "b", "y", "other")
    assert (trial.fits, trial.given, trial.result, trial.broadcast) == (True, "(3,) float32", "(2, 3) float32", True)
    _, trial = asked("a = torch.ones(2, 3)\nb = torch.ones(2, 3)\ny = a + 1\n", "b", "y", "other")
    assert (trial.fits, trial.broadcast) == (True, False)


def test_what_depends_on_data_is_not_judged() -> None:
    _, trial = asked("a = torch.ones(2, 3)\nb = a[a > 0]\ny = a + 1\n", "b", "y", "other")
    assert trial.fits is None


def test_a_large_tensor_is_judged_without_its_memory() -> None:
    _, trial = asked(
        "a = torch.ones(1, 200000, 3)\nb = torch.ones(2, 5)\ny = a @ torch.ones(3, 4)\n", "b", "y", "other"
    )
    assert trial.fits is False


def test_one_of_several_values_is_picked_as_the_wire_would() -> None:
    document = parse(HEAD + "a = torch.ones(2, 3)\nm = a.max(1)\ny = a + 1\n")
    handler = Handler()
    handler.warm()
    handler.handle(Request(Load(document)))
    names = ids(document)
    diff = edit.connect(names["m"], 1, names["y"], "other")(document)
    trial = handler.handle(Request(TryWire(names["m"], 1, names["y"], "other", diff), None)).trial
    assert trial is not None
    assert (trial.fits, trial.given) == (False, "(2,) int64")
    assert trial.repairs[0].call == ".unsqueeze(1)"


FAILING = [
    "a = torch.ones(2, 3)\nb = torch.ones(2)\ny = a + b\n",
    "a = torch.ones(2, 3)\nb = torch.ones(4, 3)\ny = a @ b\n",
    "a = torch.ones(2, 3)\nb = torch.arange(3)\ny = a @ b\n",
    "a = torch.ones(2, 3)\nb = torch.ones(3, 2)\ny = torch.cat([a, b])\n",
    "x = torch.arange(4)\ny = x.mean()\n",
    "a = torch.ones(5, 3)\nb = torch.zeros(5)\ny = F.cross_entropy(a, b.to(torch.int32))\n",
]


@pytest.mark.parametrize("text", FAILING)
def test_a_failed_node_offers_what_mends_it(text: str) -> None:
    document = parse(HEAD + text)
    handler = Handler()
    handler.handle(Request(Load(document)))
    (problem,) = handler.handle(Request(Forward())).problems
    fixes = [fix for fix in problem.fixes if fix.verb == "insert_at"]
    assert fixes
    for fix in fixes:
        engine = Engine(edit.insert_at(*fix.args)(document).apply(document))
        engine.forward()
        assert not engine.problems, fix
