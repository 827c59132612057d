"""A program with something of ours on the clipboard ends as any other."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

COPY = """
import sys
from PySide6.QtCore import QMimeData, QTimer
from PySide6.QtWidgets import QApplication
from guigrad.ui.clipboard import put_on_clipboard
app = QApplication([])
data = QMimeData()
data.setText("copied")
put_on_clipboard(data)
assert app.clipboard().text() == "copied"
"""
LOOP = "QTimer.singleShot(0, app.quit)\napp.exec()\ndel app\n"


@pytest.mark.parametrize("end", ["", LOOP, "sys.exit(0)\n"], ids=["falls off the end", "event loop", "exit"])
def test_it_ends_in_order(repository: Path, end: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", COPY + end], cwd=repository, capture_output=True, text=True, timeout=60,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
