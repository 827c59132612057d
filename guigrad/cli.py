"""The command line: run, check, ops, export, render, lessons, bench; without a command it opens the window."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

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
    options = _parser().parse_args(["render", name, "-o", "picture.png"])
    document = read_document(name)
    with ctrl_c_ends_at_once():
        frame, prints, problems = _play(document, options)
        _show(document, frame, prints)
    status = report(problems, name)
    with tempfile.NamedTemporaryFile(prefix=f"{Path(name).stem}-", suffix=".png", delete=False) as file:
        picture = file.name
    try:
        _draw(document, frame, picture, options)
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
    parser = _parser()
    if not words or (words[0] not in COMMANDS and not words[0].startswith("-")):
        if len(words) > 1:
            parser.error(f"{words[0]!r} is no command; to open a file name it alone")
        if words and not Path(words[0]).exists():
            raise Refused(f"{words[0]}: there is no such file or command")
        if window is None:
            raise Refused("this command opens no window")
        return window(words[0] if words else None)
    options = parser.parse_args(words)
    if options.command is None:
        parser.error("a command or a file is expected")
    if options.command == "lessons" and options.name is not None and window is not None:
        return window(str(_lesson(options.name)))
    try:
        return COMMANDS[options.command](options)
    except ProblemError as error:
        return report(error.problems, getattr(options, "file", "guigrad"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="guigrad",
        usage="guigrad [FILE] | guigrad COMMAND …",
        description="Wire PyTorch computations on a canvas and watch autograd work. Without a command the window opens.",
        epilog="FILE is a .guigrad document, a Python script, a notebook, or a .png or .svg that render made; - is a script on "
        "standard input. "
        "Exit status: 0 fine, 1 the document has problems, 2 wrong usage.",
    )
    parser.add_argument("--version", action="version", version=f"guigrad {_version()}")
    commands = parser.add_subparsers(prog="guigrad", dest="command", title="commands", metavar="COMMAND")

    def add(name: str, about: str, file: bool = True) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=about, description=about[0].upper() + about[1:] + ".")
        if file:
            command.add_argument("file", metavar="FILE", help="a document or script, - for standard input")
        return command

    run = add("run", "run a document and print a table of its nodes")
    run.add_argument(
        "--backward", metavar="NODE", help="forward, then backward from NODE, instead of the whole program"
    )
    run.add_argument("--gradient", metavar="JSON", help="the vector v for a NODE that is no scalar: [0.1, 1, 0.01]")
    run.add_argument("--device", default=None, help="cpu, cuda:0, mps, … or auto; default: the document's own")
    run.add_argument("--seed", type=_seed, default=None, help="overrides the seeds of the program")
    run.add_argument("--steps", type=int, metavar="N", help="train: play N steps of the program's loop")
    run.add_argument("--until", metavar="CONDITION", help="with --steps: stop when it holds, as in 'loss < 0.01'")
    run.add_argument(
        "--checkpoint", metavar="CKPT", help="with --steps: keep the state of the training in this safetensors file"
    )
    run.add_argument("--resume", action="store_true", help="with --checkpoint: go on from there, up to N steps in all")
    form = run.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print the frame as JSON")
    form.add_argument("--as-script", action="store_true", help="print exactly what python FILE prints")

    check = add("check", "list the problems of documents without running them", file=False)
    check.add_argument("files", metavar="FILE", nargs="+")

    ops = add("ops", "search the catalogue of ops", file=False)
    ops.add_argument("query", metavar="QUERY", nargs="*", help="words to look for; none lists every op")
    ops.add_argument("--json", action="store_true", help="print the rows as JSON")

    export = add("export", "write a document as a script (.py) or as a document (.guigrad)")
    export.add_argument("-o", "--output", metavar="OUT", required=True)

    render = add("render", "draw the whole graph with its values as .png, .svg or .pdf")
    render.add_argument("-o", "--output", metavar="OUT", required=True)
    render.add_argument("--theme", choices=("dark", "light", "dark-safe", "light-safe"), default="dark")
    render.add_argument("--scale", type=_scale, default=1.0, help="1 draws 100 %% zoom")
    render.add_argument("--transparent", action="store_true", help="leave the background out")
    render.add_argument(
        "--backward", metavar="NODE", help="forward, then backward from NODE, instead of the whole program"
    )
    render.add_argument("--steps", type=int, metavar="N", help=argparse.SUPPRESS)

    lessons = add("lessons", "list the lessons, or open one in the window", file=False)
    lessons.add_argument("name", metavar="NAME", nargs="?")

    bench = add("bench", "measure what this program promises, against plain torch", file=False)
    bench.add_argument(
        "part", nargs="?", choices=("engine", "train", "canvas", "startup", "document"), help="one part alone"
    )
    bench.add_argument("--quick", action="store_true", help="fewer repetitions")
    return parser


def _seed(text: str) -> int:
    value = int(text)
    if not -(2**63) <= value < 2**64:
        raise argparse.ArgumentTypeError("a seed of 64 bits is expected")
    return value


def _scale(text: str) -> float:
    value = float(text)
    if not 0.05 <= value <= 20:
        raise argparse.ArgumentTypeError("a scale from 0.05 to 20 is expected")
    return value


def _run(options: argparse.Namespace) -> int:
    gradient = _gradient(options)
    if options.steps is not None:
        return _train(options)
    if options.checkpoint is not None or options.resume or options.until is not None:
        raise Refused("--checkpoint, --resume and --until need --steps N")
    if options.as_script:
        if options.backward is not None or options.device or options.seed is not None:
            raise Refused("--as-script plays the script as it is: no --backward, --device or --seed")
        return _as_script(options.file)
    document = read_document(options.file)
    with ctrl_c_ends_at_once():
        frame, prints, problems = _play(document, options, gradient)
        if options.json:
            from guigrad.run.report import as_json

            print(json.dumps(as_json(frame, problems), ensure_ascii=False))
        else:
            _show(document, frame, prints)
    return report(problems, options.file)


def _train(options: argparse.Namespace) -> int:
    from guigrad import run_steps
    from guigrad.run.report import as_json

    if options.as_script or options.backward is not None:
        raise Refused("--steps trains the program as it is: no --as-script or --backward")
    document = read_document(options.file)
    done = run_steps.train(
        document, options.steps, options.device, options.seed, options.checkpoint, options.resume, options.until
    )
    if options.json:
        found = as_json(done.frame, done.problems) | {"loss": list(done.recording.loss), "steps": done.recording.step}
        print(json.dumps(found, ensure_ascii=False))
    else:
        _show(document, done.frame, done.recording.prints)
    status = report(done.problems, options.file)
    if done.cancelled:
        say(f"guigrad: cancelled after step {done.recording.step}")
        return CANCELLED
    return status


def _show(document: Document, frame: Any, prints: Any) -> None:
    from guigrad.run.report import table

    sys.stdout.write("".join(prints))
    print(table(frame, document))


def _play(
    document: Document, options: argparse.Namespace, gradient: Any = None
) -> tuple[Any, Any, tuple[Problem, ...]]:
    """Runs the program, or forward and one backward: (frame, prints, problems)."""
    session_class = importlib.import_module("guigrad.api").Session  # by name: torch's rooms stay unseen from here
    session = session_class(document, device=getattr(options, "device", None), seed=getattr(options, "seed", None))
    prints: Any = ()
    if options.backward is None:
        result = session.run()
        frame, prints = result.frames[-1], result.prints
    else:
        frame = session.forward()
        if not any(problem.severity == "error" for problem in frame.problems):
            frame = session.backward(options.backward, gradient=gradient)
    return frame, prints, distinct((*document.problems, *frame.problems))


def _as_script(file: str) -> int:
    source = read_text(file) if file == "-" or Path(file).suffix == ".py" else read_document(file)
    run_script = importlib.import_module("guigrad.engine.script").run_script
    with ctrl_c_ends_at_once():
        status: int = run_script(source, file)
    return status


def _check(options: argparse.Namespace) -> int:
    from guigrad.document.check import check

    status = FINE
    for file in options.files:
        try:
            document = read_document(file)
        except ProblemError as error:
            status = max(status, report(error.problems, file))
            continue
        status = max(status, report(distinct((*document.problems, *check(document))), file))
    return status


def _ops(options: argparse.Namespace) -> int:
    from guigrad.ops import table
    from guigrad.ops.search import search

    query = " ".join(options.query)
    # A curated row stands for several callables, and comes once for each.
    rows = list({row.targets: row for row in (search(query, limit=5_000) if query else table.all_rows())}.values())
    if options.json:
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


def _export(options: argparse.Namespace) -> int:
    from guigrad.document.file import save, write_atomically
    from guigrad.source.emit import emit

    suffix = suffix_of(options.output, {".py", ".guigrad"})
    document = read_document(options.file)
    if document.problems and options.file != "-" and same_file(options.file, options.output):
        report(document.problems, options.file)
        raise Refused("not written: what was not understood would be lost", PROBLEMS)
    if suffix == ".guigrad":
        write_whole(options.output, lambda path: save(document, path))
    else:
        text = emit(document).encode()
        write_whole(options.output, lambda path: write_atomically(path, text))
    return report(document.problems, options.file)


def _render(options: argparse.Namespace) -> int:
    if options.steps is not None:
        raise Refused("--steps is not there yet")
    suffix_of(options.output, {".png", ".svg", ".pdf"})
    document = read_document(options.file)
    frame, _, problems = _play(document, options)
    _draw(document, frame, options.output, options)
    return report(problems, options.file)


def _draw(document: Document, frame: Any, output: str, options: argparse.Namespace) -> None:
    try:
        from guigrad.ui import render
    except ImportError as error:
        raise Refused(f"Qt cannot be loaded: {error}", PROBLEMS) from error
    from guigrad.run.blanks import veiled  # late: the other commands draw nothing

    frame = frame and veiled(frame, document)
    notes: list[str] = []
    look = {"theme": options.theme, "scale": options.scale, "transparent": options.transparent}
    write_whole(output, lambda path: notes.append(render.render(document, frame, path, **look)))
    for note in filter(None, notes):
        sys.stderr.write(f"{output}: {note}\n")


def _lessons(options: argparse.Namespace) -> int:
    from guigrad.lessons import index

    if options.name is not None:
        print(_lesson(options.name))
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


def _bench(options: argparse.Namespace) -> int:
    from guigrad import bench

    return bench.main(options.part, quick=options.quick)


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "run": _run,
    "check": _check,
    "ops": _ops,
    "export": _export,
    "render": _render,
    "lessons": _lessons,
    "bench": _bench,
}


def _gradient(options: argparse.Namespace) -> Any:
    if options.gradient is None:
        return None
    if options.backward is None:
        raise Refused("--gradient needs --backward NODE")
    try:
        gradient = json.loads(options.gradient)
    except (ValueError, RecursionError) as error:
        raise Refused(f"--gradient is no JSON: {error}") from error
    if isinstance(gradient, bool) or not isinstance(gradient, list | int | float):
        raise Refused("--gradient expects a number or a list of numbers")
    return gradient


def _version() -> str:
    try:
        return metadata.version("guigrad")
    except metadata.PackageNotFoundError:  # a checkout that is not installed
        import tomllib

        text = (Path(__file__).resolve().parent.parent / "pyproject.toml").read_text("utf-8")
        return str(tomllib.loads(text)["project"]["version"])
