"""Saving and opening: identity, atomicity, and whatever a file may throw at us."""

from __future__ import annotations

import ast
import json
import math
import os
import stat
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guigrad.document import file, migrate, tree
from guigrad.document.array import ArrayData
from guigrad.document.encode import encode
from guigrad.document.model import (
    Comment,
    Document,
    Eval,
    In,
    ListOf,
    Node,
    Slice,
    Sym,
    View,
    walk,
)
from guigrad.document.problem import ProblemError
from tests.strategies import LITERALS, documents


def saved(document: Document) -> bytes:
    return encode(document, "0.1.0")


def lesson() -> Document:
    nodes = {
        "t1": Node("t1", "torch.tensor", (ListOf((0.7659, -2.0262)),), (("requires_grad", True),), "t1"),
        "t2": Node("t2", "operator.add", (In("t1"), 2), name="t2"),
    }
    return Document(nodes, (Eval("t1"), Eval("t2")), {"t1": View(1.5, 2.0), "t2": View(3.0, 4.0)})


@given(documents(functions=True))
def test_saving_and_opening_is_the_identity(document: Document) -> None:
    data = saved(document)
    again = file.read(data)
    assert again.problems == ()
    assert again == document
    assert saved(again) == data


@given(st.lists(LITERALS, max_size=4))
def test_every_value_comes_back_as_it_was(values: list[Any]) -> None:
    node = Node("n", "torch.tensor", tuple(values))
    assert file.read(saved(Document({"n": node}, (Eval("n"),)))).nodes["n"] == node


def test_bits_of_unusual_numbers() -> None:
    numbers = (2, 2.0, -0.0, True, math.nan, -math.nan, math.inf, 5e-324, 10**4000, complex(-0.0, math.nan), 0.1 + 0.2)
    node = Node("n", "torch.tensor", (ListOf(numbers),))
    again = file.read(saved(Document({"n": node}, (Eval("n"),)))).nodes["n"].args[0]
    assert isinstance(again, ListOf)
    assert [type(v) for v in again.items] == [type(v) for v in numbers]
    assert repr(again.items) == repr(numbers)
    assert math.copysign(1, again.items[5]) == math.copysign(1, -math.nan)  # type: ignore[arg-type]  # a float


def test_the_file_reads_well() -> None:
    lines = saved(lesson()).decode().splitlines()
    assert lines[:2] == ['{"guigrad": 1,', '"made_with": "0.1.0",']
    assert '{"id": "t2", "op": "operator.add", "args": [{"in": "t1"}, 2], "name": "t2"}' in lines
    assert '"t1": [1.5, 2.0],' in lines
    keys = list(json.loads(saved(lesson())))
    assert keys == ["guigrad", "made_with", *sorted(keys[2:])]


def test_the_version_is_the_project_s() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == file.MADE_WITH


def test_a_newer_file_opens_and_is_saved_back_unchanged() -> None:
    raw = json.loads(saved(lesson()))
    raw |= {"guigrad": 7, "functions": {"f": [1, 2]}, "score": ["cue"]}
    raw["nodes"][1] |= {"color": "red", "args": [{"in": "t1"}, {"quaternion": [1, 2, 3, 4]}]}
    raw["program"] = ["t1", {"while": {"in": "t1"}, "body": []}, "t2", {"goto": 1}]
    raw["settings"] = {"font": "big", "title": "A"}
    data = json.dumps(raw).encode()
    document = file.read(data)
    assert {problem.severity for problem in document.problems} == {"warning", "error"}
    assert any("version 7" in problem.message for problem in document.problems)
    again = json.loads(saved(document))
    assert again.pop("made_with") == raw.pop("made_with")
    assert again == raw
    assert document.nodes["t2"].args[0] == In("t1")
    assert isinstance(document.nodes["t2"].args[1], Sym)


def test_migration_steps_run_in_order() -> None:
    steps = {1: lambda raw: raw | {"one": 1}, 2: lambda raw: raw | {"two": raw["one"] + 1}}
    assert migrate.migrate({"guigrad": 1}, steps, 3) == ({"guigrad": 3, "one": 1, "two": 2}, ())
    assert migrate.migrate({"nodes": []})[1][0].severity == "warning"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"  \n ", "empty"),
        (b"{", "not JSON"),
        (b'{"guigrad": 1, "nodes": [', "not JSON"),
        (b"\xff\xfe\xff", "not UTF-8"),
        (b'{"guigrad": 1, "x": "\xe9"}', "not UTF-8"),
        (b"[1, 2]", "not a guigrad document"),
        (b"3", "not a guigrad document"),
        (b'{"a": 1}', "not a guigrad document"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"guigrad": 1, "nodes": ' + b"[" * 3000 + b"]" * 3000 + b"}", "nested too deeply"),
        (b"import torch\n", "not JSON"),
        (b"PK\x03\x04\x00\x00", "not JSON"),
    ],
)
def test_what_is_no_document_says_why(data: bytes, words: str) -> None:
    with pytest.raises(ProblemError) as caught:
        file.read(data)
    assert words in caught.value.problems[0].message


