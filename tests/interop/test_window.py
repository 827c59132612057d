"""``guigrad.show``: what becomes of each kind of thing, where names come from, and that the caller is neither kept nor tied."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import guigrad
from guigrad.interop import window
from guigrad.interop.window import Shown, document_of, show
from guigrad.paths import is_shown

ROOT = Path(guigrad.__file__).resolve().parents[1]


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Path]:
    """Files that a window would have been opened on."""
    found: list[Path] = []

    def launch(path: Path, log: Path) -> tuple[int | None, str]:
        found.append(path)
        return 1, ""

    monkeypatch.setattr(window, "_launch", launch)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    return found


def test_a_live_tensor_is_named_as_the_caller_names_it(launched: list[Path]) -> None:
    weight = torch.tensor([1.0, 2.0], requires_grad=True)
    loss = (weight * 3).sum()
    shown = guigrad.show(loss)
    assert [path.name for path in launched] == ["loss.guigrad"]
    assert shown.path == str(launched[0])
    assert is_shown(shown.path)
    document = guigrad.load(launched[0])
    assert {node.name for node in document.nodes.values()} >= {"weight", "loss"}
    frame = guigrad.recorded(document)
    assert frame is not None
    assert frame["weight"].requires_grad
    assert repr(shown) == "guigrad: loss in a window"


def test_names_in_a_debugger_s_exec(launched: list[Path]) -> None:
    def debugged() -> None:
        inner = torch.ones(2, requires_grad=True)
        outer = inner.exp().sum()
        frame = sys._getframe()
        exec("guigrad.show(outer)", {**frame.f_globals, "guigrad": guigrad}, dict(frame.f_locals))
        assert outer.requires_grad

    debugged()
    assert {node.name for node in guigrad.load(launched[0]).nodes.values()} >= {"inner", "outer"}


def test_every_kind_of_thing(launched: list[Path], tmp_path: Path) -> None:
    document = guigrad.parse("import torch\nx = torch.ones(2)\n")
    path = tmp_path / "script.py"
    path.write_text("import torch\ny = torch.ones(2)\n")
    module = torch.nn.Sequential(torch.nn.Linear(2, 1))
    given = torch.ones(3, 2)
    for what, inputs in (
        (document, ()), (str(path), ()), (path, ()), (guigrad.Session(document), ()), (module, (given,)),
        (torch.nn.functional.softmax, (given, 0)), ([given.requires_grad_()], ()), ({"a": given}, ()),
    ):  # fmt: skip
        show(what, *inputs)
    assert len(launched) == 8
    assert all(guigrad.load(one).nodes for one in launched)


@pytest.mark.parametrize("what", [3, None, object(), torch.nn.Linear(1, 1), [], "missing.guigrad"])
def test_what_cannot_be_shown(what: Any, launched: list[Path]) -> None:
    with pytest.raises(guigrad.ProblemError):
        guigrad.show(what)
    assert not launched


def test_without_a_display_one_line_and_a_picture(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(window, "_launch", lambda path, log: (None, "no display here"))
    x = torch.ones(2, requires_grad=True)
    shown = guigrad.show((x * 2).sum(), names={"x": x})
    said = capsys.readouterr().out.splitlines()
    assert said == [f"guigrad: no window: no display here; picture: {shown.picture}"]
    picture = shown._repr_png_()
    assert picture is not None
    assert picture.startswith(b"\x89PNG")
    assert guigrad.load(str(shown.picture)).nodes
    assert shown.process is None


def test_the_launcher_is_gone_and_the_window_s_process_stays(tmp_path: Path) -> None:
    """A stand-in for the window: what is launched outlives its caller, in a session of its own."""
    out, log = tmp_path / "out", tmp_path / "log"
    code = "import os, sys, time; open(sys.argv[1], 'w').write(f'{os.getsid(0)} {os.getpid()}\\n'); time.sleep(60)"
    done = subprocess.run(
        [sys.executable, "-c", window._LAUNCH, str(ROOT), str(log), sys.executable, "-c", code, str(out)],
        capture_output=True, text=True, check=True, timeout=60, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )  # fmt: skip
    word, number = done.stdout.split()
    assert word == "window"
    process = int(number)
    assert done.stderr == ""
    try:
        while not out.exists() or not out.read_text().endswith("\n"):
            os.kill(process, 0)
        session, there = map(int, out.read_text().split())
        assert there == process
        assert session != os.getsid(0)
    finally:
        os.kill(process, signal.SIGKILL)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a display")
def test_why_no_window_can_open_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "XDG_SESSION_TYPE"):
        monkeypatch.delenv(name, raising=False)
    process, reason = window._launch(tmp_path / "x.guigrad", tmp_path / "log")
    assert process is None
    assert reason.startswith("no display (DISPLAY")
    assert "\n" not in reason


def test_asking_for_a_display_loads_no_qt() -> None:
    code = "import sys\nfrom guigrad.ui import display\ndisplay.window_obstacle()\nassert not any('PySide6.Q' in m for m in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT, timeout=60).returncode == 0


def test_a_document_is_shown_without_torch(tmp_path: Path) -> None:
    code = (
        "import sys, guigrad\nfrom guigrad.interop import window\nwindow._launch = lambda path, log: (7, '')\n"
        "print(guigrad.show(guigrad.parse('import torch')).process, 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, cwd=ROOT, timeout=60, capture_output=True, text=True
    )
    assert done.stdout.split() == ["7", "False"]


def test_shown_tells_where_it_is() -> None:
    assert repr(Shown("/a/loss.guigrad", None, "/a/loss.png")) == "guigrad: loss in /a/loss.png"
    assert Shown("/a/loss.guigrad", None)._repr_png_() is None


def test_a_session_s_document_is_as_it_is_now() -> None:
    session = guigrad.Session(guigrad.parse("import torch\nx = torch.ones(2)\n"))
    session.edit(guigrad.edit.rename("x", "z"))
    document = document_of(session, (), None, None)
    assert [node.name for node in document.nodes.values()] == ["z"]
