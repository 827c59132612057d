"""What each backward call added to each ``.grad`` since it was emptied. See Note [Ledger] in run/ledger.

Note [Late parts]
The parts by wire are worked out from the tape of a backward when they are asked for, or when the next backward is about to add to the same
``.grad``: most programs empty it first, and need them never. A program that runs at full speed and never empties keeps those of its last
backwards alone.

Note [Waiting]
In a training that empties its gradients each backward makes the one before worth nothing here. So where the same tensors as last time are
all without a ``.grad``, only what is needed to enter the backward is kept, and it is entered when anybody asks or acts.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from msgspec import Struct, structs
from torch import Tensor

from guigrad.document.array import ArrayData
from guigrad.engine.closeup import NoTensor, tensor_at
from guigrad.engine.values import array_of, is_leaf
from guigrad.run import ledger as records
from guigrad.run.ledger import AskLedger, Contribution

if TYPE_CHECKING:
    from guigrad.engine.play import Engine
    from guigrad.engine.tape import Tape, Wire

Bearers = list[tuple[str, Tensor]]
Found = dict[int, tuple[Tensor, Tensor, int, list[str]]]
"""By the id of a tensor: it, its ``.grad`` with the version, what it is called."""
CALLS = 16
"""Calls of a stack that are kept with their parts."""
PENDING = 3
"""Tapes that wait at most while a program runs. See Note [Late parts]."""


class Call(Struct, eq=False):
    """One backward in one stack; its tape until the parts are worked out. ``places``: what the tensor is called there."""

    number: int
    roots: tuple[str, ...]
    recorded: bool
    places: tuple[str, ...] = ()
    tape: Tape | None = None
    wires: tuple[tuple[Wire, Tensor], ...] = ()
    total: Tensor | None = None


class Stack(Struct, eq=False):
    """What one tensor's ``.grad`` is made of; ``mark`` is (the tensor in it, its version) when it was last looked at."""

    tensor: weakref.ref[Tensor]
    mark: tuple[weakref.ref[Tensor], int] | None = None
    calls: tuple[Call, ...] = ()
    count: int = 0
    emptied: str = ""
    edited: bool = False


class Waiting(Struct, eq=False):
    """A backward that is not entered yet: who has a ``.grad`` right behind it (place, tensor, ``.grad``, its version). See Note [Waiting]."""

    roots: tuple[str, ...]
    tape: Tape
    given: list[tuple[str, Tensor, Tensor, int]]


