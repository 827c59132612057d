"""The committed catalogue is what torch's own schemas say, and every row of it can be called."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import pytest
import torch

from guigrad.engine import catalogue, excluded
from guigrad.engine.resolve import resolve
from guigrad.ops import table
from guigrad.ops.bind import Kind, bind, kind_of
from guigrad.paths import resources


@pytest.mark.skipif(not torch.__version__.startswith("2.13."), reason="the committed catalogue is that of torch 2.13")
def test_the_committed_file_is_the_generated_one() -> None:
    committed = (resources() / "catalogue.json").read_text(encoding="utf-8")
    assert committed == catalogue.text(), "run: python -m guigrad.engine.catalogue"


def test_it_covers_torchs_namespaces() -> None:
    count = Counter(row.targets[0].rpartition(".")[0] for row in table.catalogue().ops)
    assert count["torch"] > 600
    assert count["torch.Tensor"] > 520
    assert count["torch.nn.functional"] > 125
    assert (count["torch.linalg"], count["torch.special"], count["torch.fft"]) >= (41, 56, 22)
    assert sum(count.values()) > 1400


def test_every_row_resolves_is_described_and_typed() -> None:
    for row in table.all_rows():
        assert row.overloads, row.targets
        assert row.doc.strip(), row.targets
        assert row.key
        for overload in row.overloads:
            names = [param.name for param in overload.params]
            assert len(names) == len(set(names)), row.targets
            assert overload.returns
    for row in table.catalogue().ops:
        assert callable(resolve(row.targets[0]))


def test_docs_are_plain_words() -> None:
    for row in table.catalogue().ops:
        assert ":attr:" not in row.doc
        assert ":math:" not in row.doc
        assert "`" not in row.doc, row.doc
        assert "\n" not in row.doc


def test_flags() -> None:
    for target, effect in {
        "torch.Tensor.mul_": "in-place",
        "torch.relu_": "in-place",
        "torch.nn.init.zeros_": "in-place",
    }.items():
        assert table.effect_of(target) == effect
    for target in (
        "torch.randn",
        "torch.bernoulli",
        "torch.Tensor.normal_",
        "torch.nn.functional.dropout",
        "torch.randperm",
        "torch.multinomial",
    ):
        assert table.is_random(target), target
    for target in ("torch.Tensor.view", "torch.transpose", "torch.Tensor.expand", "torch.unbind"):
        row = table.find(target)
        assert row is not None
        assert row.view, target


def test_excluded_names_are_in_no_row() -> None:
    targets = set(table.targets())
    assert not targets & excluded.NAMES
    allowed = {"torch.Tensor._version", "torch.Tensor._base", "type.__name__", "object.__name__"}
    assert not {t for t in targets if any(part.startswith("_") for part in t.split("."))} - allowed


def kind(value: Any) -> Kind:
    if isinstance(value, torch.Size):
        return "Size"
    known = (
        (torch.Tensor, "Tensor"),
        (torch.dtype, "dtype"),
        (torch.device, "device"),
        (torch.layout, "layout"),
        (torch.memory_format, "memory_format"),
    )
    return kind_of(
        value, lambda other: next((name for type_, name in known if isinstance(other, type_)), type(other).__name__)
    )


@cache
def samples() -> list[tuple[str, list[Kind], dict[str, Kind]]]:
    """A few of torch's own samples of every op that has a row: (target, kinds of the arguments, kinds of the keywords)."""
    from torch.testing._internal import common_utils
    from torch.testing._internal.common_methods_invocations import op_db
    from torch.testing._internal.opinfo import core

    targets: dict[Any, str] = {}
    for row in table.all_rows():
        if row.targets[0].startswith("torch."):
            targets.setdefault(resolve(row.targets[0]), row.targets[0])
    # all_rows gives curated rows too, whose first target may be another: ask the generated rows for the rest
    for row in table.catalogue().ops:
        targets.setdefault(resolve(row.targets[0]), row.targets[0])
    # Before every sample it walks the stack, for a unittest and for lazy devices, which costs a minute under pytest.
    patch = pytest.MonkeyPatch()
    patch.setattr(common_utils, "extract_test_fn", lambda: None)
    patch.setattr(core, "extract_test_fn", lambda: None)
    patch.setattr(common_utils, "set_rng_seed", torch.default_generator.manual_seed)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # tiny tensors: threads only wait for each other
    found: list[tuple[str, list[Kind], dict[str, Kind]]] = []
    for op in op_db:
        dtype = next((dtype for dtype in (torch.float32, torch.int64, *op.dtypes) if dtype in op.dtypes), None)
        variants = [v for v in (op.op, op.method_variant, op.inplace_variant) if callable(v) and v in targets]
        if dtype is None or not variants:
            continue
        for sample, _ in zip(op.sample_inputs("cpu", dtype), range(2), strict=False):
            for variant in variants:
                keywords = {name: kind(value) for name, value in sample.kwargs.items()}
                found.append((targets[variant], [kind(sample.input), *map(kind, sample.args)], keywords))
    torch.set_num_threads(threads)
    patch.undo()
    return found


def wires(part: Kind) -> Kind:
    """The same kind with every tensor a wire of unknown type."""
    return tuple(wires(item) for item in part) if isinstance(part, tuple) else "any" if part == "Tensor" else part


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("known", [True, False], ids=["typed", "untyped"])
def test_torchs_own_samples_bind(known: bool) -> None:
    found = samples()
    assert len(found) > 1500
    assert len({target for target, _, _ in found}) > 700
    for target, args, kwargs in found:
        row = table.find(target)
        assert row is not None
        given = args if known else [wires(arg) for arg in args]
        binding = bind(row, given, kwargs if known else {name: wires(part) for name, part in kwargs.items()})
        assert binding.problem == "", (target, args, kwargs)
        ports = {place.param for place in binding.places if not place.index and "Tensor" in place.type}
        tensors = [
            part
            for part in (*args, *kwargs.values())
            if part == "Tensor" or (isinstance(part, tuple) and "Tensor" in part)
        ]
        assert len(tensors) == 0 or ports, (target, args, kwargs)
        assert {place.where for place in binding.places} == {*range(len(args)), *kwargs}, target
