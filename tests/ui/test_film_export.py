"""Films from the window: chosen in the dialog, made by a process of their own, seen, cancelled, and told of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from guigrad.ui import film_export
from guigrad.ui.main_window import MainWindow
from guigrad.ui.widgets.export_dialog import ExportDialog
from tests.ui.test_render_export import answer

MAKES = """
import json, os, sys, time
target = sys.argv[sys.argv.index("-o") + 1]
for done in range(1, 4):
    print(done, 3, flush=True)
while not os.path.exists(target + ".go"):
    time.sleep(0.01)
open(target, "w").write(json.dumps(sys.argv[2:]))
"""
FAILS = "import sys; print('guigrad: no room on the disk', file=sys.stderr); sys.exit(2)"
WAITS = """
import os, sys, time
target = sys.argv[sys.argv.index("-o") + 1]
left = os.path.join(os.path.dirname(target), f".{os.path.basename(target)}.x.tmp")
open(left, "w").write("half")
print(1, 100, flush=True)
time.sleep(60)
"""
Use = Callable[[ExportDialog], None]


def choose(kind: str, steps: int = 0) -> Use:
    """What is done in the dialog."""

    def use(dialog: ExportDialog) -> None:
        dialog.kind.setCurrentIndex(dialog.kind.findData(kind))
        assert dialog._film_row.isVisible()
        assert not dialog.transparent.isEnabled()
        if steps:
            dialog.film.setCurrentIndex(1)
            dialog.steps.setValue(steps)
            assert f"{steps} steps of the training" in dialog.size_text.text()
        assert dialog.choice().steps == steps

    return use


def ended(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: window.films.now is None)


def test_a_film_is_made_beside_the_window(
    lesson: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, qtbot: QtBot
) -> None:
    monkeypatch.setattr(film_export, "_CODE", MAKES)
    out = tmp_path / "film.mp4"
    answer(lesson, monkeypatch, out, choose("mp4"))
    now = lesson.films.now
    assert now is not None
    with pytest.raises(ValueError, match="on its way"):
        lesson.intents.write_export(str(tmp_path / "other.gif"))
    qtbot.waitUntil(lambda: now.progress.value() == 3)
    (tmp_path / "film.mp4.go").touch()
    ended(lesson, qtbot)
    words = out.read_text()
    assert '"--theme", "dark", "--progress"' in words
    assert '"--scale", "' in words
    assert "--steps" not in words
    assert f"Exported {out}" in lesson.messages.text()


def test_why_there_is_none_is_told(
    lesson: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, qtbot: QtBot
) -> None:
    monkeypatch.setattr(film_export, "_CODE", FAILS)
    lesson.intents.write_export(str(tmp_path / "film.gif"))
    ended(lesson, qtbot)
    assert lesson.bar.text.text().endswith("film.gif was not written: no room on the disk")
    monkeypatch.setattr(film_export.sys, "executable", str(tmp_path / "no-python"))
    lesson.intents.write_export(str(tmp_path / "film.gif"))
    ended(lesson, qtbot)
    assert "was not written" in lesson.bar.text.text()


def test_cancelled_it_leaves_nothing(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, qtbot: QtBot
) -> None:
    (tmp_path / "train.py").write_text("import torch\nw = torch.ones(2)\nfor step in range(3):\n    v = w * 2\n")
    assert window.intents.open_path(str(tmp_path / "train.py"))
    monkeypatch.setattr(film_export, "_CODE", WAITS)
    folder = tmp_path / "films"
    folder.mkdir()
    answer(window, monkeypatch, folder / "film.gif", choose("gif", 12))
    now = window.films.now
    assert now is not None
    qtbot.waitUntil(lambda: now.progress.maximum() == 100)
    assert list(folder.iterdir())
    now.progress.canceled.emit()
    ended(window, qtbot)
    assert not list(folder.iterdir())
    assert "cancelled" in window.messages.text()
    window.intents.write_export(str(folder / "film.gif"))
    process = window.films.now
    window.films.close()
    assert process is not None
    assert window.films.now is None
    assert not list(folder.glob("film*"))


def test_the_dialog_offers_no_training_without_a_loop(
    lesson: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: list[bool] = []
    answer(
        lesson,
        monkeypatch,
        tmp_path / "graph.png",
        lambda dialog: seen.append(dialog.film.model().item(1).isEnabled()),  # type: ignore[attr-defined]  # a combo's own model
    )
    assert seen == [False]
