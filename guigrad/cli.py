"""The command line: run, check, ops, export, render, lessons, bench; without a command it opens the window."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from guigrad import options
from guigrad.document.model import Document
from guigrad.document.problem import Problem, ProblemError
from guigrad.terminal import (
    CANCELLED,
    FINE,
    PROBLEMS,
    Refused,
    ctrl_c_ends_at_once,
    distinct,
    read_document,
    read_text,
    report,
    same_file,
    say,
    suffix_of,
    write_whole,
)

Window = Callable[[str | None], int]
"""Opens the window on a file (None: the last document or the welcome page) and gives the exit status."""


def main(arguments: Sequence[str] | None = None, window: Window | None = None) -> int:
    """Does one command and gives its exit status. Nothing that a user can get wrong raises out of here."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        status = _dispatch(words, window)
        sys.stdout.flush()
        return status
    except Refused as refusal:
        say(f"guigrad: {refusal}")
        return refusal.status
    except BrokenPipeError:  # the reader of our output has seen enough (guigrad ops | head)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    except KeyboardInterrupt:
        say("guigrad: cancelled")
        return CANCELLED
    except MemoryError:
        say("guigrad: out of memory")
        return PROBLEMS


def headless(path: str | None, reason: str) -> int:
    """What the window would have shown, without one: the table of ``guigrad run`` and a picture; ``reason`` tells why."""
    from guigrad.lessons import index

    say(f"guigrad: {reason}")
    name = path if path is not None else str(index.lessons()[0].path)
    given = options.parser().parse_args(["render", name, "-o", "picture.png"])
    document = read_document(name)
    with ctrl_c_ends_at_once():
        frame, prints, problems = _play(document, given)
        _show(document, frame, prints)
    status = report(problems, name)
    with tempfile.NamedTemporaryFile(prefix=f"{Path(name).stem}-", suffix=".png", delete=False) as file:
        picture = file.name
    try:
        _draw(document, frame, picture, given)
    except Refused as refusal:
        os.unlink(picture)
        say(f"guigrad: no picture: {refusal}")
        return status
    print(f"picture: {picture}")
    return status


def _dispatch(words: list[str], window: Window | None) -> int:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal without ∇ is no reason to fail
    understood = options.parser()
    if not words or (words[0] not in COMMANDS and not words[0].startswith("-")):
        if len(words) > 1:
            understood.error(f"{words[0]!r} is no command; to open a file name it alone")
        if words and not Path(words[0]).exists():
            raise Refused(f"{words[0]}: there is no such file or command")
        if window is None:
            raise Refused("this command opens no window")
        return window(words[0] if words else None)
    given = understood.parse_args(words)
    if given.command is None:
        understood.error("a command or a file is expected")
    if given.command == "lessons" and given.name is not None and window is not None:
        return window(str(_lesson(given.name)))
    try:
        return COMMANDS[given.command](given)
    except ProblemError as error:
        return report(error.problems, getattr(given, "file", "guigrad"))


def _run(given: argparse.Namespace) -> int:
    gradient = _gradient(given)
    if given.steps is not None:
        return _train(given)
    if given.checkpoint is not None or given.resume or given.until is not None:
        raise Refused("--checkpoint, --resume and --until need --steps N")
    if given.as_script:
        if given.backward is not None or given.device or given.seed is not None:
            raise Refused("--as-script plays the script as it is: no --backward, --device or --seed")
        return _as_script(given.file)
    document = read_document(given.file)
    with ctrl_c_ends_at_once():
        frame, prints, problems = _play(document, given, gradient)
        if given.json:
            from guigrad.run.report import as_json

            print(json.dumps(as_json(frame, problems), ensure_ascii=False))
        else:
            _show(document, frame, prints)
    return report(problems, given.file)


def _train(given: argparse.Namespace) -> int:
    from guigrad import run_steps
    from guigrad.run.report import as_json

    if given.as_script or given.backward is not None:
        raise Refused("--steps trains the program as it is: no --as-script or --backward")
    document = read_document(given.file)
    done = run_steps.train(document, given.steps, given.device, given.seed, given.checkpoint, given.resume, given.until)
    if given.json:
        found = as_json(done.frame, done.problems) | {"loss": list(done.recording.loss), "steps": done.recording.step}
        print(json.dumps(found, ensure_ascii=False))
    else:
        _show(document, done.frame, done.recording.prints)
    status = report(done.problems, given.file)
    if done.cancelled:
        say(f"guigrad: cancelled after step {done.recording.step}")
        return CANCELLED
    return status


def _show(document: Document, frame: Any, prints: Any) -> None:
    from guigrad.run.report import table

    sys.stdout.write("".join(prints))
    print(table(frame, document))


def _play(
    document: Document, given: argparse.Namespace, gradient: Any = None, graphs: list[Any] | None = None
) -> tuple[Any, Any, tuple[Problem, ...]]:
    """Runs the program, or forward and one backward: (frame, prints, problems); the grad_fns that are left go into ``graphs``."""
    session_class = importlib.import_module("guigrad.api").Session  # by name: torch's rooms stay unseen from here
    session = session_class(document, device=getattr(given, "device", None), seed=getattr(given, "seed", None))
    prints: Any = ()
    if given.backward is None:
        result = session.run()
        frame, prints = result.frames[-1], result.prints
    else:
        frame = session.forward()
        if not any(problem.severity == "error" for problem in frame.problems):
            frame = session.backward(given.backward, gradient=gradient)
    if graphs is not None:
        graphs.append(session.graph())
    return frame, prints, distinct((*document.problems, *frame.problems))


