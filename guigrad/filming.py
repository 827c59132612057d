"""``guigrad render FILE -o out.gif`` or ``out.mp4``: plays a pass or a training, and writes what happens as a film while it happens."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any, Final

from msgspec import Struct, structs

from guigrad.document.model import Document
from guigrad.document.problem import Problem
from guigrad.files import movie
from guigrad.run.blanks import veiled
from guigrad.run.film import END_SECONDS, TRAINED_SECONDS, TRAINING_SECONDS, Take, of_pass, plan, shown
from guigrad.run.steps import Steps
from guigrad.terminal import PROBLEMS, Refused, distinct, write_whole

FPS: Final = 25
_ENDS: Final = {"end": "the program has ended", "nan": "paused: not finite", "failed": "failed"}
Told = Callable[[int, int, float | None], None]
"""(moments that are written, of how many, the loss)."""


class Wish(Struct, frozen=True):
    """What is filmed and how. ``steps`` None: a forward and a backward; ``scale`` None: as large as fits; ``seconds`` None: as long as it takes."""

    steps: int | None = None
    backward: str | None = None
    device: str | None = None
    seed: int | None = None
    theme: str = "dark"
    scale: float | None = None
    fps: int = FPS
    seconds: float | None = None


class Made(Struct, frozen=True):
    """What became of it: the problems of the program, and what is otherwise than asked for."""

    problems: tuple[Problem, ...]
    note: str = ""


def film(document: Document, output: str, wish: Wish, told: Told) -> Made:
    """Writes the film. Raises: Refused if it cannot be written."""
    fps = min(wish.fps, movie.FASTEST[output[-4:].lower()])
    session = importlib.import_module("guigrad.api").Session(document, device=wish.device, seed=wish.seed)  # torch's
    notes: list[str] = []
    seen: list[Problem] = []
    count, takes = _pass(session, wish, fps, notes) if wish.steps is None else _training(session, wish, fps)

    def write(path: str) -> None:
        pictures = importlib.import_module("guigrad.ui.film")  # Qt is loaded when there is something to paint
        first = next(takes)
        # A pass begins with cards that show nothing yet: the room that they will take is that of its end.
        widest = session.frame if wish.steps is None else first.frame
        painted = pictures.Film(document, veiled(widest, document), wish.theme, wish.scale)
        if wish.scale is not None and painted.scale < wish.scale:
            width, height = painted.size
            notes.append(f"drawn at scale {painted.scale:.3g} instead of {wish.scale:g}: {width} × {height} px")
        with movie.writing(path, painted.size, fps) as out:
            for done, take in enumerate(_after(first, takes), 1):
                for picture, seconds in painted.pictures(
                    structs.replace(take, frame=veiled(take.frame, document)), fps
                ):
                    out.add(picture, seconds)
                seen[:] = take.frame.problems
                told(done, count, take.loss)

    try:
        write_whole(output, write)
    except ImportError as error:
        raise Refused(f"Qt cannot be loaded: {error}", PROBLEMS) from error
    return Made(distinct((*document.problems, *seen, *session.recording.problems)), "; ".join(notes))


def _after(first: Take, takes: Iterator[Take]) -> Iterator[Take]:
    yield first
    yield from takes


def _pass(session: Any, wish: Wish, fps: int, notes: list[str]) -> tuple[int, Iterator[Take]]:
    """The moments of a forward and a backward; of the forward alone where nothing can be differentiated."""
    session.step_forward()
    frame = session.step_backward(wish.backward)
    steps: Steps = session.steps
    wrong = [problem for problem in frame.problems if problem.severity == "error"]
    if wish.backward is None and (not steps.events or wrong):
        notes += [f"no backward: {problem.message}" for problem in (wrong or frame.problems)[-1:]]
        steps = structs.replace(steps, after=None, events=())
    numbers, each = plan(steps, fps, wish.seconds)
    return len(numbers) + 1, of_pass(steps, numbers, each)


def _training(session: Any, wish: Wish, fps: int) -> tuple[int, Iterator[Take]]:
    """The moments of a training, which is played on while they are asked for."""
    steps = wish.steps or 0
    if steps < 1:
        raise Refused("--steps expects a number of 1 or more")
    numbers, each = shown(steps, TRAINED_SECONDS, TRAINING_SECONDS, wish.seconds, fps)
    return len(numbers), _trained(session, steps, numbers, each)


def _trained(session: Any, steps: int, numbers: list[int], each: float) -> Iterator[Take]:
    for number in numbers:
        recording = session.train(number - session.recording.step)
        step = recording.step
        if not step:
            raise Refused(_why_not(recording.problems), PROBLEMS)
        name = next(iter(recording.names), "")
        series = recording.run.series.get(name)
        loss = series.at(step) if series is not None else None
        words = f"step {step:,} of {steps:,}" + (f" · {name} {loss:.6g}" if loss is not None else "")
        over = step < number or number == numbers[-1]
        if step < number:
            words += f" · {_ENDS.get(recording.run.reason, 'ended')}"
        frame = recording.frame(step) or session.frame
        yield Take(frame, words, each + (END_SECONDS if over else 0.0), loss=loss, part=step / steps)
        if over:
            return


def _why_not(problems: tuple[Problem, ...]) -> str:
    return problems[0].message if problems else "the program has no loop that could be trained"
