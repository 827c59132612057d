"""Edits that mute nodes: a muted node passes its first tensor on as if it were not there, and can be what it was again.

What runs and what the code shows is ``python.alias``; the node that it was is kept in its view.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs

from guigrad.document import order, ports, template, tree
from guigrad.document.acts import acts
from guigrad.document.diff import Diff
from guigrad.document.draft import Draft, Edit, refused, resolve, title
from guigrad.document.kinds import results
from guigrad.document.loose import MUTED, wire_at
from guigrad.document.model import PARAM, RETURN, Document, Effect, Eval, In, Node, View, route_key

_PARTS = frozenset(("python.carry", "python.loop_var", PARAM, RETURN))
"""Nodes that loops, branches and functions are made of."""


def is_muted(document: Document, key: str) -> bool:
    """Whether a node is muted."""
    view = document.views.get(key)
    node = document.nodes.get(key)
    return view is not None and view.muted is not None and node is not None and node.op == MUTED


def mute(keys: Iterable[str], on: bool | None = None) -> Edit:
    """Mutes nodes, or lets them do what they did; by default the other of the two, muted if only some of them are."""

    def apply(document: Document) -> Diff:
        found = list(dict.fromkeys(resolve(document, key) for key in keys))
        nodes = [key for key in found if key in document.nodes]
        if not nodes:
            raise refused("only nodes can be muted")
        wanted = not all(is_muted(document, key) for key in nodes) if on is None else on
        draft = Draft(document)
        for key in nodes:
            if is_muted(document, key) != wanted:
                (_mute if wanted else _unmute)(draft, key)
        return draft.diff(f"{'Mute' if wanted else 'Unmute'} {title(document, nodes)}")

    return apply


def _mute(draft: Draft, key: str) -> None:
    document, node = draft.start, draft.node(key)
    name = order.name(document, key)
    path = passed(node)
    if node.op in _PARTS:
        raise refused(f"{name} is a part of the program's shape and cannot be muted", name, key)
    if path is None:
        raise refused(f"{name} has no wire that it could pass on", name, key)
    given = results(node)
    if node.outputs or len(given) != 1 or given[0].removesuffix("?") not in ("Tensor", "any"):
        raise refused(f"{name} does not give one tensor, so nothing can be passed on instead", name, key)
    wire = wire_at(node, path)
    assert wire is not None
    draft.put_node(Node(key, MUTED, (wire,), (), node.name, node.outputs))
    draft.put_view(key, structs.replace(document.views.get(key, View()), muted=node))
    _lead(draft, document, key, path, ports.path_of(draft.node(key), (0,)))
    _become(draft, key)


def _unmute(draft: Draft, key: str) -> None:
    document, now = draft.start, draft.node(key)
    view = document.views[key]
    old = view.muted
    assert old is not None

    def there(wire: In) -> In:
        """A wire that is still possible; those of nodes that went meanwhile are open."""
        known = wire.node is not None and wire.node in document.nodes
        return wire if known and tree.is_visible(document, wire.node or "", key) else In()

    node = structs.replace(template.map_wires(old, there), name=now.name)
    path = passed(old)
    wire = now.args[0] if now.args else In()
    if path is not None:
        node = ports.set_at(node, path, wire)
    draft.put_node(node)
    draft.put_view(key, structs.replace(view, muted=None))
    if path is not None:
        _lead(draft, document, key, ports.path_of(now, (0,)), path)
    _become(draft, key)


def passed(node: Node) -> str | None:
    """The port whose value a node passes on when it is muted: the first that is wired with what may be a tensor."""
    wired = [port for port in ports.ports(node) if isinstance(port.value, In) and port.value.node is not None]
    tensors = [port for port in wired if port.type.startswith(("Tensor", "any"))]
    return next((port.path for port in tensors or wired), None)


def _lead(draft: Draft, document: Document, key: str, before: str, after: str) -> None:
    """The wire keeps its route at a port of another name."""
    route = document.routes.get(route_key(key, before))
    if route is not None and before != after:
        draft.put_route(route_key(key, before), ())
        draft.put_route(route_key(key, after), route)


def _become(draft: Draft, key: str) -> None:
    """The item is an Effect exactly if its node does something."""
    spot = tree.spots(draft.start)[key]
    item = tree.item_at(draft.program, spot)
    if not isinstance(item, Eval | Effect):
        return
    kind = Effect if acts(draft.node(key)) else Eval
    if not isinstance(item, kind):
        body = tree.body_at(draft.program, spot[:-1])
        after = (*body[: spot[-1]], kind(key), *body[spot[-1] + 1 :])
        draft.put_program(tree.replace_body(draft.program, spot[:-1], after))