def read(**fields: Any) -> Document:
    return file.read(json.dumps({"guigrad": 1, **fields}).encode())


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"nodes": 3}, "not written as a list"),
        ({"nodes": [3, {"id": 4}, {"id": "a"}, {"op": "x"}]}, "without an id"),
        ({"nodes": [{"id": "a", "op": "torch.ones"}, {"id": "a", "op": "torch.ones"}], "program": ["a"]}, "two nodes"),
        ({"nodes": [{"id": "a", "op": "x();import os"}], "program": ["a"]}, "not the name of an op"),
        ({"nodes": [{"id": "a", "op": "f", "name": "x = 1; y"}], "program": ["a"]}, "cannot be the name"),
        ({"nodes": [{"id": "a", "op": "f", "kwargs": {"a=1, b": 2}}], "program": ["a"]}, "cannot be the name"),
        ({"nodes": [{"id": "a", "op": "f", "args": [{"in": "zz"}]}], "program": ["a"]}, "does not exist"),
        ({"nodes": [{"id": "a", "op": "f", "args": [{"in": "a"}]}], "program": ["a"]}, "not computed before it"),
        ({"nodes": [{"id": "a", "op": "f", "args": [{"sym": "os.system('x')"}]}], "program": ["a"]}, "not known"),
        ({"nodes": [{"id": "a", "op": "f"}], "program": ["a", "a", "b"]}, "twice"),
        ({"nodes": [{"id": "a", "op": "f"}], "program": {"a": 1}}, "no list of items"),
        ({"nodes": [{"id": "a", "op": "f"}]}, "at its end"),
        ({"nodes": [], "settings": [1]}, "settings"),
        ({"nodes": [], "settings": {"device": 3, "root": "q"}}, "device"),
        ({"nodes": [], "views": 3}, "views"),
        ({"nodes": [{"id": "a", "op": "f", "args": [{"tensor": {"dtype": "float32", "shape": [10**10], "data": ""}}]}], "program": ["a"]}, "claims"),
        ({"nodes": [{"id": "a", "op": "f", "args": [{"tensor": {"dtype": "float32", "shape": [10**6, 10**6], "strides": [0, 0], "values": [1]}}]}], "program": ["a"]}, "claims"),
        ({"nodes": [{"id": "a", "op": "f", "args": [{"tensor": {"dtype": "float32", "shape": [4], "values": [1]}}]}], "program": ["a"]}, "needs 4 elements"),
        ({"nodes": [{"id": "a", "op": "f", "args": [{"tensor": {"dtype": "float32", "shape": [-4], "values": []}}]}], "program": ["a"]}, "not negative"),
        ({"nodes": [{"id": "a", "op": "f", "args": [{"tensor": {"dtype": "object", "shape": [1], "values": [1]}}]}], "program": ["a"]}, "no dtype"),
        ({"nodes": [{"id": "a", "op": "f", "args": [{"tensor": {"dtype": "int8", "shape": [1], "values": [300]}}]}], "program": ["a"]}, "does not fit"),
        ({"nodes": [{"id": "a", "op": "f", "args": [{"tensor": {"dtype": "int8", "shape": [1], "data": "!!"}}]}], "program": ["a"]}, "base64"),
        ({"nodes": [{"id": "a", "op": "f"}], "program": [{"loop": "l", "var": "i", "iter": 3, "body": ["a"], "carried": [{"port": "q", "updates": [{"in": "zz"}]}]}]}, "does not exist"),
    ],
)  # fmt: skip
def test_what_is_wrong_inside_is_told_and_the_rest_opens(fields: dict[str, Any], words: str) -> None:
    document = read(**fields)
    assert any(words in problem.message for problem in document.problems), document.problems
    sound(document)


def test_a_bomb_is_not_inflated() -> None:
    import base64
    import zlib

    bomb = base64.b64encode(zlib.compress(bytes(50_000_000))).decode()
    tensor = {"dtype": "uint8", "shape": [4], "data": bomb}
    document = read(nodes=[{"id": "a", "op": "f", "args": [{"tensor": tensor}]}], program=["a"])
    assert "longer than they claim" in document.problems[0].message


def test_comments_cannot_become_code() -> None:
    document = read(
        nodes=[{"id": "a", "op": "f"}],
        program=["a"],
        comments={"a": {"before": ["import os", "# ok\nos.x()"], "after": "x"}},
    )
    assert document.comments["a"] == Comment(("# import os", "# ok os.x()"), "# x")


def sound(document: Document) -> None:
    """What every opened document keeps to, however broken the file was."""
    keys = [key for item in document.program for key in tree.defined(item)]
    assert len(keys) == len(set(keys))
    assert set(keys) <= set(document.nodes)
    spots = tree.spots(document)
    for item in walk(document.program):
        key = getattr(item, "node", None) or item.id  # type: ignore[union-attr]  # items of both kinds
        assert key in spots
    for key in keys:
        for wire in document.nodes[key].inputs():
            assert wire.node is None or wire.node in document.nodes
    for source, readers in document.consumers.items():
        for reader in readers:
            assert tree.is_visible(document, source, reader)
    assert file.read(saved(document)) == document


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=6), st.sampled_from(("a", "b", "eval"))),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(("id", "op", "args", "kwargs", "in", "tuple", "tensor", "loop", "var", "if", "with", "kind", "body", "dtype", "shape")),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)  # fmt: skip
FIELDS = st.sampled_from(
    ("guigrad", "nodes", "program", "settings", "views", "boxes", "notes", "comments", "functions", "made_with")
)


