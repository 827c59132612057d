"""The harness of ``guigrad bench``."""

from __future__ import annotations

from guigrad import bench
from guigrad.document.model import wires_in


def test_paired_gives_the_ratio_of_the_same_rounds() -> None:
    counts = [0, 0]

    def count(which: int, work: int) -> None:
        counts[which] += 1
        sum(range(work))

    row = bench.paired(bench.Pair("sum", lambda: count(0, 20_000), lambda: count(1, 60_000), 1.0, rounds=30))
    assert counts[0] == counts[1]
    assert 1.5 < row.value < 6
    assert row.low <= row.value <= row.high
    assert row.reached is False
    assert "MISSED" in bench.line(row)


def test_the_large_document_has_one_and_a_half_wires_a_node() -> None:
    document = bench.large_document(1_000)
    wires = sum(1 for node in document.nodes.values() for _ in wires_in(node.args))
    assert len(document.nodes) == len(document.program) == 1_000
    assert 1_490 <= wires <= 1_510


def test_the_import_is_measured() -> None:
    row, typing = bench.measure("startup", quick=True)
    assert typing.value > 0
    assert row.unit == "ms"
    assert row.value > 0
    assert "import guigrad" in bench.line(row)
