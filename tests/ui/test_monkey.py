"""Anything done to the window in any order leaves it whole: no exception, warning, message or leak, and a document in step."""

from __future__ import annotations

import gc
import random
import time
import traceback
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from guigrad.document import store
from guigrad.document.diff import Diff
from guigrad.document.encode import encode
from guigrad.document.file import MADE_WITH, read
from guigrad.document.model import Document
from guigrad.document.store import Store
from guigrad.run.runner import InlineRunner
from guigrad.session import Session
from guigrad.ui.canvas.columns import COLUMNS
from guigrad.ui.canvas.scene import Scene
from guigrad.ui.main_window import MainWindow
from guigrad.ui.settings import Settings
from tests.ui.monkey import Monkey
from tests.ui.paws import census

EVENTS = 2000
SHORTEN_S = 60.0
"""How long a list of events that failed is shortened."""
SPARE = 4
"""So many objects of a class may be more: the message bar keeps the links of its last message, a text that was touched its document."""
LAZY = {
    "QObject": 16, "QTimer": 0, "QMenu": 0, "QThread": 0, "SearchBox": 0, "MainWindow": 0, "QAction": 16, "Link": 16,
    "QTextDocument": 24, "QAbstractTextDocumentLayout": 24, "QTextFrame": 24,
}  # fmt: skip
"""Other numbers than that: recent files are actions of a menu and links of the welcome page, a label whose text was clicked has a document."""
PASSING = {"selected", "running", "level", "edited", "veiled", "failed", "warned", "x", "y"}
"""Columns that are not the document's own; places are compared where the document has them."""

