"""What to say about a name that is not known: the nearest ones."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

from guigrad.ops import table
from guigrad.source.show import shown

_KNOWN_MODULES: Final = ("numpy", "np", "math", "torch", "F", "nn", "plt")


def unknown_name(name: str, names: Iterable[str]) -> tuple[str, str, str]:
    """(message, kind, why) for a name that nothing binds."""
    near = difflib.get_close_matches(name, list(names)[:2000], n=1, cutoff=0.75)
    why = f"Did you mean `{near[0]}`?" if near else ""
    if not near and name in _KNOWN_MODULES:
        why = {"F": "Write `import torch.nn.functional as F`.", "nn": "Write `from torch import nn`."}.get(
            name, f"Write `import {name}`." if name in ("math", "torch") else "Only torch and math are known here."
        )
    return f"name '{name}' is not defined", "name", why


def unknown_op(path: str, suggest: bool = True) -> tuple[str, str, str]:
    """(message, kind, why) for a dotted name that the op table does not have."""
    owner, _, name = path.rpartition(".")
    if owner == "torch.nn" and name[:1].isupper():
        why = "Modules are not understood: write the function of torch.nn.functional, with its weights as tensors."
        return f"{path} is not understood", "unknown op", why
    return f"{path} is not known", "unknown op", _near(path, name) if suggest else ""


def unknown_method(name: str, suggest: bool = True) -> tuple[str, str, str]:
    """(message, kind, why) for a method that no row allows."""
    return f"method `.{name}()` is not known", "unknown op", _near(f"torch.Tensor.{name}", name) if suggest else ""


def _near(path: str, name: str) -> str:
    targets = table.targets()
    shorts = {target.rpartition(".")[2]: target for target in reversed(targets)}
    found = difflib.get_close_matches(path, targets, n=2, cutoff=0.8)
    found += [shorts[near] for near in difflib.get_close_matches(name, shorts, n=3, cutoff=0.75)]
    if name in shorts:
        found.insert(0, shorts[name])
    names = ", ".join(f"`{shown(target)}`" for target in dict.fromkeys(found))
    return f"Did you mean {names}?" if names else ""
