"""What an edit makes stale."""

from __future__ import annotations

from guigrad.document.diff import Diff
from guigrad.document.model import Document, Item, Loop, Node, Region, walk
from guigrad.engine.effects import changes, is_seed
from guigrad.engine.state import State


def follow(state: State, before: Document, diff: Diff) -> None:
    """Brings a session's state after one change of its document; ``state.plan`` has followed it already."""
    if diff.only_layout:
        return
    state.forget_stretches()
    touched: set[str] = set()
    broken: list[Node] = []
    for key, (old, new) in diff.nodes.items():
        if new is None:
            state.forget(key)
            if old is not None and changes(old):
                broken.append(old)
        elif old is None or not same_call(old, new):
            touched.add(key)
            if old is not None and changes(old):
                broken.append(old)
    if any(old is not None and new is not None and old.outputs != new.outputs for old, new in diff.nodes.values()):
        state.forget_facts()
    old_context, old_order = state.context, state.order
    rewired = [(old, new) for old, new in diff.nodes.values() if _rewired(old, new)]
    if diff.program is not None or any(old is None or new is None for old, new in rewired):
        state.index()
    else:
        for old, new in rewired:
            if old is not None and new is not None:
                state.rewire(old, new)
    if diff.program is not None:
        touched |= _moved(state, before, old_context, old_order)
    for node in broken:
        touched |= _undone(state, node)
    nodes = state.plan.document.nodes
    if any(is_seed(nodes[key]) for key in touched if key in nodes):
        touched |= {key for key in state.order if state.facts(key).random}
    for key in state.below({key for key in touched if key in state.plan.document.nodes}):
        if state.status.get(key) in ("fresh", "failed"):
            state.status[key] = "stale"
        state.problems.pop(key, None)


def _rewired(old: Node | None, new: Node | None) -> bool:
    """Whether a change may alter what roles nodes have."""
    if old is None or new is None or old.op != new.op or (old.name is None) != (new.name is None):
        return True
    return list(old.inputs()) != list(new.inputs()) or old.kwargs != new.kwargs


def same_call(old: Node, new: Node) -> bool:
    """Whether two records compute the same; a name does not matter."""
    if (old.op, len(old.outputs)) != (new.op, len(new.outputs)):
        return False
    return repr((old.args, old.kwargs)) == repr((new.args, new.kwargs))


def _moved(state: State, before: Document, old_context: dict[str, tuple[str, ...]], old_order: list[str]) -> set[str]:
    """Nodes that now stand under another region, loop or branch, or in another order where that matters."""
    document = state.plan.document
    headers = _headers(before), _headers(document)
    altered = {key for key in {*headers[0], *headers[1]} if headers[0].get(key) != headers[1].get(key)}
    found = set()
    for key, path in state.context.items():
        if key in old_context and (old_context[key] != path or not altered.isdisjoint(path)):
            found.add(key)
    kept = [key for key in old_order if key in state.context]
    new = [key for key in state.order if key in old_context]
    if kept != new:
        mattering = {key for key in state.order if state.facts(key).changes or state.facts(key).random}
        if [key for key in kept if key in mattering] != [key for key in new if key in mattering] or any(
            state.facts(key).changes for key in mattering
        ):
            found |= {key for key in new if key not in state.sources}
    return found


def _headers(document: Document) -> dict[str, str]:
    """What each loop, branch and region says about its body."""
    return {item.id: _header(item) for item in walk(document.program) if hasattr(item, "id")}


def _header(item: Item) -> str:
    if isinstance(item, Region):
        return repr((item.kind, item.args))
    if isinstance(item, Loop):
        return repr((item.var, item.iter, item.carried))
    return repr((getattr(item, "test", None), getattr(item, "carried", None)))


def _undone(state: State, node: Node) -> set[str]:
    """An in-place op or a flag is gone or another: what it acted on must be made anew, the source itself too."""
    found: set[str] = set()
    todo = [wire.node for wire in list(node.inputs())[:1] if wire.node is not None]
    while todo:
        key = todo.pop()
        if key in found or key not in state.context:
            continue
        found.add(key)
        facts = state.facts(key)
        if facts.changes:
            todo += facts.reads[:1]
        if key in state.pristine:
            state.put_back({key})
    return found
