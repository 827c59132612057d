"""The frequent shapes of a step as closures: each is one line of the program, and says which, so that a block can be written out.

See Note [Closures] in compile and Note [Written out] in unroll.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from guigrad.engine.arguments import Step
from guigrad.engine.huge import refuse_huge
from guigrad.engine.unroll import written


@written("env[out] = fn(env[a])")
def call_one(env: list[Any], out: int, fn: Callable[..., Any], a: int) -> Step:
    def step() -> None:
        env[out] = fn(env[a])

    return step


@written("env[out] = fn(env[a], **keywords)")
def call_one_with(env: list[Any], out: int, fn: Callable[..., Any], a: int, keywords: dict[str, Any]) -> Step:
    def step() -> None:
        env[out] = fn(env[a], **keywords)

    return step


@written("env[out] = fn(env[a], env[b])")
def call_two(env: list[Any], out: int, fn: Callable[..., Any], a: int, b: int) -> Step:
    def step() -> None:
        env[out] = fn(env[a], env[b])

    return step


@written("env[out] = fn(env[a], env[b], **keywords)")
def call_two_with(env: list[Any], out: int, fn: Callable[..., Any], a: int, b: int, keywords: dict[str, Any]) -> Step:
    def step() -> None:
        env[out] = fn(env[a], env[b], **keywords)

    return step


@written("env[out] = fn(*[env[at] for at in slots])")
def call_more(env: list[Any], out: int, fn: Callable[..., Any], slots: list[int]) -> Step:
    def step() -> None:
        env[out] = fn(*[env[at] for at in slots])

    return step


@written("env[out] = fn(*[env[at] for at in slots], **keywords)")
def call_more_with(
    env: list[Any], out: int, fn: Callable[..., Any], slots: list[int], keywords: dict[str, Any]
) -> Step:
    def step() -> None:
        env[out] = fn(*[env[at] for at in slots], **keywords)

    return step


Known = set[type]
Find = Callable[[Any], Callable[..., Any]]


@written("it = env[me]\nenv[out] = (getattr(it, name) if type(it) in known else find(it))()")
def method_none(env: list[Any], out: int, me: int, name: str, known: Known, find: Find) -> Step:
    def step() -> None:
        it = env[me]
        env[out] = (getattr(it, name) if type(it) in known else find(it))()

    return step


@written("it = env[me]\nenv[out] = (getattr(it, name) if type(it) in known else find(it))(env[a])")
def method_one(env: list[Any], out: int, me: int, name: str, known: Known, find: Find, a: int) -> Step:
    def step() -> None:
        it = env[me]
        env[out] = (getattr(it, name) if type(it) in known else find(it))(env[a])

    return step


@written("it = env[me]\nenv[out] = (getattr(it, name) if type(it) in known else find(it))(*[env[at] for at in slots])")
def method_more(env: list[Any], out: int, me: int, name: str, known: Known, find: Find, slots: list[int]) -> Step:
    def step() -> None:
        it = env[me]
        env[out] = (getattr(it, name) if type(it) in known else find(it))(*[env[at] for at in slots])

    return step


@written(
    "it = env[me]\nmethod = getattr(it, name) if type(it) in known else find(it)\n"
    "env[out] = method(*[env[at] for at in slots], **keywords)"
)
def method_with(
    env: list[Any],
    out: int,
    me: int,
    name: str,
    known: Known,
    find: Find,
    slots: list[int],
    keywords: dict[str, Any],
) -> Step:
    def step() -> None:
        it = env[me]
        method = getattr(it, name) if type(it) in known else find(it)
        env[out] = method(*[env[at] for at in slots], **keywords)

    return step


@written("env[out] = env[a] + env[b]")
def add(env: list[Any], a: int, b: int, out: int) -> Step:
    def step() -> None:
        env[out] = env[a] + env[b]

    return step


@written("env[out] = env[a] - env[b]")
def sub(env: list[Any], a: int, b: int, out: int) -> Step:
    def step() -> None:
        env[out] = env[a] - env[b]

    return step


@written("env[out] = env[a] * env[b]")
def mul(env: list[Any], a: int, b: int, out: int) -> Step:
    def step() -> None:
        env[out] = env[a] * env[b]

    return step


@written("env[out] = env[a] / env[b]")
def truediv(env: list[Any], a: int, b: int, out: int) -> Step:
    def step() -> None:
        env[out] = env[a] / env[b]

    return step


@written("base = env[a]\nif type(base) is int:\n    refuse_huge(base, env[b])\nenv[out] = base ** env[b]")
def pow(env: list[Any], a: int, b: int, out: int) -> Step:
    def step() -> None:
        base = env[a]
        if type(base) is int:
            refuse_huge(base, env[b])
        env[out] = base ** env[b]

    return step


@written("env[out] = env[a] @ env[b]")
def matmul(env: list[Any], a: int, b: int, out: int) -> Step:
    def step() -> None:
        env[out] = env[a] @ env[b]

    return step
