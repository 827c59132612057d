"""guigrad run --steps: the script's bits, checkpoints that can be gone on from, and files that are no checkpoints."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import guigrad
from guigrad import cli, run_steps
from guigrad.run import checkpoint
from tests.engine.test_train import BATCHES
from tests.play import play_here


@pytest.fixture
def script(tmp_path: Path) -> str:
    path = tmp_path / "script.py"
    path.write_text(BATCHES, "utf-8")
    return str(path)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = cli.main(["run", *words])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_steps_are_the_script(script: str, capsys: pytest.CaptureFixture[str]) -> None:
    (printed,) = play_here([BATCHES])
    status, out, err = run(capsys, script, "--steps", "9")
    assert (status, err) == (0, "")
    assert out.startswith(printed)
    status, out, err = run(capsys, script, "--steps", "4", "--json")
    found = json.loads(out)
    assert (status, found["steps"], len(found["loss"])) == (0, 4, 4)
    losses = guigrad.Session(guigrad.parse(BATCHES)).train(4).loss
    assert tuple(found["loss"]) == losses
    status, out, err = run(capsys, script, "--steps", "400", "--until", "step >= 3", "--json")
    assert json.loads(out)["steps"] == 3


def test_a_checkpoint_is_gone_on_from_with_the_same_bits(
    script: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (printed,) = play_here([BATCHES])
    path = str(tmp_path / "c.safetensors")
    for steps in ("4", "5", "8"):
        assert run(capsys, script, "--steps", steps, "--checkpoint", path, "--resume")[0] == 0
    status, out, err = run(capsys, script, "--steps", "9", "--checkpoint", path, "--resume")
    assert (status, err) == (0, "")
    assert out.startswith("".join(printed.splitlines(keepends=True)[2:]))
    assert set(os.listdir(tmp_path)) == {
        "c.safetensors",
        "script.py",
    }


def test_checkpoints_that_cannot_be_used_say_so_in_one_line(
    script: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "c.safetensors"
    run(capsys, script, "--steps", "4", "--checkpoint", str(path))
    data = path.read_bytes()
    other = tmp_path / "other.py"
    other.write_text(BATCHES.replace("torch.relu(", "torch.tanh("), "utf-8")
    status, _, err = run(capsys, str(other), "--steps", "9", "--checkpoint", str(path), "--resume")
    assert status == 1
    assert "another program" in err
    for wrong in (data[: len(data) // 2], b"", data[:5], b"x" * 100, data[:-1] + bytes([data[-1] ^ 1])):
        path.write_bytes(wrong)
        status, out, err = run(capsys, script, "--steps", "9", "--checkpoint", str(path), "--resume")
        assert (status, out, err.count("\n")) == (1, "", 1)
        assert err.startswith(f"guigrad: {path}: the checkpoint cannot be used: ")
        assert path.read_bytes() == wrong


def test_a_checkpoint_that_cannot_be_written_leaves_the_result_and_the_old_file(
    script: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(capsys, script, "--steps", "4", "--checkpoint", str(tmp_path / "no" / "c.safetensors"))
    assert status == 1
    assert "w1" in out
    assert err.count("\n") == 1
    if Path("/dev/full").exists():
        assert "No space left" in run(capsys, script, "--steps", "4", "--checkpoint", "/dev/full")[2]
    for words in (
        ["--checkpoint", "x"],
        ["--resume"],
        ["--steps", "0"],
        ["--steps", "3", "--resume"],
        ["--until", "loss < 1"],
    ):
        assert run(capsys, script, *words)[0] == 2
    status, _, err = run(capsys, script, "--steps", "3", "--until", "loss")
    assert status == 1
    assert "no condition" in err


def test_a_loss_that_is_no_number_leaves_a_checkpoint_of_the_step_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script, path = tmp_path / "diverges.py", tmp_path / "c.safetensors"
    text = "import torch\n\nw = torch.tensor(1.0, requires_grad=True)\nfor i in range(9):\n    loss = (w * 3) ** 4\n    loss.backward()\n"
    script.write_text(text + "    with torch.no_grad():\n        w -= 10.0 * w.grad\n    w.grad = None\n")
    status, out, err = run(capsys, str(script), "--steps", "9", "--checkpoint", str(path))
    assert status == 1
    assert err.splitlines() == [f"{script}:5:12: Step 3: loss is inf. It came up in loss itself."]
    assert "inf" in out
    document = guigrad.load(script)
    assert checkpoint.read(path, document).step == 2
    again, same = guigrad.Session(document), guigrad.Session(document)
    again.begin_at(checkpoint.read(path, document))
    same.train(2)
    assert torch.equal(again.tensor("w"), same.tensor("w"))
    assert run(capsys, str(script), "--steps", "9", "--checkpoint", str(path), "--resume")[2] == err


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_ends_after_the_step_and_keeps_a_checkpoint(
    script: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c.safetensors"

    pressed = []

    def press(bar: run_steps.Bar, step: int, loss: float | None) -> None:
        if not pressed:  # a second one would end this process
            pressed.append(step)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(run_steps.Bar, "show", press)
    before = signal.getsignal(signal.SIGINT)
    status, out, err = run(capsys, script, "--steps", "100000000", "--checkpoint", str(path))
    assert signal.getsignal(signal.SIGINT) is before
    assert status == 130
    assert out
    steps = int(err.split("cancelled after step ")[1])
    monkeypatch.undo()
    assert checkpoint.read(path, guigrad.load(script)).step == steps
    assert run(capsys, script, "--steps", str(steps + 3), "--checkpoint", str(path), "--resume")[0] == 0


SESSION = guigrad.Session(guigrad.parse(BATCHES))
SESSION.train(4)
MOMENT = SESSION.moment()


@given(st.data())
def test_no_damage_goes_unnoticed(data: st.DataObject) -> None:
    assert MOMENT is not None
    document = SESSION.document
    whole = checkpoint.to_bytes(MOMENT, document)
    assert checkpoint.from_bytes(whole, document) == MOMENT
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(ValueError):
        checkpoint.from_bytes(whole[:cut], document)
    at, bit = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(0, 7))
    damaged = whole[:at] + bytes([whole[at] ^ (1 << bit)]) + whole[at + 1 :]
    try:
        found = checkpoint.from_bytes(damaged, document)
    except ValueError:
        return
    assert found.blobs.keys() >= set(found.storages)
