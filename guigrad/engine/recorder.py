"""Listens to one backward: what arrived at each grad_fn and what left it on each edge, in autograd's true order.

Note [Leaf-safe]
Hooks return None (a returned value would replace gradients) and hold references, with one exception. AccumulateGrad takes a gradient as it is
when nobody else holds the tensor, and copies it otherwise, with other strides. So a gradient on its way into a leaf whose ``.grad`` is None
and which has one incoming edge is never held: ``leaf.grad`` is read afterwards. Ops such as ``+`` hand out the very tensor that arrived; where that
goes to such a leaf, an alias (a detached view of the same memory) is kept in its place, up to where the tensor was made.
With two or more edges autograd adds them up and holding them changes neither strides nor bits.

Note [Right behind]
autograd takes an AccumulateGrad from its queue before anything else. So where all runs on one thread and a grad_fn leads to one leaf, which
nothing else leads to, that AccumulateGrad comes right behind it, and needs no hook of its own to have its place in the order.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Container, Iterable, Sequence
from functools import cached_property
from types import MethodType, TracebackType
from typing import Any

import torch

from guigrad.engine.hooks import Hook, Hooks
from guigrad.engine.values import storage_key, tensors_in

Tensor = torch.Tensor
Edge = tuple[Any, int]
"""(grad_fn, which of its forward outputs)."""

ACCUMULATE = torch._C._functions.AccumulateGrad  # type: ignore[attr-defined]  # there, but not in torch's stubs


Event = tuple[tuple[Any, ...], ...]
"""What left a grad_fn by edge, and what arrived at it by forward output."""

LEFT, ARRIVED = 0, 1

ONE_THREAD = not torch.accelerator.is_available()
"""Each device that computes has a thread of its own in autograd, with a queue of its own."""


def edge_of(tensor: Tensor) -> Edge | None:
    """Where a tensor's gradient arrives; None for a tensor that has none."""
    if not tensor.requires_grad:
        return None
    try:
        if tensor.grad_fn is not None:
            return (tensor.grad_fn, tensor.output_nr)
        return (torch.autograd.graph.get_gradient_edge(tensor).node, 0)
    except (RuntimeError, AssertionError):  # a view that was made without recording has no edge
        return None


class Recorder:
    """A context in which one backward from ``roots`` is recorded; the graph and every ``.grad`` are as without it.

    ``events`` has each grad_fn that ran, in the order in which autograd ran them; an AccumulateGrad's is empty.
    """

    def __init__(self, roots: Sequence[Tensor]) -> None:
        self.events: dict[Any, Event] = {}
        self.roots = [edge for root in roots if (edge := edge_of(root)) is not None]
        self._taken: dict[Any, tuple[Any, int]] = {}
        self._held: dict[Any, Tensor] = {}
        self._edges: dict[Any, Any] = {}
        self._hooks = Hooks()
        self._sealed = self._collects = False

    def __enter__(self) -> Recorder:
        # A hook is four small containers: with the collector on, 10,000 of them cost more than the backward itself.
        self._collects = gc.isenabled()
        gc.disable()
        try:
            self._listen()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hooks.remove()
        for target in self._taken:  # from here on it may be held: autograd has taken it
            gradient = target.variable.grad
            if gradient is not None:
                self._held[target] = gradient
        if self._collects:
            gc.enable()

    def _listen(self) -> None:
        near = self._reach()
        keep, note = _keep(self.events), _note(self.events)
        if not near:
            self._hooks.register([(fn, MethodType(keep if edges else note, fn)) for fn, edges in self._edges.items()])
            return
        hooks: list[tuple[Any, Hook]] = []
        for fn, edges in self._edges.items():
            if fn in near:
                places = near[fn]
                alone = ONE_THREAD and len([1 for target, _ in edges if type(target) is ACCUMULATE]) == 1
                if alone:
                    near[places[0][1]] = []
                if places:
                    hooks.append((fn, self._careful(fn, places, alone)))
            else:
                hooks.append((fn, MethodType(keep if edges else note, fn)))
        self._hooks.register(hooks)

    def _reach(self) -> dict[Any, list[tuple[int, Any]]]:
        """Finds every grad_fn that the roots lead to; gives those that lead to a leaf which will take its gradient, with the edges that do."""
        edges_of = self._edges
        ways: dict[Any, tuple[Any, int] | None] = {}  # the one edge to an AccumulateGrad
        todo = [fn for fn, _ in self.roots]
        for fn in todo:
            if type(fn) is ACCUMULATE:
                ways[fn] = None
        while todo:
            fn = todo.pop()
            if fn in edges_of:
                continue
            edges_of[fn] = edges = fn.next_functions
            for at, (target, _) in enumerate(edges):
                if type(target) is ACCUMULATE:
                    if target in ways:
                        ways[target] = None
                    else:
                        ways[target] = (fn, at)
                        edges_of[target] = ()
                elif target is not None:
                    todo.append(target)
        near: dict[Any, list[tuple[int, Any]]] = {}
        for target, way in ways.items():
            if way is not None and target.variable.grad is None:
                near.setdefault(way[0], []).append((way[1], target))
        return near

    @cached_property
    def _incoming(self) -> dict[Any, list[tuple[Any, int]]]:
        """The edges that lead to each grad_fn."""
        incoming: dict[Any, list[tuple[Any, int]]] = {}
        for fn, edges in self._edges.items():
            for at, (target, _) in enumerate(edges):
                if target is not None:
                    incoming.setdefault(target, []).append((fn, at))
        return incoming

    def _careful(self, fn: Any, places: list[tuple[int, Any]], alone: bool) -> Hook:
        """The hook of a grad_fn next to leaves that will take their gradients. See Notes [Leaf-safe] and [Right behind]."""
        events, taken = self.events, self._taken

        def post(left: Any, arrived: Any) -> None:
            kept = list(left)
            for at, _ in places:
                kept[at] = None
            events[fn] = (tuple(kept), arrived)
            if alone:
                events[places[0][1]] = ()
            for at, target in places:
                gradient = left[at]
                if gradient is not None:
                    taken[target] = (fn, at)
                    for other in (*arrived, *kept):
                        if other is gradient:
                            self._release(fn, gradient)
                            break

        return post

    def _release(self, fn: Any, tensor: Tensor) -> None:
        """Puts an alias where a tensor is held, from this event back to the one that made it."""
        alias = tensor.detach()
        todo = [fn]
        while todo:
            fn = todo.pop()
            event = self.events[fn]
            held = any(tensor is other for other in event[ARRIVED])
            self.events[fn] = tuple([tuple([alias if g is tensor else g for g in gradients]) for gradients in event])
            if held:
                for maker, at in self._incoming.get(fn, ()):
                    before = self.events.get(maker)
                    if before is not None and before[LEFT][at] is tensor:
                        todo.append(maker)

    # --- afterwards ---

    def left(self, fn: Any, at: int) -> Tensor | None:
        """What left on an edge, read from the leaf where the leaf has taken it."""
        gradient: Tensor | None = self.events[fn][LEFT][at]
        if gradient is None:
            target = fn.next_functions[at][0]
            if self._taken.get(target) == (fn, at):
                gradient = self._held.get(target)
        return gradient

    def seal(self) -> bool:
        """Copies what shares memory with a leaf's ``.grad``, which may be changed from now on; False if that has been done."""
        if self._sealed:
            return False
        self._sealed = True
        shared: dict[int, dict[int, Tensor]] = {}
        todo: list[Any] = []
        for target, (fn, at) in self._taken.items():
            gradient = self._held.get(target)
            if gradient is None:
                continue
            event = self.events[fn]
            left = (*event[LEFT][:at], gradient.detach().clone(), *event[LEFT][at + 1 :])
            self.events[fn] = (left, event[ARRIVED])
            shared.setdefault(storage_key(gradient) or -1, {})
            todo.append(fn)
        self._taken.clear()
        self._held.clear()
        shared.pop(-1, None)
        seen: set[Any] = set()
        while todo:
            fn = todo.pop()
            event = self.events.get(fn, ())
            if fn in seen or not event:
                continue
            seen.add(fn)
            left, arrived = (_copied(gradients, shared) for gradients in event)
            if arrived is not event[ARRIVED]:
                todo += [maker for maker, _ in self._incoming.get(fn, ())]
            if left is not event[LEFT]:
                todo += [target for target, _ in fn.next_functions if target is not None]
            self.events[fn] = (left, arrived)
        return True


