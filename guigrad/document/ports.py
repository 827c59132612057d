"""A node's ports and parameters by path, bound to its row of the op table.

A path is the parameter's name and the place inside its value: ``self``, ``other``, ``tensors[0]``, ``index[1].stop``. What the
row does not name (and every argument of an unknown op) is ``arg0``, ``arg1`` … or its keyword.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from guigrad.document import template
from guigrad.document.array import ArrayData
from guigrad.document.binding import UNKNOWN, Head, choices, default_of, heads, is_required, may_leave
from guigrad.document.model import (
    CAPTURE,
    Branch,
    Document,
    In,
    ListOf,
    Loop,
    Node,
    Region,
    Value,
    Wire,
    walk,
)
from guigrad.document.template import Place
from guigrad.ops.spec import REQUIRED, Overload, Param


class Port(Struct, frozen=True):
    """A place of a node where a wire ends or may end.

    ``value`` is the ``In`` or the literal there; ``place`` is () for a port that may be wired but is not in the template yet.
    ``type`` is the schema's word ("Tensor", "Tensor[]", "any" …), ``label`` a short text to show at it.
    """

    path: str
    place: Place
    value: Value
    type: str
    label: str
    required: bool = False

    @property
    def given(self) -> bool:
        """Something stands there, if only an open end."""
        return bool(self.place)

    @property
    def open(self) -> bool:
        """No wire and no literal: a wire may come."""
        return not self.place or (isinstance(self.value, In) and self.value.node is None)


class Parameter(Struct, frozen=True):
    """One parameter of a node as the inspector shows it; ``value`` is the default where it is not ``given``."""

    name: str
    type: str
    value: Value
    default: Any = REQUIRED
    given: bool = False
    keyword_only: bool = False
    is_port: bool = False

    @property
    def required(self) -> bool:
        """It has no default."""
        return self.default is REQUIRED or self.default == REQUIRED


def ports(node: Node) -> tuple[Port, ...]:
    """The places where wires end, literals that stand where a tensor may, and ports that may be added.

    In the order of the signature; a list of tensors has a last port for one more.
    """
    found, overload = heads(node)
    order = {param.name: index for index, param in enumerate(overload.params)} if overload else {}
    result: list[tuple[int, Port]] = []
    for head in found:
        param = head.param or UNKNOWN
        rank = order.get(param.name, len(order))
        value = template.get(node, head.place)
        for steps, path, leaf in template.leaves(value):
            if isinstance(leaf, In) or (not steps and _may_be_tensor(node, param, leaf)):
                full = head.path + path
                label = full.lstrip(CAPTURE)
                result.append((rank, Port(full, head.place + steps, leaf, param.type, label, is_required(param))))
        if param.is_list and isinstance(value, tuple | ListOf):
            full = f"{head.path}[{len(template.children(value))}]"
            result.append((rank, Port(full, (), In(), param.type, full)))
    if overload:
        given = {head.param.name for head in found if head.param}
        for index, param in enumerate(overload.params):
            wanted = param.type.startswith("Tensor") or node.signature is not None
            if param.name not in given and (wanted or (param.is_port and is_required(param))):
                path = f"{param.name}[0]" if param.is_list else param.name
                result.append((index, Port(path, (), In(), param.type, path.lstrip(CAPTURE), is_required(param))))
    result.sort(key=lambda pair: pair[0])
    return tuple(port for _, port in result)


def port_at(node: Node, path: str) -> Port | None:
    """What a wire finds at a path: a port, or any other argument (a size may be wired too); None when there is no such place."""
    for port in ports(node):
        if port.path == path:
            return port
    try:
        value = get_at(node, path)
        place = find_place(node, path) or ()
    except (ValueError, LookupError):
        return None
    head = template.split_path(path)[0]
    type_ = next((parameter.type for parameter in parameters(node) if parameter.name == head), "any")
    return Port(path, place, value, type_ if place[1:] == () else "any", path)


def parameters(node: Node) -> tuple[Parameter, ...]:
    """Every parameter of the call in the order of the signature, given or not; what the row does not know comes last.

    Those of other overloads that the call becomes by giving them are among them: ``x.sum()`` may be given a ``dim``.
    """
    found, overload = heads(node)
    values: dict[str, list[Value]] = {}
    unknown: list[Parameter] = []
    for head in found:
        value = template.get(node, head.place)
        if head.param is None:
            unknown.append(Parameter(head.path, "any", value, given=True))
        else:
            values.setdefault(head.param.name, []).append(value)
    spread = {head.param.name for head in found if head.param and head.path != head.param.name}
    result = []
    own = {param.name for param in overload.params} if overload else set()
    for param in _all_params(node):
        given = values.get(param.name)
        value = default_of(param) if given is None else tuple(given) if param.name in spread else given[0]
        type_, default = param.type, param.default
        if is_required(param) and not param.is_port and param.name not in spread:
            mine = next((head for head in found if head.param is not None and head.param.name == param.name), None)
            if param.name not in own if mine is None else may_leave(node, mine):
                type_, default = type_ if type_.endswith("?") else f"{type_}?", None
        name = param.name.lstrip("*")
        result.append(Parameter(name, type_, value, default, given is not None, param.keyword_only, param.is_port))
    return (*result, *unknown)


def _all_params(node: Node) -> tuple[Param, ...]:
    """The parameters of all overloads that a call may mean, each once, in the order of the richest."""
    found = choices(node)
    known = {param.name: param for overload in reversed(found) for param in overload.params}
    richest = sorted(found, key=lambda overload: -len(overload.params))
    return tuple(known[name] for name in dict.fromkeys(param.name for o in richest for param in o.params))


def get_at(node: Node, path: str) -> Value:
    """What stands at a port or parameter; its default when it is not given.

    Raises: ValueError when the node has no such place.
    """
    place = find_place(node, path)
    if place is not None:
        return template.get(node, place)
    for parameter in parameters(node):
        if parameter.name == path:
            return parameter.value
    if any(port.path == path for port in ports(node)):
        return In()
    raise ValueError(f"{node.op} has no {path!r}")


def find_place(node: Node, path: str) -> Place | None:
    """Where a path lies in the template; None when nothing is given there.

    Raises: ValueError when it is not written like a path, or leads where nothing can be.
    """
    found, _ = heads(node)
    for head in found:
        if path == head.path:
            return head.place
        if path.startswith(head.path) and path[len(head.path)] in "[.":
            _, tokens = template.split_path("x" + path[len(head.path) :])
            value, steps = template.get(node, head.place), []
            for token in tokens:
                parts = template.children(value)
                step = template.step_of(value, token)
                if step == len(parts):
                    return None
                steps.append(step)
                value = parts[step]
            return (*head.place, *steps)
    return None


def set_at(node: Node, path: str, value: Value) -> Node:
    """The node with a value at a port or parameter, which is added to the call where it was not given.

    Raises: ValueError when the node has no such place.
    """
    found, overload = heads(node)
    place = find_place(node, path)
    if place is not None:
        return template.put(node, place, value)
    head, tokens = template.split_path(path)
    param = next((p for p in overload.params if p.name == head), None) if overload else None
    owner = next((h for h in found if h.path == head), None)
    if owner is not None:
        return _append(node, owner.place, tokens, value)
    many = [h for h in found if h.param is not None and h.param.name == head]
    if many and not tokens:  # the whole of view(2, 3): its numbers become one argument
        first = many[0].place[0]
        assert isinstance(first, int)
        kept = [arg for index, arg in enumerate(node.args) if all(h.place != (index,) for h in many)]
        return template.with_template(node, (*kept[:first], value, *kept[first:]), node.kwargs)
    if many and tokens == (len(many),):
        last = many[-1].place[0]
        assert isinstance(last, int)
        return template.with_template(node, (*node.args[: last + 1], value, *node.args[last + 1 :]), node.kwargs)
    if param is None and not tokens:
        added = _from_another(node, head, value)
        if added is not None:
            return added
    if param is None:
        if head.startswith("arg") and head[3:].isdigit() and int(head[3:]) == len(node.args) and not tokens:
            return template.put(node, (len(node.args),), value)
        raise ValueError(f"{node.op} has no {path!r}")
    if tokens:
        if tokens != (0,):
            raise ValueError(f"{node.op} has no {path!r}")
        value = ListOf((value,))
    return template.put(node, _new_place(node, param, found, overload), value)


def unset(node: Node, path: str) -> Node:
    """The node without an argument that it need not have, or without one element of a list.

    Raises: ValueError when it is required, or is not given.
    """
    place = find_place(node, path)
    if place is None:
        raise ValueError(f"{path!r} is not given")
    head, *steps = place
    if steps:
        owner = template.get(node, place[:-1])
        if not isinstance(owner, tuple | ListOf):
            raise ValueError(f"{path!r} cannot be left out")
        parts = list(template.children(owner))
        del parts[int(steps[-1])]
        return template.put(node, place[:-1], template.rebuild(owner, tuple(parts)))
    if isinstance(head, str):
        return template.with_template(node, node.args, tuple(pair for pair in node.kwargs if pair[0] != head))
    if head != len(node.args) - 1:  # the arguments behind it must be named first
        found, _ = heads(node)
        behind = [h for h in found if isinstance(h.place[0], int) and h.place[0] > head]
        if any(h.param is None or h.path != h.param.name for h in behind):
            raise ValueError(f"{path!r} cannot be left out")
        named = tuple((h.path, template.get(node, h.place)) for h in behind)
        return template.with_template(node, node.args[:head], node.kwargs + named)
    return template.with_template(node, node.args[:head], node.kwargs)


def path_of(node: Node, place: Place) -> str:
    """The path of a place in the template."""
    found, _ = heads(node)
    head = next(h for h in found if h.place[0] == place[0])
    value, path = template.get(node, head.place), head.path
    for step in place[1:]:
        assert isinstance(step, int)
        path += template.written(value, step)
        value = template.children(value)[step]
    return path


def wires(document: Document) -> tuple[Wire, ...]:
    """Every wire in program order: those into nodes, and those into the head of a loop, branch or region (its id, ``iter``,
    ``test`` or ``args[0]``). What a loop carries back into its variables is not among them: wires are acyclic."""
    result: list[Wire] = []
    for item in walk(document.program):
        match item:
            case Loop():
                for carry in item.carried:
                    result.extend(node_wires(document.nodes.get(carry.port)))
                result.extend(_value_wires(item.iter, item.id, "iter"))
            case Branch():
                for carry in item.carried:
                    result.extend(node_wires(document.nodes.get(carry.port)))
                result.extend(_value_wires(item.test, item.id, "test"))
            case Region():
                result.extend(_value_wires(item.args, item.id, "args"))
            case _:
                result.extend(node_wires(document.nodes.get(item.node)))
    return tuple(result)


def node_wires(node: Node | None) -> Iterator[Wire]:
    """The wires that end at one node."""
    if node is None or not any(True for wire in node.inputs() if wire.node is not None):
        return
    for head in heads(node)[0]:
        yield from _value_wires(template.get(node, head.place), node.id, head.path)


def _value_wires(value: Value, target: str, path: str) -> Iterator[Wire]:
    if isinstance(value, In):
        if value.node is not None:
            yield Wire(value.node, value.output, target, path)
        return
    for _, tail, leaf in template.leaves(value):
        if isinstance(leaf, In) and leaf.node is not None:
            yield Wire(leaf.node, leaf.output, target, path + tail)


def _from_another(node: Node, name: str, value: Value) -> Node | None:
    """The call with a parameter of another overload, and None for the optional ones which that cannot be without."""
    for overload in choices(node)[1:]:
        if any(param.name == name for param in overload.params):
            given = {head.param.name for head in heads(node)[0] if head.param}
            needed = [
                p for p in overload.params if is_required(p) and p.type.endswith("?") and p.name not in {*given, name}
            ]
            added = (*((param.name, None) for param in needed), (name, value))
            return template.with_template(node, node.args, (*node.kwargs, *added))
    return None


def _append(node: Node, place: Place, tokens: tuple[int | str, ...], value: Value) -> Node:
    owner, steps = template.get(node, place), list(place)
    for token in tokens:
        step = template.step_of(owner, token)
        steps.append(step)
        parts = template.children(owner)
        owner = parts[step] if step < len(parts) else None
    return template.put(node, tuple(steps), value)


def _new_place(node: Node, param: Param, found: tuple[Head, ...], overload: Overload | None) -> Place:
    """Positional when it is required and all before it are, else by keyword."""
    assert overload is not None
    index = [p.name for p in overload.params].index(param.name)
    positional = [h.path for h in found if isinstance(h.place[0], int)]
    before = [p.name for p in overload.params[:index]]
    operator = node.op.startswith(("operator.", "python.", "setitem.", "setattr."))
    if not param.keyword_only and positional == before and (operator or is_required(param)):
        return (len(node.args),)
    return (param.name,)


def _may_be_tensor(node: Node, param: Param, value: Value) -> bool:
    """A literal that stands where a wire is as usual: the 2 of ``2 * x``."""
    if not isinstance(value, int | float | complex | ArrayData):
        return False
    operator = node.op.startswith(("operator.", "setitem.", "setattr.")) and param.name != "index"
    return param.type.startswith("Tensor") or operator


def _label(path: str) -> str:
    return path
