"""Films and models from the window: a process of its own makes them, as ``guigrad render`` and ``guigrad export`` do; the window shows how far it is.

Thread: the GUI thread.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QProcess, QTimer, Signal
from PySide6.QtWidgets import QProgressDialog

from guigrad.document.file import save
from guigrad.document.model import Document

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow

_CODE: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop(1)); from guigrad import cli; sys.exit(cli.main())"
)
CANCELLED: Final = "cancelled"
END_MS: Final = 3000
"""How long a cancelled one may take to put its things away."""
SHOW_MS: Final = 300


class FilmExport(QObject):
    """One film on its way, or with ``model`` another file that torch writes. ``ended(error)``: "" when the file is there, else why not; "cancelled"
    when it was.
    """

    ended = Signal(str)

    def __init__(
        self,
        window: MainWindow,
        document: Document,
        name: str,
        theme: str,
        steps: int = 0,
        scale: float = 1.0,
        model: bool = False,
    ) -> None:
        super().__init__(window)
        self.window, self.name = window, name
        self._folder = tempfile.TemporaryDirectory(prefix="guigrad-", ignore_cleanup_errors=True)
        source = str(Path(self._folder.name) / "film.guigrad")
        save(document, source)
        self._cancelled, self._told = False, ""
        self.process = QProcess(self)
        self.process.readyReadStandardOutput.connect(self._on_told)
        self.process.finished.connect(self._on_finished)
        self.process.errorOccurred.connect(self._on_error)
        self.progress = QProgressDialog(
            f"{'Writing' if model else 'Filming'} {Path(name).name} …", "Cancel", 0, 0, window
        )
        self.progress.setWindowTitle("Export")
        self.progress.setMinimumDuration(SHOW_MS)
        self.progress.setAutoClose(False)
        self.progress.setAutoReset(False)
        self.progress.canceled.connect(self.cancel)
        arguments = ["render", source, "-o", name, "--theme", theme, "--progress", "--scale", f"{scale:g}"]
        arguments += ["--steps", str(steps)] if steps else []
        arguments += ["--device", window.session.base.device] if window.session.base.device else []
        arguments += ["--seed", str(window.session.seed)] if window.session.seed is not None else []
        if model:
            arguments = ["export", source, "-o", name]
        self.process.start(sys.executable, ["-c", _CODE, json.dumps(sys.path), *arguments])

    def cancel(self) -> None:
        """Ends it; no file is left."""
        if self._cancelled or self.process.state() == QProcess.ProcessState.NotRunning:
            return
        self._cancelled = True
        if sys.platform == "win32":
            self.process.kill()
        else:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.processId(), signal.SIGINT)
            QTimer.singleShot(END_MS, self, self.process.kill)

    def close(self) -> None:
        """The window closes: nothing is waited for but the end of the process."""
        self.cancel()
        if not self.process.waitForFinished(END_MS):
            self.process.kill()
            self.process.waitForFinished(END_MS)

    def _on_told(self) -> None:
        self._told += bytes(self.process.readAllStandardOutput().data()).decode("utf-8", "replace")
        *lines, self._told = self._told.split("\n")  # it may come in pieces that end within a line
        told = [line.split() for line in lines if line.strip()]
        if told and len(told[-1]) == 2 and all(word.isdigit() for word in told[-1]):
            done, count = map(int, told[-1])
            self.progress.setMaximum(count)
            self.progress.setValue(min(done, count))
            self.progress.setLabelText(f"Filming {Path(self.name).name} … moment {done:,} of {count:,}")

    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._end(self.process.errorString())

    def _on_finished(self, code: int, status: QProcess.ExitStatus) -> None:
        said = bytes(self.process.readAllStandardError().data()).decode("utf-8", "replace").strip().split("\n")
        if self._cancelled:
            self._sweep()
            self._end(CANCELLED)
        elif status == QProcess.ExitStatus.NormalExit and (code == 0 or (code == 1 and self._is_there())):
            self._end("")
        else:
            self._end(said[-1].removeprefix("guigrad: ") or f"the process ended with status {code}")

    def _is_there(self) -> bool:
        """Whether a film was written although the program has problems."""
        source = Path(self._folder.name) / "film.guigrad"
        with contextlib.suppress(OSError):
            return os.stat(self.name).st_mtime_ns >= os.stat(source).st_mtime_ns
        return False

    def _sweep(self) -> None:
        """What a killed process could not put away itself."""
        target = Path(self.name)
        began = Path(self._folder.name) / "film.guigrad"
        with contextlib.suppress(OSError):
            for left in target.parent.glob(f".{target.name[:100]}.*.tmp"):
                if left.stat().st_mtime_ns >= began.stat().st_mtime_ns:
                    left.unlink()

    def _end(self, error: str) -> None:
        self.progress.canceled.disconnect(self.cancel)
        self.progress.close()
        self.progress.deleteLater()
        self._folder.cleanup()
        self.ended.emit(error)
        self.deleteLater()


class Films:
    """The films of one window, one at a time."""

    def __init__(self, window: MainWindow) -> None:
        self.window = window
        self.now: FilmExport | None = None

    def start(self, document: Document, name: str, theme: str, steps: int = 0, scale: float = 1.0) -> None:
        """Begins one: of a forward and a backward, or of so many steps of the training. Raises: ValueError while another is on its way; OSError."""
        if self.now is not None:
            raise ValueError("another film is on its way")
        self.now = FilmExport(self.window, document, name, theme, steps, scale)
        self.now.ended.connect(lambda error: self._on_ended(name, error))

    def write_model(self, document: Document, name: str) -> None:
        """Begins a .safetensors, .pt2 or .onnx. Raises: ValueError while something else is on its way; OSError."""
        if self.now is not None:
            raise ValueError("another export is on its way")
        self.now = FilmExport(self.window, document, name, "dark", model=True)
        self.now.ended.connect(lambda error: self._on_ended(name, error))

    def close(self) -> None:
        """Ends what is on its way."""
        if self.now is not None:
            self.now.close()

    def _on_ended(self, name: str, error: str) -> None:
        self.now = None
        window = self.window
        if error == CANCELLED:
            window.messages.add(f"{name} was not written: cancelled", "note")
        elif error:
            window.bar.say(f"{name} was not written: {error}", "error")
        else:
            window.messages.add(f"Exported {name}", "note")
            window.say_status(f"Exported {Path(name).name}")
