"""A document for other programs: its leaves as safetensors, what it computes as a torch.export program or as ONNX."""

from __future__ import annotations

import importlib
import io
import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from guigrad.document.model import Document, In
from guigrad.document.problem import Problem, ProblemError
from guigrad.engine.backward import default_roots
from guigrad.engine.between import NoFunction
from guigrad.engine.play import Engine
from guigrad.engine.replay import Part, Replay
from guigrad.engine.trainer import Trainer
from guigrad.engine.values import array_of
from guigrad.files.arrays import write_safetensors
from guigrad.ops.table import find


def leaves(document: Document, steps: int | None = None) -> bytes:
    """The tensors that the program starts from, as a safetensors file, by their names; after ``steps`` of training if that is given.

    Raises: ProblemError.
    """
    engine = _played(document, steps)
    arrays = {}
    for key in engine.state.order:
        value, node = engine.plan.value(key), engine.document.nodes[key]
        row = find(node.op)
        makes = row is not None and not row.effect and any(one.returns == ("Tensor",) for one in row.overloads)
        source = not any(wire.node for wire in node.inputs()) or node.op == "torch.nn.Parameter"
        if isinstance(value, torch.Tensor) and source and (makes or node.op == "tensor.data"):
            array = array_of(value)
            if array is not None:
                arrays[engine.label(key)] = array
    if not arrays:
        raise _refused("the program has no leaves that hold numbers")
    return write_safetensors(arrays)


def pt2(document: Document, node: str | None = None, steps: int | None = None) -> bytes:
    """A .pt2 file of ``torch.export``: leaves that require grad are its parameters, other floating point leaves its inputs.

    ``node`` is what it computes: None means the root, else whatever is not read. Such a file is written only; loading one would run code.
    Raises: ProblemError with torch's own words where the program cannot be exported.
    """
    data = io.BytesIO()
    with _quiet():
        torch.export.save(_program(_Graph(_played(document, steps), node)), data)
    return data.getvalue()


def onnx(document: Document, node: str | None = None, steps: int | None = None) -> bytes:
    """An ONNX model, forward only; inputs and parameters as for ``pt2``.

    Raises: ProblemError, also where the libraries for it are not installed.
    """
    for name in ("onnx", "onnxscript"):
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise _refused(
                f"ONNX needs the library {name}, which cannot be imported ({error}): pip install {name}"
            ) from error
    graph = _Graph(_played(document, steps), node)
    with _quiet():
        program = _program(graph)
        try:
            made = torch.onnx.export(
                program, dynamo=True, verbose=False, input_names=graph.names, output_names=graph.outputs
            )
        except Exception as error:
            raise _refused(f"torch cannot write this as ONNX: {_words(error)}") from error
    assert made is not None
    data: bytes = made.model_proto.SerializeToString()
    return data


def _played(document: Document, steps: int | None) -> Engine:
    engine = Engine(document)
    if steps:
        trainer = Trainer(engine)
        recording = trainer.train(steps, frames=False)
        if recording.step < steps and any(problem.severity == "error" for problem in recording.problems):
            raise ProblemError(recording.problems)
    else:
        engine.forward()
    bad = tuple(problem for problem in engine.problems if problem.severity == "error")
    if bad:
        raise ProblemError(bad)
    return engine


class _Graph(torch.nn.Module):
    """What a document computes, as a function of its leaves. See Note [Replay] in engine/replay."""

    def __init__(self, engine: Engine, node: str | None) -> None:
        super().__init__()
        self.engine = engine
        ends = _ends(engine, node)
        self.replays: list[Replay] = []
        found: dict[int, tuple[torch.Tensor, str]] = {}
        try:
            for end in ends:
                part = Part(engine, end)
                self.replays.append(Replay(part, list(part.groups)))
                self.replays[-1].graph = True  # no region of its own around it
                found |= {one: (value, keys[0]) for one, (value, keys) in part.groups.items()}
        except NoFunction as error:
            raise _refused(str(error)) from error
        self.outputs = [_name(engine.label(end.node or "")) for end in ends]
        self.names: list[str] = []
        self.given: list[torch.Tensor] = []
        self._inputs: list[int] = []
        self._parameters_of: list[tuple[int, str]] = []
        for one, (value, key) in found.items():
            name = _name(engine.label(key))
            copy = value.detach().clone()
            if value.requires_grad:
                self.register_parameter(f"leaf_{name}", torch.nn.Parameter(copy))
                self._parameters_of.append((one, f"leaf_{name}"))
            else:
                self._inputs.append(one)
                self.names.append(name)
                self.given.append(copy)

    def forward(self, *inputs: torch.Tensor) -> Any:
        """The end, or a tuple of several."""
        values = {one: getattr(self, name) for one, name in self._parameters_of}
        values |= dict(zip(self._inputs, inputs, strict=True))
        with self.engine.asking():
            made = tuple(replay(values) for replay in self.replays)
        return made[0] if len(made) == 1 else made


def _ends(engine: Engine, node: str | None) -> list[In]:
    if node is not None:
        found = engine.names.find(node)
        if found is None:
            raise _refused(f"there is no {node!r}")
        ends = [In(found[0], found[1] or 0)]
    else:
        roots = default_roots(engine)
        if not isinstance(roots, str):
            ends = [In(key, output or 0) for key, output in roots.places]
        else:
            read = {wire.node for each in engine.document.nodes.values() for wire in each.inputs()}
            ends = [In(key) for key in engine.state.order if key not in read and _depends(engine, key)]
    if not ends:
        raise _refused("the program computes no tensor of its leaves")
    for end in ends:
        if not isinstance(engine.plan.read(end), torch.Tensor):
            raise _refused(f"{engine.label(end.node or '')} is no tensor")
    return ends


def _depends(engine: Engine, key: str) -> bool:
    node = engine.document.nodes[key]
    row = find(node.op)
    computed = any(wire.node for wire in node.inputs()) and not (row is not None and row.effect)
    return computed and isinstance(engine.plan.value(key), torch.Tensor)


def _program(graph: _Graph) -> torch.export.ExportedProgram:
    try:
        return torch.export.export(graph, tuple(graph.given), strict=False)
    except Exception as error:
        raise _refused(f"torch.export cannot take this program: {_words(error)}") from error


def _name(label: str) -> str:
    return re.sub(r"\W", "_", label)


def _words(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:4])[:400] or type(error).__name__


def _refused(message: str) -> ProblemError:
    return ProblemError((Problem(message, "export"),))


@contextmanager
def _quiet() -> Iterator[None]:
    """What torch's exporters say of themselves is no news to who exports."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
