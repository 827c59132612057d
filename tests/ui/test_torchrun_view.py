"""Train with torchrun… in the window: asked, drawn while it runs, cancelled, its parameters taken, refused with the reason."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QFileDialog
from pytestqt.qtbot import QtBot

from guigrad.document.array import ArrayData
from guigrad.files.arrays import write_safetensors
from guigrad.run.torchrun import Report
from guigrad.ui import torchrun_view
from guigrad.ui.main_window import MainWindow
from guigrad.ui.torchrun_view import TorchrunView
from guigrad.ui.widgets.parts import Link
from guigrad.ui.widgets.torchrun_dialog import TorchrunDialog

TEXT = """import torch

x = torch.tensor([[1.0], [2.0], [3.0]])
y = torch.tensor([[2.0], [4.0], [6.0]])
w = torch.zeros(1, 1, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1)
for step in range(5):
    error = ((x @ w - y) ** 2).mean()
    optimizer.zero_grad()
    error.backward()
    optimizer.step()
"""


class Fake:
    """A torchrun that does what the test says."""

    def __init__(self, folder: Path, script: str, processes: int, report: Report) -> None:
        self.script, self.processes, self.report = script, processes, report
        self.parameters = folder / "parameters.safetensors"
        self.cancelled = self.closed = 0

    def cancel(self) -> None:
        self.cancelled += 1
        self.report("cancelled", ())

    def close(self, keep: bool = False) -> None:
        self.closed += 1

    def why(self) -> str:
        return "RuntimeError: it broke"

    def said(self) -> str:
        return "all that it said"


@pytest.fixture
def started(window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Fake]:
    found: list[Fake] = []

    def start(script: str, processes: int, report: Report) -> Fake:
        found.append(Fake(tmp_path, script, processes, report))
        return found[-1]

    window.torchrun.close()
    window.torchrun = TorchrunView(window, start)  # type: ignore[arg-type]  # it answers like the real one
    monkeypatch.setattr(torchrun_view, "ask", lambda dialog: QDialog.DialogCode.Accepted)
    assert window.intents.open_code(TEXT)
    return found


def links(window: MainWindow) -> list[Link]:
    return window.bar.findChildren(Link)


def test_its_loss_is_drawn_and_its_parameters_are_taken(window: MainWindow, started: list[Fake], qtbot: QtBot) -> None:
    window.commands.ask("torchrun")
    (fake,) = started
    assert "class Forward" in fake.script
    assert window.tabs.currentWidget() is window.training.panel
    fake.report("losses", (3.0, 2.0))
    fake.report("losses", (1.0,))
    plot = window.training.panel.plot
    assert plot is not None
    qtbot.waitUntil(lambda: any(len(curve.y) == 3 for curve in plot.drawn))
    (curve,) = plot.drawn
    assert list(curve.y) == [3.0, 2.0, 1.0]
    assert curve.name == f"error · torchrun 1, {fake.processes} processes"
    fake.parameters.write_bytes(write_safetensors({"w": ArrayData("float32", (1, 1), (1, 1), struct.pack("<f", 2.0))}))
    fake.report("done", ())
    qtbot.waitUntil(lambda: window.torchrun.now is None)
    assert fake.closed == 1
    before = window.session.document
    (take,) = [link for link in links(window) if "parameters" in link.text()]
    qtbot.mouseClick(take, Qt.MouseButton.LeftButton)
    assert window.session.frame is not None
    assert window.session.frame["w"].value.tolist() == [[2.0]]
    window.session.undo()
    assert window.session.document == before


def test_it_is_cancelled_from_the_bar_and_with_the_window(
    window: MainWindow, started: list[Fake], qtbot: QtBot
) -> None:
    window.torchrun.open()
    (cancel,) = [link for link in links(window) if link.text() == "Cancel"]
    qtbot.mouseClick(cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.torchrun.now is None)
    assert started[0].cancelled == 1
    window.torchrun.open()
    window.torchrun.open()  # one at a time
    assert len(started) == 2
    window.torchrun.close()
    assert started[1].closed == 1


def test_what_fails_is_told(window: MainWindow, started: list[Fake], qtbot: QtBot) -> None:
    window.torchrun.open()
    started[0].report("failed", ())
    qtbot.waitUntil(lambda: "RuntimeError: it broke" in window.bar.text.text())
    assert window.torchrun.now is None


def test_what_cannot_be_shared_out_is_refused(window: MainWindow, started: list[Fake]) -> None:
    assert window.intents.open_code(TEXT.replace("error.backward()", "error.backward(retain_graph=True)"))
    window.torchrun.open()
    assert not started
    assert "its backward has arguments" in window.bar.text.text()


def test_the_dialog_copies_the_command_and_saves_the_script(
    window: MainWindow, started: list[Fake], qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = TorchrunDialog(window.look, window)
    qtbot.addWidget(dialog)
    dialog.save_asked.connect(window.torchrun._save)
    dialog.processes.setValue(3)
    dialog.machines.setValue(5)
    dialog.copy.click()
    assert "--nnodes=5 --nproc_per_node=3" in QGuiApplication.clipboard().text()
    name = tmp_path / "mine.py"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(name), ""))
    dialog.save.click()
    assert "DistributedDataParallel" in name.read_text()


def test_every_format_is_written_from_the_window(
    window: MainWindow, started: list[Fake], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    monkeypatch.setattr(window.films, "write_model", lambda document, name: written.append(name))
    for end in ("py", "ipynb", "safetensors", "pt2", "onnx"):
        window.intents.write_export(str(tmp_path / f"out.{end}"))
    assert (tmp_path / "out.py").exists()
    assert window.intents.open_path(str(tmp_path / "out.ipynb"), ask=False)
    assert [Path(name).suffix for name in written] == [".safetensors", ".pt2", ".onnx"]
    with pytest.raises(ValueError, match="ends in"):
        window.intents.write_export(str(tmp_path / "out.doc"))
