"""Starts guigrad: the window where a display is, the main job without one where there is none."""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from guigrad import cli
from guigrad.ui import display

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from guigrad.ui.main_window import MainWindow


def main(argv: Sequence[str] | None = None) -> int:
    """``guigrad [FILE]`` opens the window, ``guigrad COMMAND …`` is the command line; the exit status."""
    return cli.main(argv, window=open_window)


def open_window(path: str | None) -> int:
    """Opens the window on a file, else on the last document, else on the first lesson.

    Where no window can open it says why in one line and does the main job without one: table and picture.
    """
    reason = display.obstacle()
    if reason:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"  # whatever was asked for cannot be had
        return cli.headless(path, f"no window: {reason}")
    return _run_window(path)


def _run_window(path: str | None) -> int:
    from PySide6.QtCore import Qt
    from PySide6.QtWidgets import QApplication

    from guigrad.document.store import Store
    from guigrad.lessons import index
    from guigrad.run.runner import ProcessRunner
    from guigrad.session import Session
    from guigrad.ui.bridge import Bridge
    from guigrad.ui.main_window import MainWindow
    from guigrad.ui.settings import Settings

    QApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    app = QApplication([sys.argv[0]])
    app.setApplicationName("guigrad")
    settings = Settings()
    bridge = Bridge()
    session = Session(Store(), ProcessRunner(), bridge.post)
    try:
        window = MainWindow(session, settings)
        _show_uncaught(window)
        end_ctrl_c = _let_ctrl_c_end(app, window)
        window.show()
        lesson = next((str(lesson.path) for lesson in index.lessons()), "")
        window.start(path, lesson)
        gc.freeze()  # what is loaded by now stays: collecting it again and again would hold the window up for many frames
        status = app.exec()
        end_ctrl_c()
    finally:
        bridge.close()
        session.close()
    return status


def _show_uncaught(window: MainWindow) -> None:
    """What goes wrong in a slot is told in the messages panel and on the terminal, and the program goes on."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            window.end()
            return
        text = "".join(traceback.format_exception(kind, error, trace))
        sys.stderr.write(text)
        window.messages.add(f"Something went wrong inside guigrad; the document is unharmed.\n{text}", "error")

    sys.excepthook = hook


def _let_ctrl_c_end(app: QApplication, window: MainWindow) -> Callable[[], None]:
    """Ctrl+C in the terminal ends the program; the returned call undoes the set-up.

    Python runs signal handlers between bytecodes, and Qt's loop runs none while it waits: the signal's byte on a socket wakes it.
    """
    from PySide6.QtCore import QSocketNotifier

    near, far = socket.socketpair()
    near.setblocking(False)
    far.setblocking(False)
    before = signal.set_wakeup_fd(far.fileno())
    signal.signal(signal.SIGINT, lambda number, frame: window.end())
    notifier = QSocketNotifier(near.fileno(), QSocketNotifier.Type.Read, app)
    notifier.activated.connect(lambda: near.recv(64))

    def undo() -> None:
        notifier.setEnabled(False)
        signal.set_wakeup_fd(before)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        near.close()
        far.close()

    return undo
