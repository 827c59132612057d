"""Parts of a training as the editor offers them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from guigrad.document import ports
from guigrad.document.model import In, Node
from guigrad.document.training import Setting, Training
from guigrad.ops import table
from guigrad.ui.widgets.training_editor import Choice, Number

HIDDEN: Final = (
    "params",
    "optimizer",
    "schedulers",
    "last_epoch",
    "foreach",
    "fused",
    "capturable",
    "differentiable",
    "scale_fn",
)
"""Parameters that say where or from when something is computed: they are left to the code."""


def rows(prefix: str) -> tuple[Choice, ...]:
    """The ops of a family that can be chosen."""
    found = [target for target in table.targets() if target.startswith(prefix) and target[len(prefix) :].isidentifier()]
    return tuple((target, target[len(prefix) :]) for target in found)


def numbers(node: Node, rate: Setting | None) -> Iterator[Number]:
    """The parameters of an optimizer or scheduler that can be typed."""
    for parameter in ports.parameters(node):
        if parameter.name in HIDDEN:
            continue
        value = parameter.value
        if parameter.name == "lr" and isinstance(value, In) and rate is not None:
            value = rate.value
        kind = parameter.type.replace("|Tensor", "").replace("float|float[]", "float")
        yield Number(parameter.name, kind, value, None if parameter.required else parameter.default)


def by_hand(known: Training) -> tuple[Number, ...]:
    """The numbers of updates written by hand."""
    rate, decay = known.rate, known.decay
    found = [] if rate is None else [Number("lr", "float", rate.value)]
    return (*found, *([] if decay is None else [Number("weight_decay", "float", decay.value)]))


def value_of(setting: Setting | None) -> Any:
    """What a setting is; None where there is none."""
    return None if setting is None else setting.value


def whole_of(setting: Setting | None) -> int:
    """A setting that is a whole number; 0 where there is none."""
    return setting.value if setting is not None and isinstance(setting.value, int) else 0
