"""How much memory the machine has for us, and how much we use."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

SHARE = 0.9
"""How much of the available memory we take at most: the rest of the machine needs some too."""

_WANTED = re.compile(r"[Tt]ried to allocate ([\d.]+) (bytes|KiB|MiB|GiB|TiB)")
_UNITS = {"bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_UNLIMITED = 1 << 60
_UNKNOWN_BYTES = 4 << 30  # for systems that do not tell: a modest laptop
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def available_bytes() -> int:
    """What can still be allocated without driving the machine to its limit: free memory, or less where a container or rlimit says so."""
    found = [_machine_available()]
    used = resident_bytes()
    for limit, current in _cgroups():
        found.append(max(0, limit - current))
    with contextlib.suppress(ImportError, OSError):
        import resource  # not on Windows

        soft, _ = resource.getrlimit(resource.RLIMIT_AS)
        if 0 <= soft < _UNLIMITED:
            found.append(max(0, soft - (virtual_bytes() or used)))
    return min(found)


def resident_bytes() -> int:
    """What this process holds in real memory (elsewhere than on Linux its peak); 0 where the system does not tell."""
    sizes = _statm()
    if sizes:
        return sizes[1]
    try:
        import resource  # not on Windows
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def virtual_bytes() -> int:
    """This process's address space; 0 where the system does not tell."""
    sizes = _statm()
    return sizes[0] if sizes else 0


def _statm() -> tuple[int, int] | None:
    try:
        with open("/proc/self/statm", "rb") as file:
            size, resident, *_ = file.read().split()
    except (OSError, ValueError):
        return None
    return int(size) * _PAGE, int(resident) * _PAGE


def _machine_available() -> int:
    try:
        text = Path("/proc/meminfo").read_text()
        for line in text.splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    with contextlib.suppress(ValueError, OSError, AttributeError):
        pages = (
            os.sysconf("SC_AVPHYS_PAGES") if "SC_AVPHYS_PAGES" in os.sysconf_names else os.sysconf("SC_PHYS_PAGES") // 2
        )
        return pages * _PAGE
    return _UNKNOWN_BYTES


def _cgroups() -> list[tuple[int, int]]:
    """(limit, in use) of every control group with a limit that this process is in."""
    found = []
    for limit_file, used_file, stat in _cgroup_files():
        with contextlib.suppress(OSError, ValueError):
            limit = int(limit_file.read_text())
            if limit < _UNLIMITED:
                found.append((limit, max(0, int(used_file.read_text()) - _reclaimable(stat))))
    return found


@cache
def _cgroup_files() -> tuple[tuple[Path, Path, Path], ...]:
    """Where limit, use and statistics of this process's control groups stand, versions 1 and 2."""
    found = []
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return ()
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        root = Path("/sys/fs/cgroup/memory" if controllers else "/sys/fs/cgroup")
        names = ("memory.limit_in_bytes", "memory.usage_in_bytes") if controllers else ("memory.max", "memory.current")
        place = root / path.lstrip("/")
        for folder in (place, *place.parents):
            if (folder / names[0]).is_file():
                found.append((folder / names[0], folder / names[1], folder / "memory.stat"))
            if folder == root:
                break
    return tuple(found)


def _reclaimable(stat: Path) -> int:
    """File cache that the kernel counts as used but gives up when asked."""
    for line in stat.read_text().splitlines():
        name, _, value = line.partition(" ")
        if name in ("inactive_file", "total_inactive_file"):
            return int(value)
    return 0


class _Ceiling:
    """How far this process's address space may grow. Asking the system takes as long as a hundred small ops, so the answer is kept a moment."""

    SECONDS = 0.5

    def __init__(self) -> None:
        self._until, self._bytes = 0.0, 0

    def bytes(self) -> int:
        """The ceiling in bytes; 0 where the system does not tell."""
        now = time.monotonic()
        if now >= self._until:
            used = virtual_bytes()
            self._bytes = used + int(available_bytes() * SHARE) if used else 0
            self._until = now + self.SECONDS
        return self._bytes


_ceiling = _Ceiling()


@contextmanager
def limited(on: bool = True) -> Iterator[None]:
    """Inside, this process can allocate nine tenths of what is available and not a byte more: the allocation fails before it is made.

    On Linux, and not with an accelerator (``on`` False), whose driver reserves far more address space than it uses.
    """
    try:
        import resource  # not on Windows
    except ImportError:
        on = False
    wanted = _ceiling.bytes() if on else 0
    if not wanted:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if soft != resource.RLIM_INFINITY:
        wanted = min(wanted, soft)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def refusal(name: str, message: str) -> str | None:
    """What to say when torch could not allocate, from its own text; None when that does not tell how much was wanted."""
    found = _WANTED.search(message)
    if found is None:
        return None
    return too_large(name, float(found[1]) * _UNITS[found[2]])


def too_large(name: str, needed: float) -> str:
    """That something of so many bytes does not fit."""
    what = f"{name} needs" if name else "This needs"
    return (
        f"{what} {_gib(needed)} of memory, and {_gib(available_bytes() * SHARE)} are available: it was not allocated."
    )


def _gib(size: float) -> str:
    size /= 1 << 30
    return f"{size:,.1f} GiB" if size >= 0.1 else f"{size:.4f} GiB"
