"""The lessons that come with the program: documents in resources/lessons, in the order they are taught; the mistakes of the lab and the test functions below them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from msgspec import Struct

from guigrad.paths import resources


class Lesson(Struct, frozen=True):
    """One lesson: ``name`` is its file's, ``title`` and ``about`` its document's."""

    name: str
    title: str
    about: str
    path: Path


@cache
def lessons() -> tuple[Lesson, ...]:
    """Every lesson, ordered by name."""
    return tuple(_lesson(path) for path in sorted((resources() / "lessons").glob("*.guigrad")))


@cache
def mistakes() -> tuple[Lesson, ...]:
    """The failures of the mistake lab, ordered by name: each is played as it is opened."""
    return tuple(_lesson(path) for path in sorted((resources() / "lessons" / "mistakes").glob("*.guigrad")))


@cache
def functions() -> tuple[Lesson, ...]:
    """Test functions of optimization, ordered by name: each opens with its landscape in front."""
    return tuple(_lesson(path) for path in sorted((resources() / "lessons" / "functions").glob("*.guigrad")))


def mistake_at(path: str) -> Lesson | None:
    """The failure of the mistake lab that a file is."""
    place = Path(path).resolve() if path else None
    return next((lesson for lesson in mistakes() if lesson.path.resolve() == place), None)


def find(name: str) -> Path | None:
    """The file of the lesson of that name, or of the one whose name or title alone holds it."""
    known = (*lessons(), *mistakes(), *functions())
    exact = [lesson.path for lesson in known if name in (lesson.name, lesson.title)]
    part = [lesson.path for lesson in known if name.lower() in f"{lesson.name} {lesson.title}".lower()]
    if exact:
        return exact[0]
    return part[0] if len(part) == 1 else None


def _lesson(path: Path) -> Lesson:
    # Only the settings are wanted: reading whole documents would cost the welcome page its quick start.
    settings = json.loads(path.read_text("utf-8")).get("settings", {})
    return Lesson(path.stem, settings.get("title", path.stem), settings.get("about", ""), path)
