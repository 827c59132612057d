"""Which device to compute on, and keeping torch's process-wide settings apart from the host's.

Note [Ambient]
A session in somebody's own process must not change their default dtype, print options, grad mode or random numbers, and theirs must not
change its results. So a session owns an ``Ambient``: what it had when its last verb ended is put in place before the next and taken out after.
torch's thread count is never touched: other counts give other bits.
What is equal already is left alone, and random numbers, which cost most, change hands only when something is about to draw: ``draw``.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch

from guigrad.document.problem import Problem


def devices() -> tuple[str, ...]:
    """Every device that torch reports here, the CPU first."""
    found = ["cpu"]
    if torch.cuda.is_available():
        found += [f"cuda:{k}" for k in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        found.append("mps")
    if hasattr(torch, "xpu") and torch.xpu.is_available():
        found += [f"xpu:{k}" for k in range(torch.xpu.device_count())]
    return tuple(found)


def choose(wish: str) -> tuple[str, Problem | None]:
    """The device for a wish ("auto": the first accelerator), and what to say when it is not here."""
    here = devices()
    if wish in ("", "cpu", "cpu:0"):
        return "cpu", None
    if wish == "auto":
        return (here[1] if len(here) > 1 else "cpu"), None
    if wish in here:
        return wish, None
    if f"{wish}:0" in here:
        return wish, None
    return "cpu", Problem(
        message=f"The device {wish!r} is not on this machine ({', '.join(here)} is); it runs on the CPU.",
        kind="device",
        severity="warning",
        why="A document's device is a wish: the same program gives the same answers on the CPU, only slower.",
    )


class Ambient:
    """torch's process-wide settings of one session. See Note [Ambient]. ``turn`` goes up when the random state may have
    changed; who calls ``draw`` and then draws counts it up.

    Thread: one at a time, the one that plays.
    """

    def __init__(self, device: str = "cpu", seed: int | None = None) -> None:
        self._settings: dict[str, Any] = {}
        self._random: dict[str, Any] = {}
        self._host_random: dict[str, Any] | None = None
        self.turn = 0
        self.reset(device, seed)

    def reset(self, device: str, seed: int | None) -> None:
        """As in a new process. Without a seed the random state starts as the host's is now."""
        self._settings = {
            "dtype": torch.float32,
            "device": None if device == "cpu" else device,
            "grad": True,
            "print": dict(vars(_FRESH_PRINT)),
            "deterministic": (False, False),
        }
        self._random = {"cpu": _seeded(seed) if seed is not None else torch.default_generator.get_state()}
        self.turn += 1
        if seed is not None and torch.cuda.is_available():
            self._random["cuda seed"] = seed

    @contextmanager
    def active(self, draws: bool = True) -> Iterator[None]:
        """Puts this session's settings in place for as long as the block runs; its random numbers too, or once ``draw`` asks for them."""
        mine = self._settings
        host = None if _holds(mine) else current()
        if host is not None:
            apply(mine)
        outer, self._host_random = self._host_random, None
        if draws:
            self.draw()
            self.turn += 1
        try:
            yield
        finally:
            if host is not None or not _holds(mine):
                self._settings = current()
                apply(mine if host is None else host)
            if self._host_random is not None:
                self._random = random_now()
                put_random(self._host_random)
            self._host_random = outer

    def draw(self) -> None:
        """Inside ``active``: random numbers are this session's from now on."""
        if self._host_random is None:
            self._host_random = random_now()
            put_random(self._random)

    @property
    def dtype(self) -> torch.dtype:
        """The default dtype of the session."""
        found: torch.dtype = self._settings["dtype"]
        return found

    def save(self) -> tuple[dict[str, bytes], dict[str, Any]]:
        """(random states, other settings) as plain data."""
        states = {name: state.numpy().tobytes() for name, state in self._random.items() if torch.is_tensor(state)}
        rest = {
            "dtype": str(self._settings["dtype"]).removeprefix("torch."),
            "device": self._settings["device"],
            "grad": self._settings["grad"],
            "print": dict(self._settings["print"]),
            "deterministic": tuple(self._settings["deterministic"]),
        }
        return states, rest

    def restore(self, random: dict[str, bytes], rest: dict[str, Any]) -> None:
        """Takes back what ``save`` gave."""
        for name, state in random.items():
            self._random[name] = torch.frombuffer(bytearray(state), dtype=torch.uint8)
        self.turn += 1
        if rest:
            self._settings.update(rest, dtype=getattr(torch, rest["dtype"]))


def current() -> dict[str, Any]:
    """torch's process-wide settings as they are, without the random state."""
    return {
        "dtype": torch.get_default_dtype(),
        "device": _default_device(),
        "grad": torch.is_grad_enabled(),
        "print": dict(vars(torch._tensor_str.PRINT_OPTS)),
        "deterministic": _deterministic(),
    }


def _holds(settings: dict[str, Any]) -> bool:
    """Whether torch's settings are these."""
    return (
        torch.is_grad_enabled() is settings["grad"]
        and torch.get_default_dtype() is settings["dtype"]
        and _default_device() == settings["device"]
        and vars(torch._tensor_str.PRINT_OPTS) == settings["print"]
        and _deterministic() == settings["deterministic"]
    )


def apply(settings: dict[str, Any]) -> None:
    """Makes torch's process-wide settings these, touching only what differs."""
    if torch.get_default_dtype() is not settings["dtype"]:
        torch.set_default_dtype(settings["dtype"])
    if _default_device() != settings["device"]:
        torch.set_default_device(settings["device"])
    if torch.is_grad_enabled() != settings["grad"]:
        torch.set_grad_enabled(settings["grad"])
    vars(torch._tensor_str.PRINT_OPTS).update(settings["print"])
    if _deterministic() != tuple(settings["deterministic"]):
        mode, warn_only = settings["deterministic"]
        torch.use_deterministic_algorithms(mode, warn_only=warn_only)


def _default_device() -> str | None:
    context = getattr(torch._GLOBAL_DEVICE_CONTEXT, "device_context", None)
    return None if context is None else str(context.device)


def _deterministic() -> tuple[bool, bool]:
    return (torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled())


_has_cuda = cache(torch.cuda.is_available)
"""Does not change while a process lives, and is slow to ask."""


def random_now() -> dict[str, Any]:
    """The random state of each device."""
    random: dict[str, Any] = {"cpu": torch.default_generator.get_state()}
    if _has_cuda():
        random |= {f"cuda:{k}": state for k, state in enumerate(torch.cuda.get_rng_state_all())}
    return random


def put_random(random: dict[str, Any]) -> None:
    for name, state in random.items():
        if name == "cpu":
            torch.default_generator.set_state(state)
        elif name == "cuda seed":
            torch.cuda.manual_seed_all(state)
        else:
            torch.cuda.set_rng_state(state, name)


def _seeded(seed: int) -> torch.Tensor:
    generator = torch.Generator()
    generator.manual_seed(seed)
    return generator.get_state()


_FRESH_PRINT = copy.copy(type(torch._tensor_str.PRINT_OPTS)())
