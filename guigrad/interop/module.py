"""``guigrad.from_module``: what an ``nn.Module`` calls, its parameters as leaves, its children as functions of the document.

Note [Children]
Each call of a child module becomes a function named after it, those of its own children inside it. The calls are heard by global hooks, because a
module's own hooks would keep some modules from the fast paths that they take without. A child whose operations cannot stand together (others need
its results half way, say) stays as it is, and ``document.problems`` tells which.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from msgspec import structs
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from guigrad.document.diff import Diff
from guigrad.document.draft import names_in
from guigrad.document.edit_functions import make_function
from guigrad.document.model import Document, callee
from guigrad.document.names import PYTHON_NAMES
from guigrad.document.problem import Problem, ProblemError
from guigrad.interop.names import Locals, identifier, names_of, unique
from guigrad.interop.trace import Tracer

Span = tuple[str, int, int]
"""(path of a module, first of its recorded items, behind the last)."""


def from_module(module: torch.nn.Module, *inputs: Any, **keywords: Any) -> Document:
    """The runnable document of ``module(*inputs, **keywords)``, which is called once, here and now.

    Parameters and buffers are leaves named by their path, the calls of child modules are functions (Note [Children]).
    Raises: ProblemError when the module calls no operation of torch; whatever the module itself raises.
    """
    if not isinstance(module, torch.nn.Module):
        text = f"from_module needs an nn.Module, not {type(module).__name__}"
        raise ProblemError((Problem(text, "type"),))
    tracer = Tracer(names_of(module, inputs, keywords))
    local = Locals(module)
    with listening(module, tracer) as spans, local, tracer:
        result = module(*inputs, **keywords)
    return _with_functions(tracer.document(result, local.names), spans, tracer.keys, module)


@contextmanager
def listening(module: torch.nn.Module, tracer: Tracer) -> Iterator[list[Span]]:
    """While the module is called: the spans of its children, those that end first first."""
    paths = {id(child): path for path, child in module.named_modules() if path}
    started: list[tuple[str, int]] = []
    found: list[Span] = []

    def before(child: torch.nn.Module, given: Any) -> None:
        path = paths.get(id(child))
        if path is not None:
            started.append((path, len(tracer.keys)))

    def after(child: torch.nn.Module, given: Any, result: Any) -> None:
        if id(child) in paths and started:
            path, first = started.pop()
            found.append((path, first, len(tracer.keys)))

    handles = [register_module_forward_pre_hook(before), register_module_forward_hook(after, always_call=True)]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


def _with_functions(document: Document, spans: list[Span], keys: list[str], module: torch.nn.Module) -> Document:
    now = {key: key for key in keys}  # what stands where a node stood: the node, or the call of the function it is in
    taken = names_in(document) | PYTHON_NAMES | {"torch", "F", "math"}
    problems = list(document.problems)
    for path, first, last in spans:
        mine = tuple(dict.fromkeys(now[key] for key in keys[first:last]))
        if not mine:
            continue
        name = unique(_name(path, module), taken)
        try:
            after = _applied(document, make_function(mine, name)(document))
        except ProblemError as error:
            taken.discard(name)
            text = f"{path} is not a function of its own: {error.problems[0].message}"
            problems.append(Problem(text, "trace", severity="hint"))
            continue
        function = next(key for key in after.functions if key not in document.functions)
        call = next(node.id for node in after.nodes.values() if callee(node) == function)
        now.update(dict.fromkeys((key for key, stands in now.items() if stands in mine), call))
        document = after
    return structs.replace(document, problems=tuple(problems))


def _applied(document: Document, diff: Diff) -> Document:
    return structs.replace(diff.apply(document), problems=document.problems)


def _name(path: str, module: torch.nn.Module) -> str:
    """What a child's function is called: ``fc1``, ``linear_0`` for the first of a Sequential."""
    last = path.rpartition(".")[2]
    if not last[0].isdigit():
        return identifier(last)
    return identifier(f"{type(module.get_submodule(path)).__name__.lower()}_{last}")