class Ledger:
    """The stacks of one session. Thread: the engine's."""

    def __init__(self) -> None:
        self.number = 0
        self._steady: list[
            int
        ] = []  # the ids of the bearers of the last backward, if each that got a gradient has a stack
        self._past = False  # what the stacks of these tell was emptied since
        self._waiting: Waiting | None = None
        self._stacks: dict[int, Stack] = {}
        self._pending: list[Call] = []
        self._saved: dict[int, tuple[int, dict[str, Stack]]] = {}

    # --- backwards ---

    def passes(self, bearers: Bearers) -> bool:
        """Whether a backward that begins now finds all as empty as the last one did: then what is known is past, and ``wait`` is called behind it.
        See Note [Waiting].
        """
        if _ids(bearers) != self._steady or [1 for _, tensor in bearers if tensor.grad is not None]:
            return False
        self._waiting, self._past, self._pending = None, True, []
        return True

    def wait(self, bearers: Bearers, roots: tuple[str, ...], tape: Tape) -> None:
        """Behind that backward."""
        given = [(place, tensor, grad) for place, tensor in bearers if (grad := tensor.grad) is not None]
        if given:
            self.number += 1
            self._waiting = Waiting(roots, tape, [(*one, _version(one[2])) for one in given])

    def _enter(self) -> None:
        """What waits is entered."""
        if self._past:
            self._past = False
            for key in self._steady:
                if key in self._stacks:
                    stack = self._stacks[key]
                    _empty(stack, "None")
                    stack.mark = None
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self.number -= 1
            found: Found = {}
            for place, tensor, grad, version in waiting.given:
                found.setdefault(id(tensor), (tensor, grad, version, []))[3].append(place)
            self._add(found, waiting.roots, waiting.tape)

    @contextmanager
    def backward(
        self, bearers: Bearers, roots: tuple[str, ...], tape: Tape | None, late: bool = False
    ) -> Iterator[None]:
        """Around one backward from these nodes. ``bearers``: the tensors that can have a ``.grad``; ``late``: see Note [Late parts]."""
        self.settle()
        self.hold()
        before: dict[int, tuple[Tensor, int]] = {}
        for _, tensor in bearers:
            grad = tensor.grad
            if grad is not None:
                before[id(tensor)] = grad, _version(grad)
                if self._find(tensor) is None:
                    self._begin(tensor).edited = bool(grad.count_nonzero())
        tapes = list({id(call.tape): None for call in self._pending})
        old = set(tapes[: max(len(tapes) - PENDING + 1, 0)] if late else tapes)
        for call in self._pending:
            if id(call.tape) in old:
                _work_out(call, told=not late)
        try:
            yield
        finally:
            self._after(bearers, before, roots, tape)

    def hold(self) -> None:
        """Something is about to happen: what shares memory with a ``.grad`` gets copies."""
        self._enter()
        if not self._pending:
            return
        alive = {id(call) for stack in self._stacks.values() for call in stack.calls}
        self._pending = [call for call in self._pending if call.tape is not None and id(call) in alive]
        for call in self._pending:
            if call.tape is not None:
                call.tape.seal()

    def _after(
        self,
        bearers: Bearers,
        before: dict[int, tuple[Tensor, int]],
        roots: tuple[str, ...],
        tape: Tape | None,
    ) -> None:
        found: Found = {}
        for place, tensor in bearers:
            grad = tensor.grad
            if grad is not None:
                found.setdefault(id(tensor), (tensor, grad, _version(grad), []))[3].append(place)
        for key, (grad, version) in before.items():
            if key in found and found[key][1] is grad and found[key][2] == version:
                del found[key]  # nothing came here
        self._add(found, roots, tape)
        self._steady = _ids(bearers)

    def _add(self, found: Found, roots: tuple[str, ...], tape: Tape | None) -> None:
        for tensor, grad, version, places in found.values():
            stack = self._find(tensor) or self._begin(tensor)
            call = Call(self.number + 1, roots, tape is not None, tuple(places), tape)
            stack.calls = (*stack.calls, call)[-CALLS:]
            stack.count += 1
            stack.mark = weakref.ref(grad), version
            if tape is not None:
                self._pending.append(call)
        self.number += bool(found)

    # --- what happens to .grad between backwards ---

    def settle(self) -> None:
        """Looks at every ``.grad`` that has a stack."""
        self._enter()
        for key, stack in list(self._stacks.items()):
            tensor = stack.tensor()
            if tensor is None:
                del self._stacks[key]
            else:
                _look(stack, tensor)

    def short(self, tensor: object) -> tuple[int, str]:
        """(how many calls are in its ``.grad``, how it was last emptied)."""
        self._enter()
        stack = self._find(tensor)
        return (0, "") if stack is None else (stack.count, stack.emptied)

    def _find(self, tensor: object) -> Stack | None:
        stack = self._stacks.get(id(tensor))
        return stack if stack is not None and stack.tensor() is tensor else None

    def _begin(self, tensor: Tensor) -> Stack:
        stack = self._stacks[id(tensor)] = Stack(weakref.ref(tensor), _mark(tensor))
        return stack

    # --- restore points ---

    def save(self, verbs: int, tensors: Iterable[tuple[str, Tensor]]) -> None:
        """Remembers the stacks of a restore point, the last few of them."""
        self.settle()
        held = {}
        for place, tensor in tensors:
            stack = self._find(tensor)
            if stack is not None:
                for call in stack.calls:
                    _work_out(call)
                held[place] = structs.replace(stack)
        self._saved = dict([*self._saved.items(), (verbs, (self.number, held))][-4:])

    def restore(self, verbs: int, tensors: Iterable[tuple[str, Tensor]]) -> None:
        """The stacks as they were; what is not known any more is a gradient that something else made."""
        self.number, held = self._saved.get(verbs, (0, {}))
        self._stacks, self._steady, self._waiting, self._past = {}, [], None, False
        for place, tensor in tensors:
            old = held.get(place)
            if old is not None and (tensor.grad is not None or not old.count):
                self._stacks[id(tensor)] = structs.replace(old, tensor=weakref.ref(tensor), mark=_mark(tensor))
            elif tensor.grad is not None:
                self._begin(tensor).edited = True

    # --- what is asked ---

    def tell(self, engine: Engine, asked: AskLedger, tensor: Tensor) -> records.Ledger:
        """A tensor's stack as a record."""
        self.settle()
        stack = self._find(tensor)
        own = is_leaf(tensor) or tensor.retains_grad
        made = records.Ledger(
            asked.place,
            freshness=(engine.revision, engine.verbs),
            grad=_bits(tensor.grad, asked.limit) if own else None,
        )
        if stack is None:
            return made
        for call in stack.calls:
            if call.tape is not None:
                call.tape.seal()
                _work_out(call)
        return structs.replace(
            made,
            calls=tuple(_call(engine, call, asked.limit) for call in stack.calls),
            earlier=stack.count - len(stack.calls),
            emptied=stack.emptied,
            edited=stack.edited,
        )


