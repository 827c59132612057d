"""Edits while a training stands still: what lies before the place where it stands takes the change, and keeps what was trained.

Note [Edits of a training]
A changed number or tensor before the loop is computed anew, and what depends on it; from there on the loop goes with it. What was trained stays:
a leaf that requires a gradient is made anew only if it was itself changed, and then in the tensor that it is, so that its optimizer goes on with it
(its gradient becomes None). An optimizer or scheduler is made anew only if it is another one: those of its settings that the change makes others are taken over. A changed
learning rate under a scheduler scales the rate that is in use. A variable that the loop has not had before starts as it would.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from guigrad.document.closures import function_of, is_closure
from guigrad.document.model import Document, Loop, walk
from guigrad.engine.edits import same_call
from guigrad.engine.effects import is_seed
from guigrad.engine.values import MISSING, is_leaf

if TYPE_CHECKING:
    from guigrad.engine.play import Engine
    from guigrad.engine.rounds import Place

_PROGRESS = frozenset(
    ("optimizer", "last_epoch", "_step_count", "_last_lr", "base_lrs", "_initial_step", "_is_initial", "best", "num_bad_epochs", "cooldown_counter",
     "_schedulers", "_milestones", "T_cur", "T_i", "_get_lr_called_within_step")
)  # fmt: skip
"""What a scheduler has come to, not how it was set."""


def changed_nodes(before: Document, after: Document) -> set[str]:
    """The ids of the nodes that compute something else in the document after."""
    found = set()
    for key, node in after.nodes.items():
        old = before.nodes.get(key)
        if old is not node and (old is None or not same_call(old, node)):
            found.add(key)
    return found


def adopt(engine: Engine, changed: set[str], place: Place) -> None:
    """Brings everything before ``place`` to what it would be after the change. Thread: the engine's, inside a verb."""
    random = torch.get_rng_state()
    try:
        for key in _before(engine.document, place):
            node = engine.document.nodes.get(key)
            if node is None:
                continue
            touched = key in changed or any(wire.node in changed for wire in node.inputs())
            if touched and not is_seed(node) and _make(engine, key, key in changed):
                changed.add(key)
            elif touched:
                changed.discard(key)
    finally:
        torch.set_rng_state(random)


def _before(document: Document, place: Place) -> list[str]:
    """The nodes that were played before the place, in their order; not what loops of their own make."""
    path = {key for key, _ in place}
    found: list[str] = []

    def visit(items: Any) -> bool:
        for item in items:
            key = getattr(item, "node", None)
            if key is not None:
                found.append(key)
            elif isinstance(item, Loop) and item.id in path:
                inner = any(isinstance(one, Loop) and one.id in path for one in walk(item.body))
                return visit(item.body) if inner else True
            elif is_closure(item):  # a step plays what is in it
                found.append(function_of(document, item))
            elif not isinstance(item, Loop) and (visit(item.body) or visit(getattr(item, "orelse", ()))):
                return True
        return False

    visit(document.program)
    return found


def _make(engine: Engine, key: str, itself: bool) -> bool:
    """Makes a node's value anew; whether it is another then."""
    plan, env = engine.plan, engine.plan.env
    at = plan.whole(key)
    old = env[at]
    if isinstance(old, torch.optim.Optimizer):
        return _settings(engine, key, old)
    if isinstance(old, torch.optim.lr_scheduler.LRScheduler):
        return _schedule(engine, key, old)
    trained = isinstance(old, torch.Tensor) and is_leaf(old) and old.requires_grad
    if trained and not itself and engine.state.facts(key).reads == ():
        return False
    plan.steps[key]()
    engine.state.status[key] = "fresh"
    new = env[at]
    if trained and isinstance(new, torch.Tensor) and new is not old:
        if new.shape == old.shape and new.dtype == old.dtype and is_leaf(new):
            old.data.copy_(new.detach())
            old.grad = None
            plan.put(key, old)
            return False  # it is the same tensor, whoever holds it
        engine.state.made(key)
    return new is not MISSING


def _anew(engine: Engine, key: str) -> Any:
    plan = engine.plan
    at = plan.whole(key)
    old = plan.env[at]
    plan.steps[key]()
    new, plan.env[at] = plan.env[at], old
    return new


def _settings(engine: Engine, key: str, old: torch.optim.Optimizer) -> bool:
    """An optimizer's settings as the program has them now, where they are others than it had; whether it is another optimizer."""
    new = _anew(engine, key)
    if type(new) is not type(old):
        engine.plan.put(key, new)
        return True
    for at, group in enumerate(old.param_groups):
        fresh = new.param_groups[min(at, len(new.param_groups) - 1)]
        for name, value in fresh.items():
            if name in ("params", "param_names"):
                continue
            was = old.defaults.get(name) if "initial_lr" not in group or name != "lr" else group["initial_lr"]
            if _equal(was, value) and _equal(group.get(name, value), value):
                continue
            if name == "lr" and "initial_lr" in group:
                before = float(was or 0.0)
                scale = float(value) / before if before else 1.0
                group["initial_lr"] = value
                _set(group, name, float(group["lr"]) * scale)
            elif not _equal(was, value) or at >= len(new.param_groups):
                _set(group, name, value)
    old.defaults.update(new.defaults)
    if len(old.param_groups) == len(new.param_groups):
        _params(old, new)
    return False


def _params(old: torch.optim.Optimizer, new: torch.optim.Optimizer) -> None:
    """Leaves that are other tensors now."""
    for group, fresh in zip(old.param_groups, new.param_groups, strict=True):
        if [id(one) for one in group["params"]] != [id(one) for one in fresh["params"]]:
            group["params"][:] = fresh["params"]
            if isinstance(old, torch.optim.LBFGS):
                old._numel_cache = None  # it counts its elements once
            kept = {id(one) for one in fresh["params"]}
            for gone in [one for one in old.state if id(one) not in kept]:
                del old.state[gone]


def _set(group: dict[str, Any], name: str, value: Any) -> None:
    if isinstance(group.get(name), torch.Tensor) and not isinstance(value, torch.Tensor):
        group[name].fill_(value)
    else:
        group[name] = value


def _schedule(engine: Engine, key: str, old: torch.optim.lr_scheduler.LRScheduler) -> bool:
    """A scheduler's settings; it starts to count from where it is. Another one, or one of another optimizer, starts anew."""
    optimizer = old.optimizer
    kept = [dict(group) for group in optimizer.param_groups]
    had = {name: value for name, value in vars(optimizer).items() if name == "step"}
    new = _anew(engine, key)
    if type(new) is not type(old) or new.optimizer is not optimizer:
        engine.plan.put(key, new)
        return True
    for group, before in zip(optimizer.param_groups, kept, strict=True):
        group.clear()
        group.update(before)
    vars(optimizer).update(had)
    for name, value in vars(new).items():
        if name not in _PROGRESS and not _equal(vars(old).get(name), value):
            setattr(old, name, value)
    if hasattr(old, "base_lrs"):
        old.base_lrs = [group.get("initial_lr", group["lr"]) for group in optimizer.param_groups]
    return False


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor) or isinstance(other, torch.Tensor):
        return isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor) and torch.equal(one, other)
    return type(one) is type(other) and repr(one) == repr(other)
