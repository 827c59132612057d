"""Recovery files and changes on disk."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from guigrad.document import recovery
from guigrad.document.model import Document, Eval, Node
from guigrad.document.recovery import Recovery, changed_since, leftovers, recover, seconds_ago, stamp

DOCUMENT = Document({"a": Node("a", "torch.ones", (2,))}, (Eval("a"),), path="/somewhere/a.guigrad")


def gone() -> int:
    """The number of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_what_a_crashed_program_left_is_found_and_opens(tmp_path: Path) -> None:
    mine = Recovery(tmp_path / "r")
    mine.write(DOCUMENT)
    assert leftovers(tmp_path / "r") == ()  # this program still runs
    dead = mine.file.rename(mine.file.with_name(mine.file.name.replace(str(os.getpid()), str(gone()))))
    (found,) = leftovers(tmp_path / "r")
    assert found.origin == "/somewhere/a.guigrad"
    assert seconds_ago(found) < 3600
    document = recover(found)
    assert document == DOCUMENT
    assert document.path == DOCUMENT.path
    assert document.problems == ()
    recovery.discard(found)
    assert not dead.exists()


def test_saving_discards_and_broken_files_are_left_alone(tmp_path: Path) -> None:
    mine = Recovery(tmp_path)
    mine.write(DOCUMENT)
    mine.discard()
    mine.discard()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / f"{gone()}-x.recovery.guigrad").write_bytes(b"{broken")
    assert leftovers(tmp_path) == ()
    assert leftovers(tmp_path / "nowhere") == ()


def test_changes_on_disk_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a"
    assert stamp(path) is None
    assert not changed_since(path, None)
    path.write_bytes(b"one")
    assert changed_since(path, None)
    known = stamp(path)
    assert not changed_since(path, known)
    os.utime(path, ns=(1, 1))  # touched, not changed
    assert not changed_since(path, known)
    path.write_bytes(b"two")
    os.utime(path, ns=(2, 2))
    assert changed_since(path, known)
    path.unlink()
    assert changed_since(path, known)
