"""How an op's dotted name is written in code."""

from __future__ import annotations


def shown(target: str) -> str:
    """``F.relu`` for torch.nn.functional.relu, ``.mean()`` for a method, ``len`` for a built-in."""
    if target.startswith("torch.nn.functional."):
        return "F" + target[19:]
    if target.startswith("torch.Tensor."):
        return f".{target[13:]}()"
    return target.removeprefix("builtins.").removeprefix("python.")
