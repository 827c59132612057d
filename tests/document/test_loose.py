"""Reroute points belong to a wire: they go with it, come back with it, and are copied and saved with it."""

from __future__ import annotations

import json

import pytest

from guigrad.document import edit, file
from guigrad.document.diff import Diff
from guigrad.document.encode import encode
from guigrad.document.model import Document, route_key
from guigrad.document.problem import ProblemError
from guigrad.source.parse.parser import parse

TEXT = "import torch\n\nx = torch.ones(2)\nw = torch.ones(2)\ny = x + w\nz = y.exp()\n"


@pytest.fixture
def document() -> Document:
    start = parse(TEXT)
    return edit.set_route("y", "other", ((1, 2), (3.5, 4)))(start).apply(start)


def ids(document: Document) -> dict[str, str]:
    return {node.name or "": key for key, node in document.nodes.items()}


def test_it_is_layout_and_is_saved(document: Document) -> None:
    key = route_key(ids(document)["y"], "other")
    assert document.routes == {key: ((1.0, 2.0), (3.5, 4.0))}
    assert edit.set_route("y", "self", [(0, 0)])(document).only_layout
    assert file.read(encode(document, "1")) == document
    assert document.canonical() == parse(TEXT).canonical()
    assert edit.set_route("y", "other", ())(document).apply(document) == parse(TEXT)


@pytest.mark.parametrize(
    "change",
    [edit.disconnect("y", "other"), edit.connect("x", 0, "y", "other"), edit.remove("w"), edit.remove("y"),
     edit.set_argument("y", "other", 2), edit.mute(["y"])],
)  # fmt: skip
def test_it_goes_with_its_wire_and_comes_back(document: Document, change: edit.Edit) -> None:
    diff = change(document)
    assert not diff.apply(document).routes
    assert diff.inverse().apply(diff.apply(document)) == document


def test_it_stays_when_something_else_changes(document: Document) -> None:
    for change in (
        edit.connect("w", 0, "y", "self"),
        edit.rename("y", "q"),
        edit.remove("z"),
        edit.disconnect("z", "self"),
    ):
        assert change(document).apply(document).routes == document.routes


def test_a_muted_node_keeps_the_route_of_what_it_passes_on() -> None:
    start = parse(TEXT)
    routed = edit.set_route("y", "self", [(1, 2)])(start).apply(start)
    muted = edit.mute(["y"])(routed).apply(routed)
    assert list(muted.routes.values()) == [((1.0, 2.0),)]
    assert edit.mute(["y"])(muted).apply(muted).routes == routed.routes


def test_it_is_copied_between_copied_nodes(document: Document) -> None:
    key = ids(document)
    both = edit.duplicate(["w", "y"])(document).apply(document)
    assert len(both.routes) == 2
    (new,) = (route for name, route in both.routes.items() if name not in document.routes)
    assert new == ((33.0, 34.0), (35.5, 36.0))
    alone = edit.duplicate([key["y"]])(document).apply(document)
    assert alone.routes == document.routes


def test_only_a_wire_has_a_route(document: Document) -> None:
    with pytest.raises(ProblemError, match="no wire"):
        edit.set_route("z", "other", [(1, 1)])(document)
    with pytest.raises(ProblemError, match="at most"):
        edit.set_route("y", "self", [(0, 0)] * 10_000)(document)


@pytest.mark.parametrize("bad", ["x", [1, 2], [[1]], [[1, "2"]], [[1, 1e400]], [[0, 0]] * 999, None, {}])
def test_a_file_with_another_route_opens_without_it(document: Document, bad: object) -> None:
    record = json.loads(encode(document, "1"))
    key = next(iter(record["routes"]))
    record["routes"] = {key: bad, "nobody:self": [[1, 1]], "": [[1, 1]]}
    opened = file.read(json.dumps(record).encode())
    assert not opened.routes
    assert Diff.between(document, opened).routes


def test_the_root_and_the_blanks_of_a_node_go_with_it() -> None:
    document = parse(TEXT)
    named = ids(document)
    settings = edit.set_settings(root=named["z"], exercise=((named["z"], "value"), (named["y"], "grad")))
    document = settings(document).apply(document)
    diff = edit.remove("z")(document)
    after = diff.apply(document)
    assert after.settings.root is None
    assert after.settings.exercise == ((named["y"], "grad"),)
    assert encode(file.read(encode(after, "1")), "1") == encode(after, "1")
    assert diff.inverse().apply(after) == document
