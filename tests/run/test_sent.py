"""What need not be told again."""

from __future__ import annotations

from guigrad.document.array import ArrayData
from guigrad.run.frame import Frame, Record, Stats
from guigrad.run.sent import KEPT_BYTES, Sent, same
from guigrad.run.shared import Packer


def test_records_are_the_same_only_if_they_are_so_exactly() -> None:
    def of(value: object, stats: Stats | None = None) -> Record:
        return Record("a", "a", "python.literal", "fresh", "float", value, stats=stats)

    assert same(of(0.0), of(0.0))
    assert not same(of(0.0), of(-0.0))
    assert not same(of((1, 2.0)), of((1.0, 2.0)))
    assert not same(of(True), of(1))
    assert not same(of(None), None)
    assert not same(of(None, Stats(0.0, 0.0, 1.0)), of(None, Stats(-0.0, 0.0, 1.0)))
    assert same(of((1, ("x", None))), of((1, ("x", None))))


def test_large_arrays_are_not_kept_for_comparing() -> None:
    def big(size: int) -> Record:
        return Record("a", "a", "tensor.data", value=ArrayData("uint8", (size,), (1,), bytes(size)))

    for size, kept in ((KEPT_BYTES, True), (KEPT_BYTES + 1, False)):
        packer = Packer(Sent())
        packer.message(Frame(records={"a": big(size)}))
        assert ("a" in packer.next.records) is kept


def test_a_message_that_cannot_cross_leaves_what_is_known_as_it_was() -> None:
    sent = Sent()
    packer = Packer(sent)
    try:
        packer.message((Frame(records={"a": Record("a", "a", "x", value=object())}),))
    except TypeError:
        pass
    else:
        raise AssertionError("an object crossed")
    assert packer.next is sent
