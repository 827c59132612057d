"""Which nodes a verb has to play: what a node needs, what hangs together, what an update reads."""

from __future__ import annotations

from guigrad.engine.state import State


def closed(state: State, todo: set[str]) -> set[str]:
    """These nodes, all that depends on them, and what shares memory that changes."""
    while True:
        grown = state.below(todo)
        grown |= state.shared(grown)
        if grown == todo:
            return todo
        todo = grown


def needed(state: State, key: str) -> set[str]:
    """A node's ancestors, with the in-place ops on what they read and the seeds."""
    found: set[str] = set()
    todo = [key]
    while todo:
        one = todo.pop()
        if one in found or one not in state.plan.document.nodes:
            continue
        found.add(one)
        todo += state.facts(one).reads
        todo += state.updates(one)
        if not todo:
            todo += [
                k for k in state.order if k not in found and (state.facts(k).changes or state.facts(k).random)
                and (not state.facts(k).reads or any(read in found for read in state.facts(k).reads))
            ]  # fmt: skip
    return found


def operands(state: State, updates: set[str]) -> set[str]:
    """Updates and what must be read anew for them: their operands, and what comes from a gradient."""
    fresh = {key for key in state.order if state.facts(key).reads_grad}
    stale = state.below(fresh)
    found: set[str] = set()
    todo = list(updates)
    while todo:
        key = todo.pop()
        if key in found or key not in state.context:
            continue
        found.add(key)
        todo += [k for k in state.facts(key).reads if k in stale or k in fresh or state.role(k) == "operand"]
    return found
