"""The command line: what it prints, its exit statuses, and that bad input ends in one line."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import guigrad
from guigrad import cli

SCRIPT = """\
import torch

x = torch.tensor([1.0, 2.0], requires_grad=True)
y = (x**2).sum()
y.backward()
print(x.grad)
"""
COMMAND = [sys.executable, "-c", "import sys; from guigrad.cli import main; sys.exit(main())"]


@pytest.fixture
def script(tmp_path: Path) -> str:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT, "utf-8")
    return str(path)


def command(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=120, **options)


def usage(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The message of a command that is refused as wrong usage."""
    try:
        status = cli.main(words)
    except SystemExit as error:
        status = int(error.code or 0)
    captured = capsys.readouterr()
    assert status == 2, captured.err
    assert "Traceback" not in captured.err
    return captured.err


def test_run_prints_a_table(script: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", script]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "tensor([2., 4.])"
    header = next(line for line in lines if line.startswith("name"))
    assert header.split() == ["name", "op", "shape", "value", "grad", "grad_fn", "leaf"]
    row = next(line for line in lines if line.startswith("x "))
    assert re.split(r" {2,}", row) == ["x", "tensor", "[2]", "[1.0000, 2.0000]", "[2.0000, 4.0000]", "None", "leaf"]
    row = next(line for line in lines if line.startswith("y "))
    assert re.split(r" {2,}", row) == ["y", "Tensor.sum", "[]", "5.0000", "None", "SumBackward0", "no"]


def test_run_json_has_the_contracts_shape(script: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", script, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert set(data) == {"device", "nodes", "contributions", "order", "loss", "problems"}
    assert data["device"] == "cpu"
    assert data["problems"] == []
    x, y = data["nodes"]["x"], data["nodes"]["y"]
    assert (x["value"], x["grad"], x["is_leaf"], x["requires_grad"], x["shape"]) == ([1, 2], [2, 4], True, True, [2])
    assert (y["value"], y["grad"], y["xray"], y["grad_fn"], y["state"]) == (5, None, 1, "SumBackward0", "fresh")
    came_back = {(wire["source"], wire["target"]): wire["value"] for wire in data["contributions"]}
    assert came_back["x", "pow"] == [2, 4]
    assert data["order"][0] == "y"


def test_run_backward_names_the_root_and_the_vector(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "plain.py"
    path.write_text("import torch\nx = torch.ones(3, requires_grad=True)\ny = x * 3\nz = y.sum()\n", "utf-8")
    assert cli.main(["run", str(path), "--backward", "z", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["nodes"]["x"]["grad"] == [3, 3, 3]
    assert cli.main(["run", str(path), "--backward", "y", "--gradient", "[1, 0, 2.5]", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["nodes"]["x"]["grad"] == [3, 0, 7.5]

    assert cli.main(["run", str(path), "--backward", "y"]) == 1
    captured = capsys.readouterr()
    assert "RuntimeError: grad can be implicitly created only for scalar outputs" in captured.err
    assert "[3.0000, 3.0000, 3.0000]" in captured.out
    assert cli.main(["run", str(path), "--backward", "y", "--gradient", "[1, 2]"]) == 1
    assert "Mismatch in shape: grad_output[0] has a shape of torch.Size([2])" in capsys.readouterr().err
    assert cli.main(["run", str(path), "--backward", "nobody"]) == 1
    assert "nobody" in capsys.readouterr().err


def test_run_reads_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(SCRIPT.encode()), "utf-8"))
    assert cli.main(["run", "-"]) == 0
    assert "tensor([2., 4.])" in capsys.readouterr().out


def test_run_as_script_prints_what_python_prints(script: str) -> None:
    result = command("run", script, "--as-script")
    assert (result.returncode, result.stdout, result.stderr) == (0, "tensor([2., 4.])\n", "")


def test_run_as_script_ends_with_the_error(tmp_path: Path) -> None:
    path = tmp_path / "fails.py"
    path.write_text("import torch\nprint('before')\ntorch.ones(2) @ torch.ones(3)\n", "utf-8")
    result = command("run", str(path), "--as-script")
    assert (result.returncode, result.stdout) == (1, "before\n")
    python = subprocess.run([sys.executable, str(path)], capture_output=True, text=True)
    assert result.stderr.splitlines()[-1] == python.stderr.splitlines()[-1]


def test_run_as_script_runs_nothing_it_does_not_understand(tmp_path: Path) -> None:
    path = tmp_path / "strange.py"
    path.write_text("import torch\nprint('before')\nimport os\nos.system('echo ran')\n", "utf-8")
    result = command("run", str(path), "--as-script")
    assert (result.returncode, result.stdout) == (1, "")
    assert f"{path}:3:" in result.stderr
    assert "Traceback" not in result.stderr


def test_run_the_seed_and_device_override(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "random.py"
    path.write_text("import torch\ntorch.manual_seed(1)\nx = torch.randn(2)\n", "utf-8")
    values = []
    for words in ([], ["--seed", "7"], ["--seed", "7", "--device", "auto"], ["--seed", "1", "--device", "cpu"]):
        assert cli.main(["run", str(path), "--json", *words]) == 0
        values.append(json.loads(capsys.readouterr().out)["nodes"]["x"]["value"])
    assert values[0] == values[3] != values[1] == values[2]


def test_check_gives_line_and_column(tmp_path: Path, script: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", script]) == 0
    assert capsys.readouterr().err == ""
    bad = tmp_path / "bad.py"
    bad.write_text("import torch\nx = torch.ones(2)\ny = unknown(x)\nz = torch.nonsense(x)\n", "utf-8")
    assert cli.main(["check", script, str(bad)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith(f"{bad}:3:5: ")
    assert lines[1].startswith(f"{bad}:4:5: ")
    assert len(lines) == 2
    bad.write_text("import torch\nx = torch.tensor([1, 2], requires_grad=True)\n", "utf-8")
    for words in (["check", str(bad)], ["run", str(bad)]):
        assert cli.main(words) == 1
        assert capsys.readouterr().err.startswith(f"{bad}:2:5: RuntimeError: Only Tensors of floating point")


def test_ops_searches_the_catalogue(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["ops", "matmul"]) == 0
    assert any(
        line.startswith("operator.matmul ") and "torch.matmul" in line for line in capsys.readouterr().out.splitlines()
    )
    assert cli.main(["ops", "matmul", "--json"]) == 0
    assert any("torch.matmul" in row["targets"] for row in json.loads(capsys.readouterr().out))
    assert cli.main(["ops"]) == 0
    assert len(capsys.readouterr().out.splitlines()) > 1000
    assert cli.main(["ops", "no such op anywhere"]) == 1


def test_export_to_code_and_back(script: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document, code = tmp_path / "out.guigrad", tmp_path / "out.py"
    assert cli.main(["export", script, "-o", str(document)]) == 0
    assert cli.main(["export", str(document), "-o", str(code)]) == 0
    assert code.read_text("utf-8") == SCRIPT
    assert guigrad.load(str(document)).canonical() == guigrad.parse(SCRIPT).canonical()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.guigrad", "out.py", "script.py"]


def test_export_does_not_overwrite_what_it_did_not_understand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "strange.py"
    path.write_text("import torch\nimport os\nx = torch.ones(2)\n", "utf-8")
    assert cli.main(["export", str(path), "-o", str(path)]) == 1
    assert "would be lost" in capsys.readouterr().err
    assert "import os" in path.read_text("utf-8")


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_render_draws_a_picture(script: str, tmp_path: Path, qapp: object, suffix: str) -> None:
    picture = tmp_path / f"out{suffix}"
    assert cli.main(["render", script, "-o", str(picture), "--theme", "light", "--scale", "1.5"]) == 0
    head = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}[suffix]
    assert picture.read_bytes().startswith(head)
    assert sorted(path.name for path in tmp_path.iterdir()) == [picture.name, "script.py"]


@pytest.mark.parametrize(
    "words",
    [
        ["run"],
        ["run", "FILE", "--gradient", "[1"],
        ["run", "FILE", "--backward", "y", "--gradient", "[1"],
        ["run", "FILE", "--backward", "y", "--gradient", "[" * 5000],
        ["run", "FILE", "--backward", "y", "--gradient", '{"a": 1}'],
        ["run", "FILE", "--seed", "many"],
        ["run", "FILE", "--seed", "99999999999999999999999"],
        ["run", "FILE", "--json", "--as-script"],
        ["render", "FILE"],
        ["render", "FILE", "-o", "out.gif", "--fps", "0"],
        ["render", "FILE", "-o", "out.mp4", "--seconds", "nan"],
        ["render", "FILE", "-o", "out.png", "--theme", "pink"],
        ["render", "FILE", "-o", "out.png", "--scale", "nan"],
        ["export", "FILE", "-o", "out.xyz"],
        ["export", "FILE", "-o", "out"],
        ["export", "FILE", "-o", "out.onnx", "--distributed"],
        ["export", "FILE", "-o", "out.py", "--node", "y"],
        ["export", "FILE", "-o", "out.ipynb", "--steps", "3"],
        ["export", "FILE", "-o", "out.pt2", "--steps", "0"],
        ["lessons", "no such lesson"],
        ["--nonsense"],
        ["FILE", "FILE"],
        ["nonsense"],
    ],
)
def test_wrong_usage(words: list[str], script: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert usage(capsys, *(script if word == "FILE" else word for word in words))


def test_bad_files_end_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    junk = tmp_path / "junk.guigrad"
    junk.write_bytes(bytes(range(256)) * 4)
    binary = tmp_path / "binary.py"
    binary.write_bytes(bytes(range(256)))
    other = tmp_path / "notes.txt"
    other.write_text("hello", "utf-8")
    empty = tmp_path / "empty.guigrad"
    empty.touch()
    for file in (tmp_path / "missing.guigrad", tmp_path / "missing.py", tmp_path, junk, binary, other, empty):
        for words in (["run"], ["check"], ["run", "--as-script"], ["export", "-o", str(tmp_path / "out.guigrad")]):
            status = cli.main([words[0], str(file), *words[1:]])
            captured = capsys.readouterr()
            assert status == 1, (words, file)
            assert captured.err.startswith(f"{file}:"), (words, file, captured.err)
            assert captured.out == ""
            assert "Traceback" not in captured.err
    assert not (tmp_path / "out.guigrad").exists()


def test_an_output_that_cannot_be_written(script: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for output in (tmp_path / "no" / "folder.py", tmp_path / "no" / "folder.guigrad"):
        assert str(output) in usage(capsys, "export", script, "-o", str(output))
    folder = tmp_path / "folder.py"
    folder.mkdir()
    assert "is a directory" in usage(capsys, "export", script, "-o", str(folder))


def test_lessons(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["lessons"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("autograd-1-graph ")
    opened: list[str | None] = []

    def window(file: str | None) -> int:
        opened.append(file)
        return 0

    assert cli.main(["lessons", "autograd-1-graph"], window) == 0
    assert cli.main([], window) == 0
    assert cli.main([str(opened[0])], window) == 0
    assert opened[1:] == [None, opened[0]]
    assert str(opened[0]).endswith("autograd-1-graph.guigrad")


def test_headless_runs_the_lesson_and_draws_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.headless(None, "no display was found") == 0
    captured = capsys.readouterr()
    assert captured.err.splitlines()[0] == "guigrad: no display was found"
    assert "7.5344" in captured.out
    assert captured.err.count("t2: warning") == 1
    picture = Path(captured.out.splitlines()[-1].removeprefix("picture: "))
    assert picture.read_bytes().startswith(b"\x89PNG")
    picture.unlink()


def test_version_and_help() -> None:
    assert re.fullmatch(r"guigrad \d+\.\d+\.\d+\n", command("--version").stdout)
    text = command("--help").stdout
    assert all(name in text for name in cli.COMMANDS)


def test_a_reader_that_has_seen_enough() -> None:
    with subprocess.Popen([*COMMAND, "ops"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=120) == 0
        assert process.stderr.read() == b""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for another process")
def test_ctrl_c_ends_even_a_long_op(tmp_path: Path) -> None:
    path = tmp_path / "long.py"
    path.write_text(
        "import torch\nprint('started')\nx = torch.ones(2000, 2000)\nfor i in range(1000):\n    x = torch.linalg.svd(x)[0]\n",
        "utf-8",
    )
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    # What a shell starts in the background, perhaps these tests, ignores SIGINT, and so do its children.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    words = [sys.executable, "-c", heard + COMMAND[-1], "run", str(path), "--as-script"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == b"started\n"
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=120)
        finally:
            process.kill()
    assert process.returncode == 130
    assert errors == b"guigrad: cancelled\n"
