"""Notebooks in and out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from guigrad.document.problem import ProblemError
from guigrad.files.notebook import read_notebook, write_notebook


def notebook(*cells: Any, **more: Any) -> bytes:
    made = [{"cell_type": "code", "source": cell} if isinstance(cell, str | list) else cell for cell in cells]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, **more}).encode()


def test_code_cells_become_one_script() -> None:
    data = notebook(
        "import torch\n", {"cell_type": "markdown", "source": "# Text"}, ["x = torch.ones(2)\n", "y = x + 1"]
    )
    assert read_notebook(data) == ("import torch\n\nx = torch.ones(2)\ny = x + 1\n", ())


def test_magics_become_comments_with_a_warning() -> None:
    text, problems = read_notebook(
        notebook("%matplotlib inline\n!pip install x\nimport torch\ntorch.ones?\nx = 5 % 3  # why?\n")
    )
    assert text.splitlines() == [
        "# %matplotlib inline",
        "# !pip install x",
        "import torch",
        "# torch.ones?",
        "x = 5 % 3  # why?",
    ]
    assert [(problem.line, problem.severity) for problem in problems] == [
        (1, "warning"),
        (2, "warning"),
        (4, "warning"),
    ]


def test_old_notebooks_open() -> None:
    data = json.dumps({"worksheets": [{"cells": [{"cell_type": "code", "input": "x = 1"}]}], "nbformat": 3}).encode()
    assert read_notebook(data)[0] == "x = 1\n"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no notebook"),
        (b"[1]", "no cells"),
        (b'{"cells": 3}', "no cells"),
        (b"\xff", "no notebook"),
        (b"[" * 100_000, "no notebook"),
        (notebook("x", metadata={"kernelspec": {"language": "R"}}), "written in r"),
    ],
)
def test_what_is_none(data: bytes, words: str) -> None:
    with pytest.raises(ProblemError, match=words):
        read_notebook(data)


def test_odd_cells_are_passed_over() -> None:
    assert (
        read_notebook(notebook("x = 1", 3, None, {"cell_type": "code"}, {"cell_type": "code", "source": [1, "y = 2"]}))[
            0
        ]
        == "x = 1\n\ny = 2\n"
    )


def test_a_script_comes_back() -> None:
    source = "import torch\n\nx = torch.ones(2)\nfor i in range(2):\n    y = x\n\n    z = y\n\nprint(x)\n"
    data = write_notebook(source)
    assert read_notebook(data)[0] == source
    assert len(json.loads(data)["cells"]) == 3
