"""Functions that an optimizer's step calls, as Python functions over a plan's values. See Note [Closures] in document.closures."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from guigrad.document.closures import closures, function_of, inner
from guigrad.document.model import Region
from guigrad.engine.arguments import Refused, Step, raiser
from guigrad.engine.block import Block

if TYPE_CHECKING:
    from guigrad.engine.build import Plan


def define(plan: Plan, item: Region) -> Step:
    """What a ``def`` does: the function is there from now on."""
    key = function_of(plan.document, item)
    if not key:
        return raiser(Refused("this function gives nothing: the node of it is gone"))
    env, out, made = plan.env, plan.whole(key), function(plan, item)

    def step() -> None:
        env[out] = made

    return step


def function(plan: Plan, item: Region) -> Callable[[], Any]:
    """The function of a closure. Its body is played with the values that are there when it is called."""
    key = function_of(plan.document, item)
    known, watch = plan.document, (plan.around, plan.cancelled)
    body, give = _compiled(plan, item, key)

    def closure() -> Any:
        nonlocal known, body, give
        if known is not plan.document:  # edited since
            known, now = plan.document, (plan.around, plan.cancelled)
            plan.around, plan.cancelled = watch
            try:
                body, give = _compiled(plan, closures(known)[key], key)
            finally:
                plan.around, plan.cancelled = now
        body.run()
        return give()

    closure.__name__ = closure.__qualname__ = plan.document.nodes[key].name or "closure"
    return closure


def _compiled(plan: Plan, item: Region, key: str) -> tuple[Block, Callable[[], Any]]:
    node = plan.document.nodes[key]
    return plan.block(inner(plan.document, item)), plan.reads(node.args[0] if node.args else None)


def function_named(plan: Plan, key: str) -> Callable[[], Any]:
    """The function that a node is. Raises: Refused where the node is in none."""
    region = closures(plan.document).get(key)
    if region is None:
        raise Refused("it is in no function that a step could call")
    return function(plan, region)
