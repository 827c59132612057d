"""How much memory the machine has for us, and how much we use."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

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
    """(limit, in use) of every control group that this process is in, versions 1 and 2."""
    found = []
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers not in ("", "memory") and "memory" not in controllers.split(","):
            continue
        root = Path("/sys/fs/cgroup" if not controllers else "/sys/fs/cgroup/memory")
        names = (
            ("memory.max", "memory.current") if not controllers else ("memory.limit_in_bytes", "memory.usage_in_bytes")
        )
        place = root / path.lstrip("/")
        for folder in (place, *place.parents):
            with contextlib.suppress(OSError, ValueError):
                limit = int((folder / names[0]).read_text())
                if limit < _UNLIMITED:
                    used = int((folder / names[1]).read_text())
                    found.append((limit, max(0, used - _reclaimable(folder / "memory.stat"))))
            if folder == root:
                break
    return found


def _reclaimable(stat: Path) -> int:
    """File cache that the kernel counts as used but gives up when asked."""
    for line in stat.read_text().splitlines():
        name, _, value = line.partition(" ")
        if name in ("inactive_file", "total_inactive_file"):
            return int(value)
    return 0
