"""Shapes, dtypes and memory of a document's values before anything real has run.

Note [Shadow]
A second engine plays the same document under torch's FakeTensorMode: every op of the forward pass, with its own rules for regions, loops and
effects, but tensors without memory. It follows the document edit by edit and computes only what an edit made stale. What depends on
data (``h[h > 0]``) stays unknown until it has run. Fake ops word their errors otherwise, so a failure is believed only when
the real op fails too, on small tensors of the same shapes, and then its text is told.
"""

from __future__ import annotations

import logging
import math
import time
from typing import Any, TypeVar

import torch
from msgspec import Struct
from torch._subclasses.fake_tensor import FakeTensorMode

from guigrad.document.diff import Diff
from guigrad.document.model import Document, In
from guigrad.document.problem import Problem
from guigrad.engine.again import again
from guigrad.engine.build import Cancelled
from guigrad.engine.explain import explain
from guigrad.engine.memory import SHARE, available_bytes, limited, too_large
from guigrad.engine.play import Engine
from guigrad.engine.values import MISSING, dtype_name
from guigrad.run.frame import Frame

UNKNOWN = "unknown until run"
"""Why a value has no shape yet: it depends on data, or on what has none."""

_DATA = ("DataDependentOutputException", "DynamicOutputShapeException", "UnsupportedFakeTensorException")
T = TypeVar("T", bound=Struct)

_TRIAL_ELEMENTS = 1 << 20

logging.getLogger("torch._subclasses.fake_tensor").setLevel(logging.CRITICAL)  # it logs each op that cannot be faked


class Meta(Struct, frozen=True):
    """What a tensor will be: ``nbytes`` is the memory it needs of its own."""

    shape: tuple[int, ...]
    dtype: str
    device: str
    nbytes: int


class Shapes:
    """What the values of a document will be. See Note [Shadow].

    Thread: one at a time.
    """

    def __init__(self, document: Document, revision: int = 0) -> None:
        self._mode = FakeTensorMode()
        self._until = math.inf
        with self._mode:
            self._engine = Engine(document, "cpu", 0, lambda: time.monotonic() > self._until)
        self._engine.revision = revision
        self._trials: dict[str, tuple[object, Problem | None]] = {}
        self._metas: dict[str, Meta] | None = None
        self._largest = 0
        self.done = False

    def edit(self, diff: Diff, revision: int) -> None:
        """Follows one change of the document."""
        with self._mode:
            self._engine.edit(diff, revision)
        self.done = self.done and diff.only_layout
        self._metas = None

    def work(self, seconds: float = math.inf) -> bool:
        """Infers what is not known yet, for at most so long; whether it is done. The next call goes on where this one stopped."""
        if not self.done:
            self._metas = None
            self._until = time.monotonic() + seconds
            try:
                with self._mode:
                    self._engine.forward(partial=True)
                self.done = True
            except Cancelled:
                pass
        return self.done

    def metas(self) -> dict[str, Meta]:
        """What is known by place: node id, and ``id[k]`` for the elements of a tuple or list."""
        if self._metas is None:
            found: dict[str, Meta] = {}
            for key in self._engine.state.order:
                if self._engine.state.status.get(key) == "fresh":
                    self._collect(key, self._engine.plan.value(key), found)
            self._metas, self._largest = found, max((meta.nbytes for meta in found.values()), default=0)
        return self._metas

    def _collect(self, place: str, value: Any, found: dict[str, Meta]) -> None:
        if isinstance(value, torch.Tensor):
            found[place] = _meta(value)
        elif isinstance(value, tuple | list):
            for index, item in enumerate(value):
                self._collect(f"{place}[{index}]", item, found)

    def read(self, wire: In) -> Any:
        """What a wire will carry, without memory; MISSING when it is not known."""
        fresh = self._engine.state.status.get(wire.node or "") == "fresh"
        return self._engine.plan.read(wire) if fresh else MISSING

    def is_unknown(self, key: str) -> bool:
        """Whether a node gives something that only running can tell."""
        return self._engine.plan.value(key) is MISSING and self._engine.state.role(key) == "play"

    def problems(self) -> dict[str, Problem]:
        """What will go wrong, by node id: an op that refuses the shapes of its inputs, a tensor that no memory is there for."""
        found: dict[str, Problem] = {}
        engine = self._engine
        room = int(available_bytes() * SHARE)
        metas = self.metas()
        for place, meta in metas.items() if self._largest > room else ():
            if meta.nbytes > room:
                key = place.partition("[")[0]
                found[key] = _placed(engine, key, too_large(engine.label(key), meta.nbytes))
        for key in engine.state.order:
            if engine.state.status.get(key) == "failed":
                problem = self._tried(key)
                if problem is not None:
                    found[key] = problem
        return found

    def _tried(self, key: str) -> Problem | None:
        """What the real op says to real tensors of these shapes; None when it has no objection, or they are too large to try."""
        engine = self._engine
        problems = engine.state.problems.get(key, ())
        node = engine.document.nodes[key]
        if any(problem.error in _DATA for problem in problems):
            return None
        if any(not problem.error for problem in problems):  # ours: not wired, not on the allow-list
            return next(problem for problem in problems if not problem.error)
        known = self._trials.get(key)
        if known is not None and known[0] is node and not engine.state.facts(key).reads:
            return known[1]
        inputs = [_real(engine.plan.read(wire)) for wire in node.inputs() if wire.node is not None]
        problem = None
        if not any(value is MISSING for value in inputs):
            state = torch.get_rng_state()
            values = dict(zip([wire for wire in node.inputs() if wire.node is not None], inputs, strict=True))
            try:
                with limited(), torch.no_grad():
                    again(node, inputs, "cpu")
            except Exception as error:
                problem = explain(error, key, engine.document, engine.label, lambda wire: values.get(wire, MISSING))
            finally:
                torch.set_rng_state(state)
        self._trials[key] = (node, problem)
        return problem


