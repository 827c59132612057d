"""What people type finds what they mean, in a few milliseconds, misspelt or not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guigrad.ops import table
from guigrad.ops.search import near, search


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ("const num", "literal"), ("constant", "literal"), ("plus", "add"), ("@", "matmul"), ("relu", "relu"), ("mm", "mm"), ("sum dim", "sum"),
        ("softmax", "softmax"), ("**", "pow"), ("cross ent", "cross_entropy"), ("sofmax", "softmax"), ("sotfmax", "softmax"),
        ("conv 2d", "conv2d"), ("corss entropy", "cross_entropy"), ("sigmod", "sigmoid"), ("matmull", "matmul"), ("backwrd", "backward"),
        ("F.gelu", "gelu"), ("torch.nn.functional.gelu", "gelu"), ("linalg inv", "inv"), ("linalg.inv", "inv"), ("concat", "cat"),
        ("==", "eq"), ("batch norm", "batch_norm"), ("mse", "mse_loss"), ("Tensor.add", "add"), ("SGD", "optim.SGD"), ("times", "mul"),
        ("print", "print"), ("  RELU ", "relu"), ("len", "len"), ("tranpose", "transpose"), ("minus", "sub"),
    ],
)  # fmt: skip
def test_the_first_answer(query: str, key: str) -> None:
    assert search(query, 5)[0].key == key


def test_beginnings_go_first_and_curated_before_generated() -> None:
    found = search("log", 200)
    keys = [row.key for row in found]
    assert keys[0] == "log"
    assert keys.index("log2") < keys.index("xlogy")
    fronts = [row.key for row in search("soft", 6) if row.front]
    assert fronts[:2] == ["softmax", "softplus"]
    assert keys.index("logaddexp") < keys.index("special.log_softmax")


def test_what_was_used_last_goes_before_its_equals() -> None:
    plain = [row.key for row in search("lin", 10)]
    target = next(row.targets[0] for row in search("lin", 10) if row.key == "linear")
    again = [row.key for row in search("lin", 10, (target,))]
    assert plain.index("linear") > 0
    assert again[0] == "linear"
    assert search("linspace", 3, (target,))[0].key == "linspace"  # a better answer stays better
    assert search("", 3, (target,))[0].key == "linear"


@pytest.mark.parametrize(
    "query", ["", " ", "no such op at all", "\0", "(", "ü", "a" * 5000, "." * 50, "∇", "_", "torch."]
)
def test_any_text_is_answered(query: str) -> None:
    assert isinstance(search(query, 20), list)


def test_every_op_is_found_by_its_path() -> None:
    for row in list(table.all_rows())[::17]:
        target = row.targets[0]
        found = {path for row in search(target, 30) for path in row.targets}
        keys = {row.key for row in search(target, 30)}
        assert target in found or row.key in keys, target


@given(st.text("abc", max_size=7), st.text("abc", max_size=7), st.integers(0, 2))
def test_near_is_the_distance_of_typing_errors(one: str, other: str, allowed: int) -> None:
    assert near(one, other, allowed) == near(other, one, allowed)
    if near(one, other, allowed):
        assert distance(one, other) <= allowed
    elif allowed < 2:
        assert distance(one, other) > allowed


def distance(one: str, other: str) -> int:
    """Optimal string alignment, written plainly."""
    rows = [[max(i, j) if not i * j else 0 for j in range(len(other) + 1)] for i in range(len(one) + 1)]
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            cost = one[i - 1] != other[j - 1]
            rows[i][j] = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + cost)
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
    return rows[-1][-1]
