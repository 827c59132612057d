"""The program as the rail shows it: pills and brackets, without any widget."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from guigrad.document.model import RETURN, Branch, Document, Effect, Eval, Item, Loop, Region, item_inputs, item_key
from guigrad.ops import table

FORWARD = "forward"

COLOURS: Final = {
    "forward": "accent", "backward": "grad", "grad": "grad", "in-place": "success", "step": "optim", "zero": "text_muted",
    "assign": "text_muted", "print": "text_muted", "leave": "grad", "seed": "text_muted",
}  # fmt: skip
"""Effect -> token of its pill."""

SOFT: Final = {"accent": "accent_soft", "grad": "grad_soft", "success": "success_soft", "optim": "optim_soft"}


@dataclass(frozen=True)
class Pill:
    """One pill: a run of Evals folded into ``forward``, or one effect. ``nodes`` are what its thread leads to."""

    kind: str
    text: str
    keys: tuple[str, ...]
    nodes: tuple[str, ...]


@dataclass(frozen=True)
class Bracket:
    """A loop, branch or region around pills; ``text`` is its header as Python writes it."""

    kind: str
    text: str
    key: str
    nodes: tuple[str, ...]
    items: tuple[Pill | Bracket, ...]
    otherwise: bool = False


def rail_items(document: Document, texts: Mapping[str, str]) -> tuple[Pill | Bracket, ...]:
    """Everything on the rail in order. ``texts`` gives for item keys the line of code that they are."""
    return tuple(_body(document, document.program, texts))


def _body(document: Document, items: tuple[Item, ...], texts: Mapping[str, str]) -> Iterator[Pill | Bracket]:
    run: list[str] = []
    owned = _owned(document, items)
    for item in items:
        if isinstance(item, Eval):
            run.append(item.node)
            continue
        if any(key not in owned for key in run):
            yield Pill("forward", FORWARD, tuple(run), tuple(run))
        run = []
        yield from _one(document, item, texts)
    if run:
        yield Pill("forward", FORWARD, tuple(run), tuple(run))


def _owned(document: Document, items: tuple[Item, ...]) -> set[str]:
    """Unnamed values that only an effect or a header of this body reads: they are part of its pill."""
    effects = {item_key(item) for item in items if not isinstance(item, Eval)}
    owned: set[str] = set()
    for item in reversed(items):
        if isinstance(item, Eval):
            node = document.nodes.get(item.node)
            readers = set(document.consumers.get(item.node, ()))
            if node is not None and node.name is None and readers and readers <= effects | owned:
                owned.add(item.node)
    return owned


def _one(document: Document, item: Item, texts: Mapping[str, str]) -> Iterator[Pill | Bracket]:
    key = item_key(item)
    touched = tuple(dict.fromkeys(wire.node for wire in item_inputs(document, item) if wire.node))
    match item:
        case Effect():
            node = document.nodes.get(item.node)
            kind = table.effect_of(node.op) if node else ""
            short = node.op.rpartition(".")[2] if node else key
            text = (
                short if node and node.op == RETURN else texts.get(key, short)
            )  # its line in the code is that of the def
            yield Pill(kind or "effect", text, (key,), (*touched, key))
        case Loop():
            text = texts.get(key, "for …").rstrip(":")
            yield Bracket("loop", text, key, touched, tuple(_body(document, item.body, texts)))
        case Branch():
            text = texts.get(key, "if …").rstrip(":")
            yield Bracket("branch", text, key, touched, tuple(_body(document, item.body, texts)))
            if item.orelse:
                yield Bracket("branch", "else", key, touched, tuple(_body(document, item.orelse, texts)), True)
        case Region():
            text = texts.get(key, f"with torch.{item.kind}()" if item.kind != "closure" else "def …()").rstrip(":")
            yield Bracket("region", text, key, touched, tuple(_body(document, item.body, texts)))
