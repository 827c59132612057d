"""Starting: with a display, without one, and what the window's process keeps out."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from guigrad import app
from guigrad.ui import display

SCRIPT = "import torch\n\nt1 = torch.ones(3, requires_grad=True)\nt2 = (t1 * 2).sum()\nt2.backward()\n"


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    """This process's environment without any display, with settings of its own."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "XDG_SESSION_TYPE")
    }
    return {**kept, "GUIGRAD_CONFIG": str(tmp_path / "config"), "TMPDIR": str(tmp_path), **more}


@pytest.mark.parametrize("platform", [{}, {"QT_QPA_PLATFORM": "xcb"}, {"DISPLAY": ":98"}])
def test_without_a_display_it_says_so_and_does_the_main_job(
    tmp_path: Path, repository: Path, platform: dict[str, str]
) -> None:
    script = tmp_path / "graph.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, str(repository / "main.py"), str(script)],
        env=environment(tmp_path, **platform), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    first = done.stderr.splitlines()[0]
    assert first.startswith("guigrad: no window:")
    assert "Traceback" not in done.stderr
    assert "t2" in done.stdout
    picture = Path(done.stdout.strip().splitlines()[-1].removeprefix("picture: "))
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_picture_needs_no_display_whatever_the_platform(tmp_path: Path, repository: Path) -> None:
    script, picture = tmp_path / "graph.py", tmp_path / "out.png"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, str(repository / "main.py"), "render", str(script), "-o", str(picture)],
        env=environment(tmp_path, QT_QPA_PLATFORM="xcb"), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_first_obstacle_names_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display, "_loads", lambda name: name not in ("libEGL.so.1", "libGL.so.1"))
    reason = display.drawing_obstacle()
    assert "libEGL.so.1, libGL.so.1 missing" in reason
    assert "sudo apt install libegl1 libgl1" in reason
    assert "\n" not in reason


def test_a_missing_window_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":98")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(display, "_loads", lambda name: name != "libxcb-cursor.so.0")
    assert "sudo apt install libxcb-cursor0" in display.obstacle()


def test_an_offscreen_platform_is_no_obstacle() -> None:
    assert os.environ["QT_QPA_PLATFORM"] == "offscreen"
    assert display.obstacle() == ""


WINDOW = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from guigrad import app
from guigrad.ui.main_window import MainWindow

def when_run(window, started=[]):
    def check():
        frame = window.session.frame
        if frame is None or window.session.running:
            return
        print(bool({"torch", "sklearn"} & sys.modules.keys()), frame["t2"].value.item(), flush=True)
        ACTION
    return check

start = MainWindow.start
def started(self, path, lesson):
    start(self, path, lesson)
    self.probe = QTimer(self)
    self.probe.timeout.connect(when_run(self))
    self.probe.start(20)
MainWindow.start = started
sys.exit(app.main([sys.argv[1]]))
"""


def run_window(tmp_path: Path, action: str) -> subprocess.Popen[str]:
    script = tmp_path / "graph.py"
    script.write_text(SCRIPT)
    return subprocess.Popen(
        [sys.executable, "-c", WINDOW.replace("ACTION", action), str(script)],
        env=environment(tmp_path, QT_QPA_PLATFORM="offscreen"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_the_window_computes_without_torch_and_survives_an_exception(tmp_path: Path) -> None:
    action = """window.probe.stop()
        sys.excepthook(ValueError, ValueError("a slip"), None)
        print("a slip" in window.messages.text(), flush=True)
        window.end()"""
    process = run_window(tmp_path, action)
    out, errors = process.communicate(timeout=120)
    assert out.split() == ["False", "6.0", "True"], errors
    assert process.returncode == 0
    assert "ValueError: a slip" in errors


@pytest.mark.skipif(sys.platform == "win32", reason="a console's Ctrl+C cannot be sent to one process there")
def test_ctrl_c_ends_it(tmp_path: Path) -> None:
    process = run_window(tmp_path, "window.probe.stop()")
    assert process.stdout is not None
    assert process.stdout.readline().startswith("False 6.0")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors


def test_a_wrong_command_line_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        app.main(["--no-such-option"])
    assert ended.value.code == 2
    assert "Traceback" not in capsys.readouterr().err