def fill(frame: Frame, shapes: Shapes) -> Frame:
    """The frame with shape, dtype and device of what has not run, and with what will go wrong there."""
    metas = shapes.metas()
    records = dict(frame.records)
    for key, record in frame.records.items():
        meta = None if record.kind else metas.get(key)
        if meta is not None and record.state in ("not run", "stale"):
            records[key] = _changed(record, shape=meta.shape, dtype=meta.dtype, device=frame.device)
    blamed = {problem.node_id for problem in frame.problems}
    foreseen = tuple(
        problem for key, problem in shapes.problems().items()
        if key not in blamed and key in records and records[key].state in ("not run", "stale")
    )  # fmt: skip
    return _changed(frame, records=records, problems=(*frame.problems, *foreseen))


def _changed(record: T, **fields: Any) -> T:
    return type(record)(**{**{name: getattr(record, name) for name in record.__struct_fields__}, **fields})


def infer(document: Document, seconds: float = math.inf) -> dict[str, Meta | str]:
    """What each value of a document will be, by node id and ``id[k]``; ``UNKNOWN`` for what only running can tell.

    Nothing real runs and nothing is allocated: 150 µs an op.
    """
    shapes = Shapes(document)
    shapes.work(seconds)
    metas = shapes.metas()
    rest = {key: UNKNOWN for key in document.nodes if shapes.is_unknown(key)}
    return {**rest, **metas}


def _meta(value: torch.Tensor) -> Meta:
    try:
        nbytes = value.untyped_storage().nbytes()
    except RuntimeError:
        nbytes = value.numel() * value.element_size()
    return Meta(tuple(value.shape), dtype_name(value.dtype), str(value.device), nbytes)


def _real(value: Any) -> Any:
    """A small real tensor for a fake one; MISSING when it would not be small."""
    if isinstance(value, torch.Tensor):
        if value.numel() > _TRIAL_ELEMENTS:
            return MISSING
        return torch.empty_strided(value.shape, value.stride(), dtype=value.dtype).zero_()
    if isinstance(value, tuple | list):
        items = [_real(item) for item in value]
        return (
            MISSING
            if any(item is MISSING for item in items)
            else type(value)(items)
            if type(value) in (tuple, list)
            else MISSING
        )
    return value


def _placed(engine: Engine, key: str, message: str) -> Problem:
    line, column = engine.document.lines.get(key, (0, 0))
    why = "The result is larger than this machine's memory."
    return Problem(message, "memory", engine.label(key), key, line, column + 1 if line else 0, why=why)
