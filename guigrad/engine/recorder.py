"""Listens to one backward: what arrived at each grad_fn and what left it on each edge, in autograd's true order.

Note [Leaf-safe]
Hooks return None (a returned value would replace gradients) and hold references, with one exception. AccumulateGrad takes a gradient as it is
when nobody else holds the tensor, and copies it otherwise, with other strides. So a gradient on its way into a leaf whose ``.grad`` is None
and which has one incoming edge is never held: ``leaf.grad`` is read afterwards. Ops such as ``+`` hand out the very tensor that arrived; where that
goes to such a leaf, an alias (a detached view of the same memory) is kept in its place, up to where the tensor was made.
With two or more edges autograd adds them up and holding them changes neither strides nor bits.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Container, Iterable, Sequence
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
        self._incoming: dict[Any, list[tuple[Any, int]]] = {}
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
        if self._collects:
            gc.enable()

    def _listen(self) -> None:
        edges_of, entries = self._reach()
        takers = {fn for fn, count in entries.items() if count == 1 and fn.variable.grad is None}
        keep, note = _keep(self.events), _note(self.events)
        if not takers:
            self._hooks.register([(fn, MethodType(keep if edges else note, fn)) for fn, edges in edges_of.items()])
            return
        hooks: list[tuple[Any, Hook]] = []
        near = False
        for fn, edges in edges_of.items():
            taken = tuple([target in takers for target, _ in edges])
            if True in taken:
                near = True
                hooks.append((fn, self._careful(fn, taken)))
            else:
                hooks.append((fn, MethodType(keep if edges else note, fn)))
        self._hooks.register(hooks)
        if near:
            self._find_incoming(edges_of)

    def _reach(self) -> tuple[dict[Any, Any], dict[Any, int]]:
        """Every grad_fn that the roots lead to with its edges, and how many edges (roots included) lead to each AccumulateGrad."""
        edges_of: dict[Any, Any] = {}
        entries: dict[Any, int] = {}
        todo = [fn for fn, _ in self.roots]
        while todo:
            fn = todo.pop()
            if fn in edges_of:
                if fn in entries:
                    entries[fn] += 1
                continue
            edges_of[fn] = edges = fn.next_functions
            if not edges and type(fn) is ACCUMULATE:
                entries[fn] = 1
            for target, _ in edges:
                if target is not None:
                    todo.append(target)
        return edges_of, entries

    def _find_incoming(self, edges_of: dict[Any, Any]) -> None:
        incoming = self._incoming
        for fn, edges in edges_of.items():
            for at, (target, _) in enumerate(edges):
                if target is not None:
                    incoming.setdefault(target, []).append((fn, at))

    def _careful(self, fn: Any, taken: tuple[bool, ...]) -> Hook:
        """The hook of a grad_fn next to a leaf that will take its gradient. See Note [Leaf-safe]."""
        places = [(at, fn.next_functions[at][0]) for at, take in enumerate(taken) if take]

        def post(left: Any, arrived: Any) -> None:
            kept = tuple([None if take else g for g, take in zip(left, taken, strict=True)])
            self.events[fn] = (kept, arrived)
            for at, target in places:
                gradient = left[at]
                if gradient is not None:
                    self._taken[target] = (fn, at)
                    if any(gradient is other for other in arrived) or any(gradient is other for other in kept):
                        self._release(fn, gradient)

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
                gradient = target.variable.grad
        return gradient

    def seal(self) -> bool:
        """Copies what shares memory with a leaf's ``.grad``, which the next verb may change; False if that has been done."""
        if self._sealed:
            return False
        self._sealed = True
        shared: dict[int, dict[int, Tensor]] = {}
        todo: list[Any] = []
        for target, (fn, at) in self._taken.items():
            gradient = target.variable.grad
            if gradient is None:
                continue
            event = self.events[fn]
            left = (*event[LEFT][:at], gradient.detach().clone(), *event[LEFT][at + 1 :])
            self.events[fn] = (left, event[ARRIVED])
            shared.setdefault(storage_key(gradient) or -1, {})
            todo.append(fn)
        self._taken.clear()
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
