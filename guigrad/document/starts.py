"""Variables start from what their name means where their loop begins, as reading the code says. See Note [Variables] in document/model."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from guigrad.document import tree
from guigrad.document.closures import function_of
from guigrad.document.draft import Draft
from guigrad.document.model import Branch, Carried, Effect, Eval, In, Item, Loop, Node, Region


def start_variables(draft: Draft) -> None:
    """Gives each variable without a first value the one that its name has there; a loop around gets a variable for that where it has none."""
    starts = _Starts(draft)
    starts.body(draft.program, {})
    if starts.new:
        draft.put_program(tree.rewrite(draft.program, starts.completed))


class _Starts:
    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.new: dict[str, list[Carried]] = {}
        self.outer: dict[str, dict[str, In | str]] = {}  # what names mean where each loop and branch begins

    def completed(self, item: Item) -> tuple[Item, ...]:
        """An item with the variables that it needs beside its own."""
        new = self.new.get(item.id, ()) if isinstance(item, Loop | Branch) else ()
        return (
            structs.replace(item, carried=(*item.carried, *new)) if new and isinstance(item, Loop | Branch) else item,
        )

    def body(self, items: tuple[Item, ...], env: dict[str, In | str]) -> None:
        """``env``: what names mean; a text is the id of a loop or branch that binds the name and has no variable for it."""
        for item in items:
            match item:
                case Eval() | Effect():
                    self.bind(item.node, env)
                case Region(kind="closure"):
                    self.body(item.body, dict(env))
                    if key := function_of(self.draft.document, item):
                        self.bind(key, env)
                case Region():
                    self.body(item.body, env)
                case Loop() | Branch():
                    self.compound(item, env)

    def bind(self, key: str, env: dict[str, In | str]) -> None:
        node = self.draft.node(key)
        if node.name is not None:
            env[node.name] = In(key)
        env.update((name, In(key, at)) for at, name in enumerate(node.outputs) if name is not None)

    def compound(self, item: Loop | Branch, env: dict[str, In | str]) -> None:
        ports = {self.draft.node(carry.port).name or carry.port: carry.port for carry in item.carried}
        for name, port in ports.items():
            node = self.draft.node(port)
            if not node.args and name in env:
                start = self.wire(name, env)
                self.draft.put_node(structs.replace(node, args=(start,)))
        inner: dict[str, In | str] = dict(env)
        bound = set(self.bound(item))
        inner.update((name, item.id) for name in bound if name not in ports)
        inner.update((name, In(port)) for name, port in ports.items())
        self.outer[item.id] = env
        for body in tree.bodies(item):
            own = dict(inner)
            if isinstance(item, Loop):
                self.bind(item.var, own)
            self.body(body, own)
            for name, port in self.made(item.id).items():
                final = own.get(name)
                if isinstance(final, In) and final.node != port:
                    self.update(item.id, port, final)
        for name in bound:
            env.pop(name, None)
        env.update((name, In(port)) for name, port in {**ports, **self.made(item.id)}.items())

    def made(self, key: str) -> dict[str, str]:
        return {self.draft.node(carry.port).name or "": carry.port for carry in self.new.get(key, ())}

    def update(self, key: str, port: str, final: In) -> None:
        self.new[key] = [
            Carried(carry.port, tuple(dict.fromkeys((*carry.updates, final)))) if carry.port == port else carry
            for carry in self.new[key]
        ]

    def wire(self, name: str, env: dict[str, In | str]) -> In:
        """What a name means; where that is the variable of a loop around which has none yet, it gets one."""
        found = env[name]
        if isinstance(found, In):
            return found
        known = self.made(found).get(name)
        if known is None:
            outer = self.outer[found]
            start = (self.wire(name, outer),) if name in outer else ()
            known = next(self.draft.ids)
            self.draft.put_node(Node(known, "python.carry", start, (), name))
            self.new.setdefault(found, []).append(Carried(known))
        env[name] = In(known)
        return In(known)

    def bound(self, item: Item) -> Iterator[str]:
        """Every name that an item binds."""
        for key in tree.defined(item):
            node = self.draft.node(key)
            yield from (name for name in (node.name, *node.outputs) if name is not None)
