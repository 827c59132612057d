"""The words of the command line: every command with its options."""

from __future__ import annotations

import argparse
from importlib import metadata
from pathlib import Path


def parser() -> argparse.ArgumentParser:
    """What ``guigrad`` understands."""
    whole = argparse.ArgumentParser(
        prog="guigrad",
        usage="guigrad [FILE] | guigrad COMMAND …",
        description="Wire PyTorch computations on a canvas and watch autograd work. Without a command the window opens.",
        epilog="FILE is a .guigrad document, a Python script, a notebook, or a .png or .svg that render made; - is a script on "
        "standard input. "
        "Exit status: 0 fine, 1 the document has problems, 2 wrong usage.",
    )
    whole.add_argument("--version", action="version", version=f"guigrad {_version()}")
    commands = whole.add_subparsers(prog="guigrad", dest="command", title="commands", metavar="COMMAND")

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

    export = add(
        "export", "write a document as .py, .ipynb, .guigrad, .safetensors (its leaves), .pt2 (torch.export) or .onnx"
    )
    export.add_argument("-o", "--output", metavar="OUT", required=True)
    export.add_argument(
        "--distributed",
        action="store_true",
        help="with a .py: a script that trains under torchrun, on several processes",
    )
    export.add_argument("--node", metavar="NODE", help="with a .pt2 or .onnx: what it computes; default: the root")
    export.add_argument(
        "--steps", type=int, metavar="N", help="with a .safetensors, .pt2 or .onnx: train N steps first"
    )

    render = add("render", "draw the whole graph with its values as .png, .svg or .pdf, or film a run as .gif or .mp4")
    render.add_argument("-o", "--output", metavar="OUT", required=True)
    render.add_argument("--theme", choices=("dark", "light", "dark-safe", "light-safe"), default="dark")
    render.add_argument(
        "--scale", type=_scale, help="1 draws 100 %% zoom; films are as large as fits unless it is given"
    )
    render.add_argument("--transparent", action="store_true", help="leave the background out")
    render.add_argument(
        "--backward", metavar="NODE", help="forward, then backward from NODE, instead of the whole program"
    )
    render.add_argument(
        "--grad-fns",
        choices=("under", "over"),
        help="draw the backward graph, the grad_fns with what they saved, under or over the forward",
    )
    render.add_argument("--device", default=None, help="cpu, cuda:0, mps, … or auto; default: the document's own")
    render.add_argument("--seed", type=_seed, default=None, help="overrides the seeds of the program")
    render.add_argument(
        "--steps",
        type=int,
        metavar="N",
        help="film N steps of the training; without it the film is of a forward and a backward",
    )
    render.add_argument("--fps", type=_fps, default=25, help="pictures a second of a film, 1 to 60; default 25")
    render.add_argument(
        "--seconds", type=_seconds, help="how long a film is; default: as long as it takes to follow it"
    )
    render.add_argument("--progress", action="store_true", help=argparse.SUPPRESS)

    lessons = add("lessons", "list the lessons, or open one in the window", file=False)
    lessons.add_argument("name", metavar="NAME", nargs="?")

    bench = add("bench", "measure what this program promises, against plain torch", file=False)
    bench.add_argument(
        "part",
        nargs="?",
        choices=("engine", "train", "landscape", "canvas", "startup", "document"),
        help="one part alone",
    )
    bench.add_argument("--quick", action="store_true", help="fewer repetitions")
    return whole


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


def _fps(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 60:
        raise argparse.ArgumentTypeError("1 to 60 pictures a second are expected")
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not 0.1 <= value <= 3600:
        raise argparse.ArgumentTypeError("0.1 to 3600 seconds are expected")
    return value


def _version() -> str:
    try:
        return metadata.version("guigrad")
    except metadata.PackageNotFoundError:  # a checkout that is not installed
        import tomllib

        text = (Path(__file__).resolve().parent.parent / "pyproject.toml").read_text("utf-8")
        return str(tomllib.loads(text)["project"]["version"])
