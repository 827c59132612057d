"""Undo, redo, what was saved, and listeners."""

from __future__ import annotations

import pytest

from guigrad.document import store as stores
from guigrad.document.diff import Diff
from guigrad.document.edit import set_settings
from guigrad.document.model import Document
from guigrad.document.store import Store


def titled(store: Store, title: str, merge: str = "") -> bool:
    diff = set_settings(title=title)(store.document)
    return store.commit(Diff(label=diff.label, settings=diff.settings, merge=merge))


def clean(store: Store) -> bool:
    return store.revision == store.saved_revision


def test_undo_to_the_saved_document_makes_it_clean() -> None:
    store = Store()
    titled(store, "a")
    titled(store, "b")
    store.saved("b.guigrad")
    assert store.document.path == "b.guigrad"
    titled(store, "c")
    assert not clean(store)
    store.undo()
    assert clean(store)
    store.undo()
    assert not clean(store)
    store.redo()
    assert clean(store)
    store.undo()
    titled(store, "d")  # the way to "b" is gone
    store.undo()
    assert not clean(store)


def test_a_merged_step_after_saving_is_a_step_of_its_own() -> None:
    store = Store()
    titled(store, "a", merge="m")
    store.saved("x")
    titled(store, "b", merge="m")
    assert not clean(store)
    store.undo()
    assert store.document.settings.title == "a"
    assert clean(store)


def test_a_slider_that_comes_back_leaves_no_step() -> None:
    store = Store()
    first = store.document.settings
    for title in ("a", "b"):
        titled(store, title, merge="m")
    store.commit(Diff(settings=(store.document.settings, first), merge="m"))
    assert store.undo_label is None
    assert clean(store)


def test_old_steps_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "UNDO_STEPS", 3)
    store = Store()
    for number in range(6):
        titled(store, str(number))
    assert [store.undo() for _ in range(4)] == ["Set title"] * 3 + [None]
    assert store.document.settings.title == "2"


def test_listeners_that_stop_each_other_raise_or_commit() -> None:
    store = Store()
    heard: list[str] = []
    stops = []

    def stopper(document: Document, diff: Diff) -> None:
        heard.append("stopper")
        stops[1]()
        stops[1]()

    def stopped(document: Document, diff: Diff) -> None:
        heard.append("stopped")

    def committer(document: Document, diff: Diff) -> None:
        if document.settings.title == "a":
            titled(store, "b")

    def broken(document: Document, diff: Diff) -> None:
        raise KeyError("broken")

    def last(document: Document, diff: Diff) -> None:
        heard.append(f"last {document.settings.title}")

    stops += [store.listen(listener) for listener in (stopper, stopped, committer, broken, last)]
    with pytest.raises(KeyError, match="broken"):
        titled(store, "a")
    assert heard == ["stopper", "last a", "stopper", "last b"]
    assert store.document.settings.title == "b"
    stops[3]()
    titled(store, "c")
    assert heard[-1] == "last c"


def test_nothing_is_no_step() -> None:
    store = Store()
    assert not store.commit(Diff())
    assert (store.undo(), store.redo(), store.revision) == (None, None, 0)


def test_reset_forgets_the_history() -> None:
    store = Store()
    heard: list[Document] = []
    store.listen(lambda document, diff: heard.append(document))
    titled(store, "a")
    store.reset(Document())
    assert store.undo_label is None
    assert clean(store)
    assert heard[-1] == Document()