def _keep(events: dict[Any, Event]) -> Callable[[Any, Any, Any], None]:
    """What a grad_fn's hook does; a method of the grad_fn, which costs half of a closure."""

    def post(fn: Any, left: Any, arrived: Any) -> None:
        events[fn] = (left, arrived)

    return post


def _note(events: dict[Any, Event]) -> Callable[[Any, Any, Any], None]:
    def post(fn: Any, left: Any, arrived: Any) -> None:
        events[fn] = ()

    return post


class Earlier:
    """Edges of tensors as they were before an in-place op gave them new ones, by node id. See Note [Attribution] in tape."""

    def __init__(self) -> None:
        self.edges: dict[str, list[tuple[str, list[Edge | None]]]] = {}

    def before(self, op: str, target: Any, values: Iterable[tuple[str, Any]]) -> None:
        """The in-place node ``op`` is about to change ``target``: takes down the edges of all that shares its memory."""
        if not torch.is_grad_enabled():
            return
        memory = {storage_key(tensor) for tensor in tensors_in(target)} - {None}
        for key, value in values if memory else ():
            tensors = tensors_in(value)
            if any(storage_key(tensor) in memory for tensor in tensors):
                self.edges.setdefault(key, []).append((op, [edge_of(tensor) for tensor in tensors]))

    def forget(self, ops: Container[str] | None = None) -> None:
        """These in-place nodes (None: all) are about to run anew."""
        if ops is None:
            self.edges.clear()
        for key, taken in self.edges.items():
            self.edges[key] = [(op, edges) for op, edges in taken if ops is None or op not in ops]


def _copied(gradients: tuple[Any, ...], shared: dict[int, dict[int, Tensor]]) -> tuple[Any, ...]:
    """The same with copies of what lies in shared memory, one copy of each tensor; itself if there is none."""
    if not any(isinstance(g, Tensor) and (storage_key(g) or -1) in shared for g in gradients):
        return gradients
    found = []
    for gradient in gradients:
        copies = shared.get(storage_key(gradient) or -1) if isinstance(gradient, Tensor) else None
        if copies is None:
            found.append(gradient)
            continue
        if id(gradient) not in copies:
            copies[id(gradient)] = gradient.detach().clone()
        found.append(copies[id(gradient)])
    return tuple(found)
