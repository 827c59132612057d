"""Keys that a user binds: told apart, kept, taken from a file, and heard at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication

from guigrad.ui.actions import ACTIONS
from guigrad.ui.keymap import Keymap, canonical, from_json, of_event, to_json
from guigrad.ui.settings import Settings

NONE, SHIFT, CTRL = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)
KEYS = ("Ctrl+D", "F", "Shift+A", "F5", "Ctrl+Alt+9", "Del", "Backspace", "Space", "Left")


def fights(keymap: Keymap) -> list[tuple[str, str]]:
    return [(row.id, key) for row in ACTIONS for key in keymap.keys(row.id) if keymap.holders(key, row.id)]


def test_a_bound_key_is_taken_from_whoever_had_it() -> None:
    keymap = Keymap()
    heard: list[int] = []
    keymap.changed.connect(lambda: heard.append(1))
    assert keymap.holders("Ctrl+D", "tidy") == ("duplicate",)
    keymap.bind("tidy", ["Ctrl+D", "L"])
    assert keymap.keys("tidy") == ("Ctrl+D", "L")
    assert keymap.keys("duplicate") == ()
    assert heard == [1]
    keymap.reset("duplicate")
    assert keymap.keys("duplicate") == ("Ctrl+D",)
    assert keymap.keys("tidy") == ("L",)


def test_swapping_gives_the_other_the_old_key() -> None:
    keymap = Keymap()
    keymap.swap("tidy", "Ctrl+D", "L")
    assert keymap.keys("tidy") == ("Ctrl+D",)
    assert keymap.keys("duplicate") == ("L",)
    keymap.reset()
    assert keymap.changes() == {}


def test_scopes_that_never_meet_share_keys() -> None:
    keymap = Keymap()
    assert keymap.holders("Right", "lesson_next") == ()
    assert keymap.holders("Backspace", "leave") == ()  # delete has it while something is selected
    assert keymap.holders("Backspace", "tidy") == ("delete", "leave")


@given(
    st.lists(
        st.tuples(st.sampled_from([row.id for row in ACTIONS]), st.lists(st.sampled_from(KEYS), max_size=3)), max_size=8
    )
)
def test_no_key_ever_means_two_things(steps: list[tuple[str, list[str]]]) -> None:
    keymap = Keymap()
    for name, keys in steps:
        keymap.bind(name, keys)
        assert fights(keymap) == []
    again = Keymap()
    assert again.take(keymap.changes()) == []
    assert {row.id: again.keys(row.id) for row in ACTIONS} == {row.id: keymap.keys(row.id) for row in ACTIONS}


@pytest.mark.parametrize(
    ("key", "mods", "text"),
    [
        (Qt.Key.Key_D, CTRL, "Ctrl+D"), (Qt.Key.Key_Backtab, SHIFT, "Shift+Tab"), (Qt.Key.Key_PageDown, NONE, "PgDown"),
        (Qt.Key.Key_Control, CTRL, ""), (Qt.Key.Key_F9, NONE, "F9"), (Qt.Key.Key_Enter, Qt.KeyboardModifier.KeypadModifier, "Enter"),
        (Qt.Key.Key_Udiaeresis, CTRL, "Ctrl+Ü"),
    ],
)  # fmt: skip
def test_key_events_as_text(key: Qt.Key, mods: Qt.KeyboardModifier, text: str) -> None:
    assert of_event(QKeyEvent(QEvent.Type.KeyPress, key, mods)) == text


@pytest.mark.parametrize("text", ["", "Ctrl+K, Ctrl+S", "nonsense", "Shift", "Ctrl+", "x" * 500, "\0"])
def test_what_is_no_single_key(text: str) -> None:
    assert canonical(text) == ""


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ([], "not a table"), ({"nothing": ["F"]}, "no action"), ({"tidy": "F"}, "not a list"), ({"tidy": [3]}, "not a list"),
        ({"tidy": ["nope"]}, "no key"), ({"tidy": ["F"], "fit_all": ["F"]}, "the first has it"), ({3: []}, "no action"),
    ],
)  # fmt: skip
def test_a_broken_table_is_told_and_the_rest_is_used(qapp: QApplication, keys: object, said: str) -> None:
    keymap = Keymap()
    complaints = keymap.take(keys)
    assert said in complaints[0]
    assert fights(keymap) == []


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": "other"}', "[" * 100_000])
def test_what_is_no_file_of_keys(text: str) -> None:
    assert from_json(text)[1]


def test_keys_survive_a_restart_and_broken_files(tmp_path: Path) -> None:
    keymap = Keymap()
    keymap.bind("tidy", ["Ctrl+Alt+9"])
    Settings(tmp_path).save_keys(keymap)
    assert json.loads((tmp_path / "keys.json").read_text())["keys"] == {"tidy": ["Ctrl+Alt+9"]}
    again = Keymap()
    Settings(tmp_path).load_keys(again)
    assert again.keys("tidy") == ("Ctrl+Alt+9",)
    (tmp_path / "keys.json").write_bytes(b"\xff\x00 nothing")
    settings, fresh = Settings(tmp_path), Keymap()
    settings.load_keys(fresh)
    assert fresh.changes() == {}
    assert "keys.json" in settings.check()[0]
    assert (tmp_path / "keys.json.broken").is_file()
    assert to_json(fresh.changes()).endswith("\n")


def test_broken_settings_are_told_and_replaced(tmp_path: Path) -> None:
    (tmp_path / "window.ini").write_bytes(bytes(range(256)) * 20)
    settings = Settings(tmp_path)
    assert settings.theme == "dark"
    assert "window.ini" in settings.check()[0]
    (tmp_path / "window.ini").write_text(
        "[General]\ntheme=blue\nscale=abc\nwheel=\nzoom_speed=nan\nmotion=7\nrecent=3\n"
    )
    settings = Settings(tmp_path)
    assert (settings.theme, settings.scale, settings.wheel, settings.zoom_speed, settings.motion) == (
        "dark",
        1.0,
        "auto",
        1.0,
        "system",
    )
    assert len(settings.check()) == 5
    assert settings.recent == []
