"""The runner: verbs in order, stop, crashes, memory, restore points, and nothing left behind."""

from __future__ import annotations

import gc
import os
import select
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from guigrad.document.diff import Diff
from guigrad.document.model import Document, Eval, Node
from guigrad.document.store import Store
from guigrad.run.host import ForkServer, Host, ProcessHost
from guigrad.run.request import Edit, Forward, Load, Look, Reply, Request, Want
from guigrad.run.runner import InlineRunner, ProcessRunner
from tests.kept import kept

ENGINE = "tests.run.fake_engine:FakeEngine"
MIB = 1 << 20
SECONDS = 60.0

linux = pytest.mark.skipif(sys.platform != "linux", reason="the fork server is for Linux")
HOSTS = [pytest.param(ForkServer, marks=linux), ProcessHost]


@pytest.fixture(scope="module")
def server() -> Iterator[Host | None]:
    yield from kept(ENGINE, 512 * MIB)


@pytest.fixture(params=HOSTS)
def runner(request: pytest.FixtureRequest, server: Host | None) -> Iterator[ProcessRunner]:
    made = ProcessRunner(host=server if request.param is ForkServer else request.param(ENGINE, 512 * MIB))
    yield made
    made.close()


def count(reply: Reply) -> int:
    assert reply.frame is not None
    return reply.frame["a"].value.item()


def ask(runner: ProcessRunner, verb: Any, point: bool = False) -> Reply:
    return runner.submit(verb, Want(), point).result(SECONDS)


def hang(runner: ProcessRunner, folder: Path) -> Future[Reply]:
    """A verb that never ends; returns when the child plays it."""
    fifo = folder / "fifo"
    if not fifo.exists():
        os.mkfifo(fifo)
    future = runner.submit(Forward(f"hang:{fifo}"))
    assert fifo.read_text() == "playing"
    return future


DOCUMENT = Document({"a": Node("a", "torch.randn", (3,), name="a")}, (Eval("a"),))
RENAME = Diff("rename", nodes={"a": (DOCUMENT.nodes["a"], Node("a", "torch.randn", (3,), name="b"))})


def test_verbs_are_played_in_order_and_none_is_dropped(runner: ProcessRunner) -> None:
    assert not ask(runner, Load(DOCUMENT, 4)).problems
    futures = [runner.submit(Forward(), Want()) for _ in range(50)]
    assert [count(future.result(SECONDS)) for future in futures] == list(range(1, 51))


def test_stop_kills_at_once_and_the_next_child_goes_on_from_the_restore_point(
    runner: ProcessRunner, tmp_path: Path
) -> None:
    ask(runner, Load(DOCUMENT, 0))
    ask(runner, Forward())
    assert count(ask(runner, Forward(), point=True)) == 2
    ask(runner, Forward())
    hanging, waiting = hang(runner, tmp_path), runner.submit(Forward())
    edit = runner.submit(Edit(RENAME, 0, 1))
    pid = runner.child_pid
    runner.stop()
    assert hanging.result(SECONDS).cancelled
    assert waiting.result(SECONDS).cancelled
    assert not edit.result(SECONDS).cancelled
    after = ask(runner, Look())
    assert count(after) == 2, "the state of the last restore point"
    assert after.frame is not None
    assert after.frame.freshness[0] == 1, "the edit was kept"
    assert after.prints == ("Load", "Restore", "Edit", "Look")
    assert runner.child_pid != pid


@pytest.mark.parametrize(("how", "text"), [("exit", "exit status 7"), ("segfault", "SIGSEGV"), ("grow", "memory")])
def test_a_child_that_dies_is_reported_and_replaced(runner: ProcessRunner, how: str, text: str) -> None:
    ask(runner, Load(DOCUMENT, 0))
    ask(runner, Forward(), point=True)
    (problem,) = ask(runner, Forward(how)).problems
    assert text in problem.message + problem.error + problem.kind
    assert problem.kind in ("engine", "memory")
    assert count(ask(runner, Forward())) >= 2


def test_an_allocation_past_the_limit_is_refused_not_fatal(runner: ProcessRunner) -> None:
    pid = runner.submit(Look(), Want()).result(SECONDS) and runner.child_pid
    (problem,) = ask(runner, Forward("memory")).problems
    assert problem.kind == "memory"
    assert runner.child_pid == pid


def test_a_fault_of_the_engine_is_a_problem(runner: ProcessRunner) -> None:
    (problem,) = ask(runner, Forward("bug")).problems
    assert (problem.kind, problem.error, problem.message) == ("engine", "LookupError", "a fault")


@linux
def test_a_child_killed_between_two_verbs_is_replaced_silently_for_the_next(runner: ProcessRunner) -> None:
    ask(runner, Load(DOCUMENT, 0))
    ask(runner, Forward(), point=True)
    pid = runner.child_pid
    assert pid is not None
    watch = os.pidfd_open(pid)
    os.kill(pid, 9)
    assert select.select([watch], [], [], SECONDS)[0]
    os.close(watch)
    reply = ask(runner, Look())
    assert not reply.problems
    assert count(reply) == 1