OPENED: weakref.WeakSet[MainWindow] = weakref.WeakSet()
"""Windows that somebody still holds."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        asked = str(metafunc.config.getoption("-m") or "")
        metafunc.parametrize("seed", range(10) if asked == "monkey" else range(1))


@contextmanager
def opened(folder: Path) -> Iterator[tuple[MainWindow, Monkey]]:
    session = Session(Store(), InlineRunner())
    window = MainWindow(session, Settings(folder / "config"))
    OPENED.add(window)
    window.resize(1280, 720)
    window.show()
    monkey = Monkey(window, folder)
    window.intents.open_path(monkey.lessons[0])
    QApplication.processEvents()
    try:
        yield window, monkey
    finally:
        monkey.settle()
        window.end()
        session.close()
        window.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def play(folder: Path, seeds: Sequence[int]) -> tuple[str, list[str]]:
    """What went wrong ("" for nothing), and what was done."""
    with opened(folder) as (window, monkey):
        rest(window, monkey)
        before = census(window)
        first: list[Document] = [window.session.document]

        def reset(document: Document, diff: Diff) -> None:
            if not diff.label:
                first[:] = [document]

        window.session.document_changed.connect(reset)
        try:
            with monkey.listening():
                for number, seed in enumerate(seeds, 1):
                    monkey.play(seed)
                    if number % 250 == 0 or number == len(seeds):
                        monkey.settle()
                        whole(window)
                history(window, lambda: first[0])
                rest(window, monkey)
                more = census(window) - before
                grown = {name: count for name, count in more.items() if count > LAZY.get(name, SPARE)}
                assert not grown, f"left over: {grown}"
                assert not monkey.faults, monkey.faults[0]
        except AssertionError as error:
            return f"{type(error).__name__}: {error}", monkey.log
        except Exception:
            return traceback.format_exc(), monkey.log
        return "", monkey.log


def rest(window: MainWindow, monkey: Monkey) -> None:
    """The first lesson with one node selected, everything else at rest."""
    monkey.settle()
    window.intents.commands()  # which lets go of the one before it
    monkey.settle()
    for name in ("palette_panel", "inspector"):
        getattr(window, name).show()
    window.set_scale(1.0)
    window.session.set_x_ray(True)
    window.intents.open_path(monkey.lessons[0], ask=False)
    window.session.select((next(iter(window.session.document.nodes)),))
    window.bar.hide()
    window.live._follow()
    window.show_canvas()
    for number in range(window.tabs.count()):  # some fill themselves when they are first seen
        window.tabs.setCurrentIndex(number)
        QApplication.processEvents()
    window.tabs.setCurrentIndex(0)
    for _ in range(2):
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QApplication.processEvents()
        gc.collect()


def plain(document: Document) -> Document:
    return Document(**{**{name: getattr(document, name) for name in document.__struct_fields__}, "path": ""})


def whole(window: MainWindow) -> None:
    """The document is what its file says, and the scene is what a new one of it would be."""
    document = window.session.whole  # the canvas may show the inside of a function
    again = read(encode(document, MADE_WITH))
    assert not again.problems, f"the file has problems: {[problem.message for problem in again.problems]}"
    assert again.nodes == document.nodes, "other nodes in the file"
    assert again.program == document.program, "another program in the file"
    assert encode(again, MADE_WITH) == encode(document, MADE_WITH), "what is read is written otherwise"
    window.canvas.motion.land()
    scene, document = window.canvas.scene, window.session.document
    assert plain(scene.document) == plain(document), "the canvas shows another document"
    fresh = Scene(document)
    fresh.faces.set_frame(window.session.frame)
    assert set(scene.row) == set(fresh.row), "other cards"
    for key, row in scene.row.items():
        other = fresh.row[key]
        assert scene.facets[row] == fresh.facets[other], "another face"
        scene.faces.content(row)
        fresh.faces.content(other)
        for name in COLUMNS.keys() - PASSING:
            assert getattr(scene, name)[row] == getattr(fresh, name)[other], f"column {name}"
        view = document.views.get(key)
        if view is not None:
            assert (scene.x[row], scene.y[row]) == (view.x, view.y), "another place"
    assert ends(scene) == ends(fresh), "other wires"
    assert [bracket.title for bracket in scene.brackets] == [bracket.title for bracket in fresh.brackets], "brackets"


def ends(scene: Scene) -> set[tuple[str, int, str, str]]:
    table = scene.wires
    return {
        (scene.ids[table.source[w]], int(table.output[w]), scene.ids[table.target[w]], table.paths[w])
        for row in scene.row.values()
        for w in scene.into[row]
    }


def history(window: MainWindow, first: Callable[[], Document]) -> None:
    """Undo leads to the first document, redo back to the last."""
    session = window.session
    last = plain(session.document)
    while session.redo() is not None:
        last = plain(session.document)
    while session.undo() is not None:
        pass
    assert plain(session.document) == plain(first()), "undo leads elsewhere"
    while session.redo() is not None:
        pass
    assert plain(session.document) == last, "redo leads elsewhere"
    whole(window)


def shortened(folder: Path, seeds: list[int], fault: str) -> list[int]:
    """Fewer events that go wrong in the same way, as far as there is time."""
    end, size = time.monotonic() + SHORTEN_S, max(len(seeds) // 2, 1)
    while size and time.monotonic() < end:
        at = 0
        while at < len(seeds) and time.monotonic() < end:
            fewer = seeds[:at] + seeds[at + size :]
            if fewer and words(play(folder, fewer)[0]) == words(fault):
                seeds = fewer
            else:
                at += size
        size //= 2
    return seeds


def words(fault: str) -> str:
    """What went wrong without the way there: the first line and the last."""
    lines = [line for line in fault.splitlines() if line.strip()] or [""]
    return lines[0] if lines[0].startswith("AssertionError") else lines[0] + lines[-1]


@pytest.mark.monkey
def test_anything_in_any_order(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr(store, "UNDO_STEPS", 1_000_000)
    rng = random.Random(seed)
    seeds = [rng.randrange(1 << 30) for _ in range(EVENTS)]
    fault, log = play(tmp_path, seeds)
    if fault:
        short = shortened(tmp_path, seeds[: len(log)], fault)
        again, log = play(tmp_path, short)
        pytest.fail(
            f"seed {seed}: {fault}\n\n{len(short)} of {len(seeds)} events do it{'' if again else ' (not every time)'}:\n"
            + "\n".join(log[-40:])
        )
    gc.collect()
    assert len(OPENED) == 0, "a closed window is held"