@given(st.dictionaries(FIELDS, JSON, max_size=8))
def test_random_json_never_raises_anything_else(raw: dict[str, Any]) -> None:
    try:
        document = file.read(json.dumps(raw).encode())
    except ProblemError:
        return
    sound(document)


@given(documents(max_items=5, functions=True), st.data())
def test_damaged_files_never_raise_anything_else(document: Document, data: Any) -> None:
    raw = bytearray(saved(document))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        what = data.draw(st.sampled_from(("set", "cut", "copy")))
        if what == "set":
            raw[at] = data.draw(st.sampled_from([*list(b'"{}[],:0-9ein'), 255, 0]))
        elif what == "cut":
            del raw[at : at + data.draw(st.integers(1, 9))]
        else:
            raw[at:at] = raw[at : at + 20]
        if not raw:
            break
    try:
        opened = file.read(bytes(raw))
    except ProblemError:
        return
    sound(opened)


# -- on disk --------------------------------------------------------------------------------------


def test_saving_keeps_permissions_and_follows_links(tmp_path: Path) -> None:
    target = tmp_path / "a.guigrad"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link = tmp_path / "link.guigrad"
    link.symlink_to(target)
    file.save(lesson(), link)
    assert link.is_symlink()
    assert file.read(target.read_bytes()) == lesson()
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.guigrad", "link.guigrad"]


def test_a_new_file_follows_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        file.save(lesson(), tmp_path / "new.guigrad")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "new.guigrad").stat().st_mode) == 0o640


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    target = tmp_path / "a.guigrad"
    file.save(lesson(), target)
    before = target.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(OSError, match="No space left"):
        file.save(Document(), target)
    assert target.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.guigrad"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_device_is_written_to_and_not_replaced() -> None:
    with pytest.raises(OSError):
        file.save(lesson(), "/dev/full")
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)


def test_folders_and_missing_files(tmp_path: Path) -> None:
    for path, words in ((tmp_path, "folder"), (tmp_path / "no", "no such file"), ("a\0b", "cannot be read")):
        with pytest.raises(ProblemError) as caught:
            file.read_bytes(path)
        assert words in str(caught.value)
    with pytest.raises(OSError):
        file.save(lesson(), tmp_path)
    with pytest.raises(OSError):
        file.save(lesson(), tmp_path / "no" / "a.guigrad")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read everything")
def test_files_that_may_not_be_read(tmp_path: Path) -> None:
    target = tmp_path / "a.guigrad"
    target.write_bytes(b"{}")
    target.chmod(0)
    with pytest.raises(ProblemError, match="permission"):
        file.read_bytes(target)


def test_tensors_of_every_dtype_come_back(tmp_path: Path) -> None:
    from guigrad.document.tensors import ITEM_BYTES

    for dtype, size in ITEM_BYTES.items():
        data = bytes(range(1, 129))[: 8 * size] if dtype != "bool" else bytes((0, 1) * 4)
        for count in (8, 8 * 40):
            array = ArrayData(dtype, (count,), (1,), data * (count // 8))
            node = Node("n", "tensor.data", (array, Slice(1, None)))
            assert file.read(saved(Document({"n": node}, (Eval("n"),)))).nodes["n"] == node, dtype


def test_what_is_kept_from_a_newer_file_never_becomes_code() -> None:
    from guigrad.source.emit import emit

    hostile = "x'); import os; ("
    document = read(
        nodes=[
            {"id": "a", "op": "torch.relu", "args": [{"odd": hostile}], "kwargs": {"b": {"sym": hostile}}, "name": "a"}
        ],
        program=["a"],
        settings={"title": hostile, "device": hostile, "about": hostile},
        comments={"a": {"before": [hostile]}},
    )
    calls = [node for node in ast.walk(ast.parse(emit(document))) if isinstance(node, ast.Import)]
    assert [alias.name for node in calls for alias in node.names] == ["torch"]


@pytest.mark.parametrize(
    "raw", ["['x']", "['x', 'y', 1, 0, 0, 1]", "['x', 1, 0, 1, 0, 1]", "7", "['x', 'y', true, 2, 0, 1]"]
)
def test_a_landscape_that_makes_no_sense_is_told_and_left_out(raw: str) -> None:
    start, end = '{"guigrad": 1, "made_with": "0", "nodes": [], "settings": {"landscape": ', "}}"
    document = file.read((start + raw.replace("'", '"') + end).encode())
    assert document.settings.landscape == ()
    assert "landscape" in document.problems[0].message
    good = file.read((start + '["x", "w[0, 1]", -1, 2.5, 0, 1]' + end).encode())
    assert good.settings.landscape == ("x", "w[0, 1]", -1, 2.5, 0, 1)
    assert not good.problems
    assert file.read(encode(good, "0")).settings == good.settings