def test_edits_after_the_restore_point_reach_a_new_child_once(runner: ProcessRunner) -> None:
    store = Store(DOCUMENT)
    ask(runner, Load(DOCUMENT, 0))
    ask(runner, Edit(RENAME, 0, 1), point=True)
    store.commit(RENAME)
    for revision, name in enumerate("cde", 1):
        old = store.document.nodes["a"]
        diff = Diff("rename", nodes={"a": (old, Node("a", old.op, old.args, name=name))})
        store.commit(diff)
        ask(runner, Edit(diff, revision, revision + 1))
    ask(runner, Forward("exit"))
    reply = ask(runner, Look())
    assert reply.frame is not None
    assert reply.frame.freshness[0] == 4
    assert reply.prints == ("Load", "Restore", "Edit", "Look")


def test_what_waits_when_the_runner_closes_is_cancelled(tmp_path: Path) -> None:
    runner = ProcessRunner(ENGINE)
    hanging, waiting = hang(runner, tmp_path), runner.submit(Forward())
    runner.close()
    assert hanging.result(SECONDS).cancelled
    assert waiting.result(SECONDS).cancelled
    assert runner.submit(Forward()).result(0).cancelled
    runner.close()


def test_a_child_that_cannot_start_is_a_problem() -> None:
    runner = ProcessRunner("no_such_module:Engine")
    (problem,) = runner.submit(Forward()).result(SECONDS).problems
    assert problem.kind == "engine"
    runner.close()


def test_another_runner_has_a_child_of_its_own_from_the_same_host() -> None:
    runner = ProcessRunner(ENGINE)
    other = runner.another()
    try:
        for one in (runner, other):
            assert not one.submit(Look()).result(SECONDS).problems
        assert runner.child_pid != other.child_pid
        runner.close()
        assert not other.submit(Look()).result(SECONDS).problems
    finally:
        runner.close()
        other.close()
    assert other.submit(Look()).result(SECONDS).cancelled
    inline = InlineRunner(ENGINE)
    assert inline.another().engine is not inline.engine


@linux
def test_descriptors_and_processes_are_given_back(tmp_path: Path) -> None:
    def descriptors() -> int:
        gc.collect()
        return len(list(Path("/proc/self/fd").iterdir()))

    before = descriptors()
    for _ in range(2):
        runner = ProcessRunner(ENGINE)
        runner.submit(Look()).result(SECONDS)
        for _ in range(3):
            hanging = hang(runner, tmp_path)
            runner.stop()
            assert hanging.result(SECONDS).cancelled
        runner.submit(Look()).result(SECONDS)
        runner.close()
    assert descriptors() == before


@linux
def test_the_child_yields_to_the_window() -> None:
    runner = ProcessRunner(ENGINE)
    reply = runner.submit(Forward("pid"), Want()).result(SECONDS)
    assert int(reply.problems[0].kind.split()[1]) > os.nice(0)
    runner.close()


@linux
def test_children_die_with_the_window(tmp_path: Path) -> None:
    code = (
        f"import sys, os; sys.path[:0] = {sys.path!r}\n"
        "from guigrad.run.runner import ProcessRunner\nfrom guigrad.run.request import Forward, Want\n"
        f"runner = ProcessRunner({ENGINE!r})\n"
        "reply = runner.submit(Forward('pid'), Want()).result(120)\n"
        "runner.submit(Forward('hang'))\n"
        "print(reply.problems[0].message, reply.problems[0].kind.split()[0], flush=True)\nsys.stdin.read()\n"
        "os._exit(1)\n"
    )
    window = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert window.stdout is not None
    child, server = map(int, window.stdout.readline().split())
    watches = [os.pidfd_open(pid) for pid in (child, server)]
    window.kill()
    window.communicate()
    for watch in watches:
        assert select.select([watch], [], [], SECONDS)[0], "still running"
        os.close(watch)


def test_inline_runner_answers_at_once() -> None:
    runner = InlineRunner(ENGINE)
    seen: list[Reply] = []
    runner.submit(Forward(), Want()).add_done_callback(lambda future: seen.append(future.result()))
    assert count(seen[0]) == 1
    runner.stop()
    runner.close()


def test_the_callback_runs_in_the_runners_thread(runner: ProcessRunner) -> None:
    names: list[str] = []
    done = threading.Event()

    def called(_: object) -> None:
        names.append(threading.current_thread().name)
        done.set()

    runner.submit(Look()).add_done_callback(called)
    assert done.wait(SECONDS)
    assert names in (["guigrad runner"], [threading.current_thread().name])


def test_requests_that_cannot_cross_are_problems(runner: ProcessRunner) -> None:
    (problem,) = ask(runner, Forward(to=object())).problems  # type: ignore[arg-type]  # that is the point
    assert "cannot cross" in problem.message
    assert Request(Look()).number == 0
