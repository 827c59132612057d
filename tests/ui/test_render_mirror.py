"""Pictures with the backward graph: as the canvas shows it, and from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

import guigrad
from guigrad import cli
from guigrad.files.load import load
from guigrad.ui.canvas.mirror import OVER, UNDER, Mirrored
from guigrad.ui.main_window import MainWindow
from guigrad.ui.render import Painting
from guigrad.ui.widgets.export_dialog import Choice

CODE = """import torch
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = x.exp()
loss = (y * x).sum()
"""


@pytest.mark.parametrize("side", [UNDER, OVER])
def test_it_is_drawn_beside_the_forward(side: str, qtbot: QtBot) -> None:
    session = guigrad.Session(guigrad.parse(CODE))
    frame = session.forward()
    graph = session.graph()
    assert graph is not None
    plain = Painting(session.document, frame)
    both = Painting(session.document, frame, mirrored=Mirrored(graph, side))
    assert both.height > plain.height + 100
    text = both.svg().decode()
    for name in ("ExpBackward0", "AccumulateGrad", "saved", "Backward graph"):
        assert name in text, name
    assert "AccumulateGrad" not in plain.svg().decode()
    image = both.image(1.0)
    shown, bare = image.copy(), plain.image(1.0)
    assert (shown.width(), shown.height()) != (bare.width(), bare.height())
    first = next(iter(session.document.nodes))
    assert Painting(session.document, frame, "dark", [first], Mirrored(graph, side)).height < plain.height


def test_the_command_line_draws_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script, out = tmp_path / "a.py", tmp_path / "a.svg"
    script.write_text(CODE)
    assert cli.main(["render", str(script), "-o", str(out), "--grad-fns", "under"]) == 0
    assert "MulBackward0" in out.read_text()
    assert load(out).nodes
    assert cli.main(["render", str(script), "-o", str(tmp_path / "a.gif"), "--grad-fns", "under"]) != 0
    assert "--grad-fns is for pictures" in capsys.readouterr().err


def test_the_window_exports_what_its_canvas_shows(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    script, out = tmp_path / "a.py", tmp_path / "a.svg"
    script.write_text(CODE)
    assert window.intents.open_path(str(script))
    window.session.forward()
    window.backward.set_side(UNDER)
    qtbot.waitUntil(lambda: window.canvas.backward.mirror.graph is not None)
    window.intents.write_export(str(out), Choice(kind="svg"))
    qtbot.waitUntil(out.exists)
    assert "AccumulateGrad" in out.read_text()
    window.intents.write_export(str(out), Choice(kind="svg", values=False))
    assert "AccumulateGrad" not in out.read_text()
