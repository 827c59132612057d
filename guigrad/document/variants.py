"""Variants of a document that differ in how they train: another optimizer, rate, seed, start or any other number. Each is an edit.

Nothing here changes a document: ``edit_of`` gives the edit that a race tries in a copy, and that "use this one" makes in the document itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from msgspec import Struct

from guigrad.document import ports
from guigrad.document.diff import Diff
from guigrad.document.draft import Edit, Refused, refused
from guigrad.document.edit_program import chain
from guigrad.document.edit_updates import set_number, set_optimizer
from guigrad.document.edit_values import DEFAULT, set_argument, set_value
from guigrad.document.model import Document, Node
from guigrad.document.names import labels
from guigrad.document.training import OPTIM
from guigrad.document.training_read import read_training

RATES = ("lr", "rate", "learning_rate")
SEEDS = ("torch.manual_seed", "torch.random.manual_seed")
PRESETS = (
    ("SGD", "torch.optim.SGD", (("momentum", 0.0),)),
    ("Momentum", "torch.optim.SGD", (("momentum", 0.9),)),
    ("RMSprop", "torch.optim.RMSprop", (("momentum", 0.0),)),
    ("Adam", "torch.optim.Adam", ()),
)
"""What one click puts on the lanes: a name, the optimizer, settings of it."""


class Number(Struct, frozen=True):
    """A number that the program writes: what it is called, where it stands (``path`` "" is a literal's value), what it is."""

    name: str
    node: str
    path: str
    value: float


class Variant(Struct, frozen=True):
    """What is other than in the document: ``optimizer`` (its op), its learning rate and settings, numbers anywhere, the seed, where leaves start."""

    name: str
    optimizer: str = ""
    rate: float | None = None
    settings: tuple[tuple[str, object], ...] = ()
    numbers: tuple[tuple[Number, float], ...] = ()
    seed: int | None = None
    start: tuple[tuple[str, object], ...] = ()

    @property
    def words(self) -> str:
        """What it changes, in a few words."""
        found = [self.optimizer.rpartition(".")[2]] if self.optimizer else []
        found += [f"lr {self.rate:g}"] if self.rate is not None else []
        found += [f"{name} {value}" for name, value in self.settings if value]
        found += [f"{number.name} {value:g}" for number, value in self.numbers]
        found += [f"seed {self.seed}"] if self.seed is not None else []
        found += [f"{name} = {value:.4g}" if isinstance(value, float) else f"{name} set" for name, value in self.start]
        return ", ".join(found) or "as it is"


def edit_of(variant: Variant) -> Edit:
    """The edit that makes a document this variant. It refuses what cannot be changed with the reason."""
    edits: list[Edit] = []
    if variant.optimizer:
        edits.append(set_optimizer(variant.optimizer))
    if variant.settings:
        edits.append(_set_options(variant.settings))
    if variant.rate is not None:
        edits.append(_set_rate(variant.rate))
    edits += [set_to(number, value) for number, value in variant.numbers]
    if variant.seed is not None:
        edits.append(_set_seed(variant.seed))
    edits += [set_value(name, value) for name, value in variant.start]
    label = f"Train as {variant.name}"
    return chain(label, *edits) if edits else lambda document: Diff(label=label)


def made(document: Document, variant: Variant) -> Document:
    """The document of a variant. Raises: Refused."""
    return edit_of(variant)(document).apply(document)


def set_to(number: Number, value: float) -> Edit:
    """Another number in its place; a whole one stays whole."""

    def apply(document: Document) -> Diff:
        whole = _is_whole(document, number)
        if whole and value != int(value):
            raise refused(f"{number.name} is a whole number, not {value:g}", number.name, number.node)
        new: object = int(value) if whole else float(value)
        if number.path:
            return set_argument(number.node, number.path, new)(document)
        return set_value(number.node, new)(document)

    return apply


def presets(rate: float | None = None) -> tuple[Variant, ...]:
    """The optimizers that one click races."""
    return tuple(Variant(name, op, rate, settings) for name, op, settings in PRESETS)


def rates(document: Document, factors: Iterable[float] = (0.1, 0.3, 1.0, 3.0, 10.0)) -> tuple[Variant, ...]:
    """The same training at other learning rates. Raises: Refused when it has none that can be changed."""
    now = rate_of(document)
    return tuple(Variant(f"lr {now * factor:.3g}", rate=float(f"{now * factor:.3g}")) for factor in factors)


def seeds(document: Document, count: int = 5) -> tuple[Variant, ...]:
    """The same training from other random numbers. Raises: Refused when the program sets no seed."""
    node = _seeding(document)
    first = node.args[0] if node.args and isinstance(node.args[0], int) else 0
    return tuple(Variant(f"seed {first + at}", seed=first + at) for at in range(count))


def rate_of(document: Document) -> float:
    """The learning rate. Raises: Refused when none is written."""
    number = next((one for one in numbers(document) if one.name in RATES), None)
    known = read_training(document)
    if known is not None and known.rate is not None and isinstance(known.rate.value, int | float):
        return float(known.rate.value)
    if number is None:
        raise refused("the program writes no learning rate: give its optimizer an lr")
    return number.value


def numbers(document: Document) -> tuple[Number, ...]:
    """Every number that the program writes and that can be swept: those of the training first, by the names that the code gives them."""
    known = read_training(document)
    names = labels(document)
    first: list[Number] = []
    rest: list[Number] = []
    if known is not None:
        for name, place in (("lr", known.rate), ("weight_decay", known.decay)):
            if place is not None and _fits(place.value):
                first.append(
                    Number(_called(document, place.node, place.path, name), place.node, place.path, _float(place.value))
                )
    taken = {(one.node, one.path) for one in first}
    for node in document.nodes.values():
        if node.op == "python.literal" and node.name and node.args and _fits(node.args[0]):
            if (node.id, "") not in taken:
                rest.append(Number(names[node.id], node.id, "", _float(node.args[0])))
            continue
        if node.op.startswith("python.") or node.op.startswith("def."):
            continue
        maker = node.op.startswith(OPTIM)
        for parameter in ports.parameters(node):
            if _fits(parameter.value) and (
                parameter.given or (maker and parameter.name in ("lr", "momentum", "weight_decay"))
            ):
                if (node.id, parameter.name) in taken:
                    continue
                own = node.op == "torch.tensor" and parameter.name == "data"
                name = parameter.name if maker else names[node.id] if own else f"{names[node.id]}.{parameter.name}"
                target = first if maker else rest
                target.append(Number(name, node.id, parameter.name, _float(parameter.value)))
    return (*first, *rest)


def find_number(document: Document, name: str) -> Number:
    """The number of that name. Raises: Refused with those that there are."""
    known = numbers(document)
    found = next((one for one in known if one.name == name), None)
    if found is None:
        there = ", ".join(one.name for one in known[:12]) or "none"
        raise refused(f"there is no number {name!r} to sweep; the program writes: {there}")
    return found


def spaced(low: float, high: float, count: int, log: bool) -> tuple[float, ...]:
    """So many values between two, evenly, or evenly by their logarithms. Raises: ValueError with the reason."""
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError("Both ends are finite numbers.")
    if count < 2:
        return (low,)
    if log:
        if low <= 0 or high <= 0:
            raise ValueError("On a logarithmic range both ends are above zero.")
        a, b = math.log(low), math.log(high)
        found = [math.exp(a + (b - a) * at / (count - 1)) for at in range(count)]
    else:
        found = [low + (high - low) * at / (count - 1) for at in range(count)]
    found = [low, *[float(f"{value:.6g}") for value in found[1:-1]], high]
    return tuple(dict.fromkeys(found))


# --- inside ---


def _fits(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _float(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _is_whole(document: Document, number: Number) -> bool:
    node = document.nodes.get(number.node)
    if node is None:
        return False
    if not number.path:
        return bool(node.args) and type(node.args[0]) is int
    found = next((one for one in ports.parameters(node) if one.name == number.path), None)
    if found is None or type(found.value) is not int:
        return False
    return not node.op.startswith(OPTIM)  # momentum=0 may become 0.9


def _called(document: Document, key: str, path: str, name: str) -> str:
    node = document.nodes.get(key)
    return node.name if node is not None and not path and node.name else name


def _set_rate(rate: float) -> Edit:
    def apply(document: Document) -> Diff:
        known = read_training(document)
        if known is None:
            raise refused("the program has no training loop yet: add one first")
        maker = document.nodes.get(known.optimizer)
        try:
            return set_number("rate", rate)(document)
        except Refused:
            number = next((one for one in numbers(document) if one.name in RATES), None)
            if maker is None and number is None:
                raise
            if maker is None and number is not None:
                return set_to(number, rate)(document)
        assert maker is not None
        return set_argument(maker.id, "lr", rate)(document)

    return apply


def _set_options(settings: tuple[tuple[str, object], ...]) -> Edit:
    """Settings of the optimizer; one that it does not have is left out when it is off anyway."""

    def apply(document: Document) -> Diff:
        known = read_training(document)
        maker = document.nodes.get(known.optimizer) if known is not None else None
        if maker is None:
            raise refused("the program has no optimizer to set")
        diff, now = Diff(), document
        for name, value in settings:
            node = now.nodes[maker.id]
            parameter = next((one for one in ports.parameters(node) if one.name == name), None)
            if parameter is None and not value:
                continue
            if parameter is not None and (parameter.value == value or (not parameter.given and not value)):
                continue
            step = set_argument(maker.id, name, value or DEFAULT)(now)
            diff, now = diff.then(step), step.apply(now)
        return diff

    return apply


def _seeding(document: Document) -> Node:
    node = next((node for node in document.nodes.values() if node.op in SEEDS), None)
    if node is None:
        raise refused("the program sets no seed: begin it with torch.manual_seed(0)")
    return node


def _set_seed(seed: int) -> Edit:
    def apply(document: Document) -> Diff:
        return set_argument(_seeding(document).id, "seed", seed)(document)

    return apply
