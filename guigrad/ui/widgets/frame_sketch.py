"""Sketches of steps that nobody looked at while they were trained, made from the frames that are kept of them."""

from __future__ import annotations

import math
from time import perf_counter
from typing import Any, Final

import numpy as np
from msgspec import structs

from guigrad.document.array import ArrayData
from guigrad.document.model import Document
from guigrad.run.frame import Frame, Record
from guigrad.run.recording import Recording
from guigrad.run.sketch import BINS, PARAMETERS, Bins, Sketch, Spot, bare

SECONDS: Final = 0.02
"""So long frames are looked at in one go."""


def fill_in(recording: Recording, document: Document, bins: bool, run: int | None = None) -> bool:
    """Sketches of frames of a run (None: the one that goes on) that have none yet, or no histograms, as many as there is time for; whether all have.

    How far a step moved is not known of a frame.
    """
    spans = recording.spans(run)
    known = {one.step: one for one in recording.sketches.along(spans)}
    until, further = perf_counter() + SECONDS, False
    for owner, low, high in spans:
        for step, frame in recording.frames_of(owner):
            if perf_counter() > until:
                return not further
            there = known.get(step)
            if not low < step <= high or (there is not None and (there.has_bins or not bins)):
                continue
            if not recording.sketches.is_thinned(owner):
                made = from_frame(frame, step, document)
                further |= made.has_bins
                recording.sketches.add(owner, made if there is None else _with_bins(there, made))
    return True


def _with_bins(sketch: Sketch, made: Sketch) -> Sketch:
    known = {spot.id: spot for spot in made.spots}
    spots = [
        structs.replace(spot, value=known[spot.id].value, grad=known[spot.id].grad if spot.grad is not None else None)
        if spot.id in known
        else spot
        for spot in sketch.spots
    ]
    return structs.replace(sketch, spots=tuple(spots))


def from_frame(frame: Frame, step: int, document: Document) -> Sketch:
    """What a frame tells of the parameters: its leaves that require grad."""
    leaves = {
        key: record
        for key, record in frame.records.items()
        if record.is_leaf and record.requires_grad and isinstance(record.value, ArrayData) and record.value.size
    }
    older = set[str]()
    for key in leaves:
        node = document.nodes.get(key)
        if node is not None and node.op == "python.carry":
            older |= {wire.node for wire in node.inputs() if wire.node in leaves and not _same(leaves, key, wire.node)}
    groups: dict[bytes, list[str]] = {}  # what is changed in place has a node for each version, of the same bits
    for key, record in leaves.items():
        if key not in older and not record.op.startswith("setattr."):
            groups.setdefault(record.value.data, []).append(key)
    kept = {one for keys in groups.values() for one in _first(keys, document, leaves)}
    spots = [_spot(record) for key, record in leaves.items() if key in kept]
    return Sketch(step, tuple(spots[:PARAMETERS]), max(0, len(spots) - PARAMETERS))


def _first(keys: list[str], document: Document, leaves: dict[str, Record]) -> list[str]:
    """Of leaves of the same bits those that are made from no other tensor, else the first that has a name."""
    nodes = document.nodes
    sources = [key for key in keys if key in nodes and not any(wire.node in leaves for wire in nodes[key].inputs())]
    named = [key for key in keys if key in nodes and nodes[key].name]
    return (sources if len(sources) > 1 else named[:1]) or keys[:1]


def _same(leaves: dict[str, Record], one: str, other: str | None) -> bool:
    return other is not None and leaves[one].value == leaves[other].value


def _spot(record: Record) -> Spot:
    gradient = record.grad if record.grad is not None and _numbers(record.grad).any() else record.xray
    value = _numbers(record.value)
    heard = None if gradient is None else _numbers(gradient)
    norm = math.nan if heard is None else float(np.linalg.norm(heard))
    return Spot(
        record.id, bare(record.label), value.size, float(np.linalg.norm(value)), norm, math.nan, _bins(value),
        None if heard is None else _bins(heard),
    )  # fmt: skip


def _numbers(data: ArrayData) -> Any:
    found = np.asarray(data.numpy()).reshape(-1)
    return (np.abs(found) if found.dtype.kind == "c" else found).astype(np.float64)


def _bins(numbers: Any) -> Bins:
    good = numbers[np.isfinite(numbers)]
    if not len(good):
        return Bins(odd=len(numbers))
    low, high = float(good.min()), float(good.max())
    count = 1 if low == high else int(min(BINS, 2 ** math.floor(math.log2(4 * math.sqrt(len(good))))))
    counts = np.array([len(good)]) if count == 1 else np.histogram(good / _top(good), count)[0]
    return Bins(low, high, counts.astype(np.uint32).tobytes(), len(numbers) - len(good))


def _top(numbers: Any) -> float:
    """The width of the range of the largest numbers is no number."""
    return float(np.abs(numbers).max()) or 1.0