def _as_script(file: str) -> int:
    source = read_text(file) if file == "-" or Path(file).suffix == ".py" else read_document(file)
    run_script = importlib.import_module("guigrad.engine.script").run_script
    with ctrl_c_ends_at_once():
        status: int = run_script(source, file)
    return status


def _check(given: argparse.Namespace) -> int:
    from guigrad.document.check import check

    status = FINE
    for file in given.files:
        try:
            document = read_document(file)
        except ProblemError as error:
            status = max(status, report(error.problems, file))
            continue
        status = max(status, report(distinct((*document.problems, *check(document))), file))
    return status


def _ops(given: argparse.Namespace) -> int:
    from guigrad.ops import table
    from guigrad.ops.search import search

    query = " ".join(given.query)
    # A curated row stands for several callables, and comes once for each.
    rows = list({row.targets: row for row in (search(query, limit=5_000) if query else table.all_rows())}.values())
    if given.json:
        import msgspec

        sys.stdout.write(msgspec.json.format(msgspec.json.encode(list(rows)), indent=1).decode() + "\n")
    else:
        for row in rows:
            name, *others = row.targets
            also = f" (also {', '.join(others)})" if others else ""
            print(f"{name:<40}  {row.family:<16}  {row.about or row.doc}{also}".rstrip())
    if not rows:
        say(f"guigrad: no op matches {query!r}")
    return FINE if rows else PROBLEMS


def _export(given: argparse.Namespace) -> int:
    from guigrad.exporting import FORMATS, export

    suffix_of(given.output, FORMATS)
    document = read_document(given.file)
    if document.problems and given.file != "-" and same_file(given.file, given.output):
        report(document.problems, given.file)
        raise Refused("not written: what was not understood would be lost", PROBLEMS)
    export(document, given.output, given.distributed, given.node, given.steps)
    return report(document.problems, given.file)


def _render(given: argparse.Namespace) -> int:
    suffix = suffix_of(given.output, {".png", ".svg", ".pdf", ".gif", ".mp4"})
    if suffix in (".gif", ".mp4"):
        return _film(given)
    if given.steps is not None:
        raise Refused("--steps films a training: name a .gif or .mp4")
    document = read_document(given.file)
    graphs: list[Any] = []
    frame, _, problems = _play(document, given, graphs=graphs)
    _draw(document, frame, given.output, given, *graphs)
    return report(problems, given.file)


def _film(given: argparse.Namespace) -> int:
    from guigrad import filming
    from guigrad.run_steps import Bar

    if given.transparent:
        raise Refused("a film has a background: no --transparent")
    if given.grad_fns:
        raise Refused("a film shows the forward: --grad-fns is for pictures")
    if given.steps is not None and given.backward is not None:
        raise Refused("--steps films the training as it is: no --backward")
    document = read_document(given.file)
    bar: Bar | None = None

    def told(done: int, count: int, loss: float | None) -> None:
        nonlocal bar
        if given.progress:  # somebody reads along
            print(done, count, flush=True)
            return
        bar = bar or Bar(count, 0, "moments")
        bar.show(done, loss)

    wish = filming.Wish(
        given.steps, given.backward, given.device, given.seed, given.theme, given.scale, given.fps, given.seconds
    )
    try:
        made = filming.film(document, given.output, wish, told)
    finally:
        if bar is not None:
            bar.clear()
    if made.note:
        sys.stderr.write(f"{given.output}: {made.note}\n")
    return report(made.problems, given.file)


def _draw(document: Document, frame: Any, output: str, given: argparse.Namespace, graph: Any = None) -> None:
    try:
        from guigrad.ui import render
        from guigrad.ui.canvas.mirror import Mirrored
    except ImportError as error:
        raise Refused(f"Qt cannot be loaded: {error}", PROBLEMS) from error
    from guigrad.run.blanks import veiled  # late: the other commands draw nothing

    frame = frame and veiled(frame, document)
    notes: list[str] = []
    mirrored = Mirrored(graph, given.grad_fns) if graph and given.grad_fns else None
    look = {"theme": given.theme, "scale": given.scale or 1.0, "transparent": given.transparent, "mirrored": mirrored}
    write_whole(output, lambda path: notes.append(render.render(document, frame, path, **look)))
    for note in filter(None, notes):
        sys.stderr.write(f"{output}: {note}\n")


def _lessons(given: argparse.Namespace) -> int:
    from guigrad.lessons import index

    if given.name is not None:
        print(_lesson(given.name))
        return FINE
    rows = index.lessons()
    for lesson in rows:
        print(f"{lesson.name:<28}  {lesson.title}")
    return FINE


def _lesson(name: str) -> Path:
    from guigrad.lessons import index

    path = index.find(name)
    if path is None:
        raise Refused(f"no lesson {name!r}; guigrad lessons lists them")
    return path


def _bench(given: argparse.Namespace) -> int:
    from guigrad import bench

    return bench.main(given.part, quick=given.quick)


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "run": _run,
    "check": _check,
    "ops": _ops,
    "export": _export,
    "render": _render,
    "lessons": _lessons,
    "bench": _bench,
}


def _gradient(given: argparse.Namespace) -> Any:
    if given.gradient is None:
        return None
    if given.backward is None:
        raise Refused("--gradient needs --backward NODE")
    try:
        gradient = json.loads(given.gradient)
    except (ValueError, RecursionError) as error:
        raise Refused(f"--gradient is no JSON: {error}") from error
    if isinstance(gradient, bool) or not isinstance(gradient, list | int | float):
        raise Refused("--gradient expects a number or a list of numbers")
    return gradient
