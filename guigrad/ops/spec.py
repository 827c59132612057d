"""What a row of the op table says."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

REQUIRED: Final = "<required>"
"""Default of a parameter that has none (a string, so that rows stay plain JSON)."""


class Param(Struct, frozen=True, array_like=True):
    """One parameter of one overload.

    ``type`` is the schema's own word: "Tensor", "Tensor?", "Tensor[]", "Tensor?[]", "int", "float", "bool", "str", "Scalar",
    "dtype", "device", "layout", "memory_format", "int[]", "int[2]", "float[]", "Generator" …, with "?" for optional, or "any" when a wire or a
    literal may stand there. ``default`` is a JSON literal, {"sym": "torch.float32"}, or REQUIRED.
    """

    name: str
    type: str
    default: Any = REQUIRED
    keyword_only: bool = False

    @property
    def is_port(self) -> bool:
        """A wire that carries tensors may end here."""
        return self.type.startswith("Tensor") or self.type == "any"

    @property
    def is_list(self) -> bool:
        """A list of tensors ends here, a port an element."""
        return self.type.startswith(("Tensor[", "Tensor?["))


class Overload(Struct, frozen=True, array_like=True):
    """One way to call an op. ``returns`` are type words; ("Tensor[]",) is a list of unknown length."""

    params: tuple[Param, ...]
    returns: tuple[str, ...] = ("Tensor",)


class Example(Struct, frozen=True):
    """A worked example: ``args`` as source text of the call's arguments, e.g. "rand(2, 3), rand(3, 4)", and keywords likewise."""

    call: str
    note: str = ""


class OpSpec(Struct, frozen=True):
    """One op: a generated row of the catalogue, or a curated one that covers several targets.

    ``key`` is the short name ("matmul"); ``targets`` are every callable it stands for, the first the one the palette makes:
    "torch.matmul", "torch.Tensor.matmul", "operator.matmul", "torch.nn.functional.linear", "python.print" …
    ``infix`` is the operator sign of an ``operator.*`` target. ``vjp`` gives, by port, the gradient as Python text over the port
    names, ``out`` (the result) and ``g`` (the upstream gradient); ``tex`` is the same as a formula.
    ``effect`` is "" for a pure op, else "in-place", "backward", "grad", "print", "seed", "zero", "assign", "step" …
    """

    key: str
    targets: tuple[str, ...]
    overloads: tuple[Overload, ...] = ()
    family: str = "other"
    glyph: str = ""
    infix: str = ""
    about: str = ""
    doc: str = ""
    vjp: dict[str, str] = {}
    tex: str = ""
    examples: tuple[Example, ...] = ()
    errors: tuple[Example, ...] = ()
    source: str = ""
    effect: str = ""
    random: bool = False
    view: bool = False
    aliases: tuple[str, ...] = ()
    old_names: tuple[str, ...] = ()
    front: bool = False
