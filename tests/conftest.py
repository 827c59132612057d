"""What holds for every test: no display is needed, nothing is left running, no logged error goes unseen."""

from __future__ import annotations

import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"  # before anything imports Qt
# Before anything imports torch, and for child processes too: threads of several processes would wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import logging
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

_FOLDER = tempfile.TemporaryDirectory(prefix="guigrad-tests-")
for _room in ("CONFIG", "DATA", "STATE"):  # no settings of whoever runs the tests, none shared by two processes
    os.environ[f"XDG_{_room}_HOME"] = os.path.join(_FOLDER.name, _room.lower())

# The same examples in every run; "pytest --hypothesis-profile thorough" looks for others, for long.
_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("quick", max_examples=40, deadline=None, derandomize=True, suppress_health_check=_SLOW)
settings.register_profile("thorough", max_examples=1000, deadline=None, suppress_health_check=_SLOW)
settings.load_profile("quick")

MOST_WORKERS = 4
"""Each takes more than 1 GB."""
LONG = ("test_house.py", "test_monkey.py")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """A worker for each core; none for a single file or where prints are asked for (``-n0`` is for that too)."""
    files = {argument.partition("::")[0] for argument in config.args}
    if config.option.capture == "no" or (len(files) == 1 and files.pop().endswith(".py")):
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MOST_WORKERS)


def pytest_configure(config: pytest.Config) -> None:
    """Hypothesis also tries constants of the modules that happen to be loaded: then examples depend on which file came before."""
    if config.getoption("--hypothesis-profile") != "thorough" and hasattr(providers, "_get_local_constants"):
        providers._get_local_constants = providers.Constants


def pytest_unconfigure() -> None:
    """The folder of this process goes."""
    _FOLDER.cleanup()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with a single long test begin first: the last worker should not be left alone with one."""
    items.sort(key=lambda item: item.path.name not in LONG)


def _children() -> dict[int, str]:
    """Command lines of this process's living children, by process id (empty where there is no /proc)."""
    found: dict[int, str] = {}
    for listing in Path("/proc/self/task").glob("*/children"):
        try:
            ids = [int(word) for word in listing.read_text().split()]
        except OSError:  # the thread ended meanwhile
            continue
        for pid in ids:
            try:
                state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
                command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if state != "Z" and "resource_tracker" not in command:
                found[pid] = command.strip()
    return found


@pytest.fixture(autouse=True)
def _nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails a test that leaves a thread or a process running."""
    threads, children = set(threading.enumerate()), _children()
    yield
    left = [thread for thread in threading.enumerate() if thread not in threads]
    for thread in left:
        thread.join(30.0)
    alive = [thread.name for thread in left if thread.is_alive()]
    new = {pid: command for pid, command in _children().items() if pid not in children}
    assert not alive, f"threads left running: {alive}"
    assert not new, f"processes left running: {new}"


@pytest.fixture(autouse=True)
def _no_logged_errors(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fails a test during which an error was logged."""
    yield
    errors = [record.getMessage() for record in caplog.get_records("call") if record.levelno >= logging.ERROR]
    assert not errors, f"logged errors: {errors}"


@pytest.fixture
def repository() -> Path:
    """The checkout that the tests run from."""
    return Path(__file__).resolve().parent.parent
