"""An engine without torch's slowness and with every way to die, for tests of the runner."""

from __future__ import annotations

import ctypes
import os
import threading
from pathlib import Path

from guigrad.document.array import ArrayData
from guigrad.document.model import Document
from guigrad.document.problem import Problem
from guigrad.run.frame import Frame, Record
from guigrad.run.request import Edit, Forward, Load, Point, Reply, Request, Reset, Restore


class FakeEngine:
    """Adds one to its count at each Forward; ``to`` tells what else to do."""

    def __init__(self) -> None:
        self.document = Document()
        self.revision = 0
        self.count = 0
        self.told: list[str] = []

    def handle(self, request: Request) -> Reply:
        self.told.append(type(request.verb).__name__)
        problems: tuple[Problem, ...] = ()
        match request.verb:
            case Load(document=document, revision=revision):
                self.document, self.revision, self.count = document, revision, 0
            case Edit(diff=diff, base=base, revision=revision):
                assert base == self.revision
                self.document, self.revision = diff.apply(self.document), revision
            case Restore(point=point):
                self.count = point.verbs
            case Reset():
                self.count = 0
            case Forward(to=to):
                self.count += 1
                problems = self._do(to)
        record = Record(
            "a", "a", "torch.tensor", "fresh", "Tensor", ArrayData("int64", (), (), self.count.to_bytes(8, "little"))
        )
        frame = Frame((self.revision, self.count), records={"a": record}, labels={"a": "a"})
        point = Point(self.revision, self.count) if request.point else None
        told = tuple(self.told)
        return Reply(request.number, None if request.want is None else frame, problems, told, point)

    def _do(self, to: str | None) -> tuple[Problem, ...]:
        if to is not None and to.startswith("hang:"):
            Path(to.removeprefix("hang:")).write_text("playing")
            to = "hang"
        match to:
            case "hang":
                threading.Event().wait()
            case "exit":
                os._exit(7)
            case "segfault":
                ctypes.string_at(0)
            case "memory":
                hold = bytearray(1 << 40)
                return (Problem(str(len(hold))),)
            case "grow":
                held = []
                while True:
                    held.append(b"x" * (1 << 20))
            case "pid":
                return (Problem(str(os.getpid()), message_pid()),)
            case "bug":
                raise LookupError("a fault")
        return ()


def message_pid() -> str:
    return f"{os.getppid()} {os.nice(0)}"
