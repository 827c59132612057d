"""Samples of a training: in order, shuffled, drawn anew for each step; read, written, changed into one another, and taken back."""

from __future__ import annotations

import pytest

import guigrad
from guigrad.document import edit
from guigrad.document.draft import Refused
from guigrad.document.model import Document
from guigrad.document.training_read import read_training
from guigrad.source.emit import emit

HEAD = """import torch

torch.manual_seed(0)
X = torch.randn(12, 3)
y = torch.randn(12)
w = torch.zeros(3, requires_grad=True)
opt = torch.optim.Adam([w], lr=0.01)
"""
PLAIN = """for step in range(8):
    loss = ((X @ w - y) ** 2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
"""
DRAWN = """for step in range(8):
    rows = torch.randint(len(X), (4,))
    xb = X[rows]
    yb = y[rows]
    loss = ((xb @ w - yb) ** 2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
"""


def data(document: Document) -> list[str]:
    return [node.id for node in document.nodes.values() if node.name in ("X", "y")]


def changed(document: Document, size: int, shuffle: bool = False, drawn: bool = False) -> Document:
    diff = edit.set_batches(data(document) if size else [], size, shuffle, drawn)(document)
    after = diff.apply(document)
    assert diff.inverse().apply(after) == document
    assert guigrad.parse(emit(after)).canonical() == after.canonical()
    return after


def test_drawn_samples_are_written_read_and_taken_back() -> None:
    document = guigrad.parse(HEAD + PLAIN)
    after = changed(document, 4, drawn=True)
    assert emit(after) == HEAD + DRAWN
    known = read_training(guigrad.parse(HEAD + DRAWN))
    assert known is not None
    assert (known.odd, known.epochs, known.shuffled, bool(known.drawn)) == ({}, "", False, True)
    assert known.batch is not None
    assert known.batch.value == 4
    bigger = edit.set_number("batch", 6)(after).apply(after)
    assert emit(bigger) == HEAD + DRAWN.replace("(4,)", "(6,)")
    assert emit(changed(after, 0)) == HEAD + PLAIN


@pytest.mark.parametrize(("shuffle", "drawn"), [(True, False), (False, False), (False, True)])
def test_every_way_leads_to_every_other(shuffle: bool, drawn: bool) -> None:
    document = guigrad.parse(HEAD + PLAIN)
    start = changed(document, 4, shuffle, drawn)
    for other in ((True, False), (False, False), (False, True)):
        after = changed(start, 4, *other)
        known = read_training(after)
        assert known is not None
        assert (known.shuffled, bool(known.drawn), bool(known.epochs)) == (*other, not other[1])
        assert emit(after) == emit(changed(document, 4, *other))
    assert emit(changed(start, 0)) == HEAD + PLAIN


@pytest.mark.parametrize(
    "change", [("(4,)", "(4, 2)"), ("(4,)", "(len(y),)"), ("y[rows]", "y[torch.randint(len(X), (4,))]"), ("    rows", "    if step < 3:\n        y = y * 1.0\n    rows")]
)  # fmt: skip
def test_other_ways_to_draw_are_left_alone(change: tuple[str, str]) -> None:
    document = guigrad.parse(HEAD + DRAWN.replace(*change))
    known = read_training(document)
    assert known is not None
    assert known.batch is None or known.drawn
    assert emit(document) == HEAD + DRAWN.replace(*change)


def test_what_is_trained_cannot_be_drawn_from() -> None:
    document = guigrad.parse(HEAD + PLAIN)
    with pytest.raises(Refused, match="w is trained"):
        edit.set_batches([next(node.id for node in document.nodes.values() if node.name == "w")], 2, drawn=True)(
            document
        )