def ledger(engine: Engine, asked: AskLedger) -> records.Ledger:
    """Nothing raises, and nothing changes. Thread: the engine's."""
    try:
        tensor = tensor_at(engine, asked.place)
    except NoTensor as error:
        return records.Ledger(asked.place, reason=str(error))
    return engine.ledger.tell(engine, asked, tensor)


def _ids(bearers: Bearers) -> list[int]:
    """Of those that a backward can give a gradient."""
    return [id(tensor) for _, tensor in bearers if tensor.requires_grad]


def _version(grad: Tensor | None) -> int:
    return -1 if grad is None or grad.is_inference() else grad._version


def _mark(tensor: Tensor) -> tuple[weakref.ref[Tensor], int] | None:
    grad = tensor.grad
    return None if grad is None else (weakref.ref(grad), _version(grad))


def _look(stack: Stack, tensor: Tensor) -> None:
    if not (is_leaf(tensor) or tensor.retains_grad):
        return
    grad, mark = tensor.grad, stack.mark
    if grad is None:
        if mark is not None:
            _empty(stack, "None")
        stack.mark = None
    elif mark is None or mark[0]() is not grad or mark[1] != _version(grad):
        if not bool(grad.count_nonzero()):
            _empty(stack, "zeros")
        else:
            stack.edited = True
        stack.mark = _mark(tensor)


def _empty(stack: Stack, how: str) -> None:
    stack.calls, stack.count, stack.emptied, stack.edited = (), 0, how, False


def _work_out(call: Call, told: bool = True) -> None:
    """The parts of a call, whose tape must have been sealed; ``told``: False where nobody will want to know."""
    tape, call.tape = call.tape, None
    if tape is None:
        return
    if not told:
        call.recorded = False
        return
    mine = {place.partition("[")[0] for place in call.places}  # a node that hands on the very tensor is no part of it
    found = [
        (wire, part) for wire, part in tape.contributions.items() if wire[0] in call.places and wire[1] not in mine
    ]
    call.wires = tuple(found)
    call.total = next((gradient for place in call.places if (gradient := tape.gradients.get(place)) is not None), None)


def _call(engine: Engine, call: Call, limit: int) -> records.Call:
    wires = tuple(
        Contribution(engine.label(consumer), path, consumer, _bits(part, limit))
        for (_, consumer, path), part in call.wires
    )
    roots = tuple(engine.label(root) for root in call.roots)
    return records.Call(call.number, roots, wires, _bits(call.total, limit), call.recorded)


def _bits(tensor: Tensor | None, limit: int) -> ArrayData | None:
    return None if tensor is None or 0 < limit < tensor.numel() else array_of(tensor)
