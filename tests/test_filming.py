"""``guigrad render`` into films: passes and trainings, what is refused, and what Ctrl+C leaves."""

from __future__ import annotations

from pathlib import Path

import av
import pytest
from PIL import Image

from guigrad import cli, filming
from guigrad.terminal import CANCELLED, FINE, PROBLEMS, USAGE

NET = """import torch
w = torch.tensor([0.5, -1.0], requires_grad=True)
opt = torch.optim.SGD([w], lr=0.1)
for step in range(50):
    loss = ((w * 3.0 - 1.0) ** 2).sum()
    opt.zero_grad()
    loss.backward()
    opt.step()
"""


@pytest.fixture
def net(tmp_path: Path, qapp: object) -> Path:
    path = tmp_path / "net.py"
    path.write_text(NET)
    return path


def test_a_pass_as_gif(net: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run.gif"
    assert cli.main(["render", str(net), "-o", str(out), "--seconds", "1", "--fps", "10", "--progress"]) == FINE
    told = [tuple(map(int, line.split())) for line in capsys.readouterr().out.splitlines()]
    assert told == [(number, told[-1][1]) for number in range(1, len(told) + 1)]
    assert told[-1][0] == told[-1][1]  # of how many there are is known from the start
    with Image.open(out) as film:
        assert film.n_frames > 5
        assert film.size[0] % 2 == film.size[1] % 2 == 0


def test_a_training_as_mp4_of_a_sensible_length(net: Path, tmp_path: Path) -> None:
    out = tmp_path / "train.mp4"
    arguments = ["render", str(net), "-o", str(out), "--steps", "40", "--seconds", "1", "--fps", "10", "--scale", "0.4"]
    assert cli.main([*arguments, "--theme", "light"]) == FINE
    with av.open(str(out)) as film:
        stream = film.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.frames == pytest.approx(25, abs=2)  # a second, and the last moment longer


def test_the_steps_that_are_shown_are_those_of_the_training(net: Path) -> None:
    from guigrad import api, load

    session = api.Session(load(net))
    wish = filming.Wish(steps=30, seconds=0.5, fps=10)
    count, takes = filming._training(session, wish, 10)
    found = list(takes)
    plain = api.Session(load(net))
    losses = plain.train(30).loss
    assert count == len(found) == 5
    for take in found:
        number = int(take.words.split()[1])
        assert take.loss == losses[number - 1]
        assert f"loss {take.loss:.6g}" in take.words
    assert found[-1].words.startswith("step 30 of 30")
    assert found[-1].frame["w"].value == plain.frame["w"].value


def test_what_ends_early_says_so(tmp_path: Path) -> None:
    path = tmp_path / "short.py"
    path.write_text(NET.replace("range(50)", "[1, 2, 3]"))
    from guigrad import api, load

    _, takes = filming._training(api.Session(load(path)), filming.Wish(steps=10), 5)
    words = [take.words for take in takes]
    assert [each.split(" · ")[0] for each in words] == [f"step {number} of 10" for number in (1, 2, 3, 3)]
    assert words[-1].endswith("the program has ended")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["-o", "a.gif", "--steps", "0"], USAGE, "1 or more"),
        (["-o", "a.png", "--steps", "3"], USAGE, "name a .gif or .mp4"),
        (["-o", "a.gif", "--transparent"], USAGE, "has a background"),
        (["-o", "a.gif", "--steps", "3", "--backward", "loss"], USAGE, "no --backward"),
        (["-o", "no/such/folder/a.gif", "--seconds", "0.2"], USAGE, "No such file"),
    ],
)
def test_refused(
    net: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    arguments: list[str], status: int, said: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert cli.main(["render", str(net), *arguments]) == status
    assert said in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["net.py"]


def test_without_a_loop_or_a_gradient(qapp: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "plain.py", tmp_path / "plain.gif"
    path.write_text("import torch\nx = torch.tensor([1.0, 2.0])\ny = x * 2\n")
    assert cli.main(["render", str(path), "-o", str(out), "--steps", "3"]) == PROBLEMS
    assert "no loop" in capsys.readouterr().err
    assert not out.exists()
    assert cli.main(["render", str(path), "-o", str(out), "--seconds", "0.5"]) == FINE
    assert "no backward" in capsys.readouterr().err
    assert out.exists()
    path.write_text("")
    assert cli.main(["render", str(path), "-o", str(out), "--seconds", "0.5"]) == FINE


def test_ctrl_c_leaves_the_film_before(net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "film.mp4"
    out.write_bytes(b"before")
    whole = filming.film

    def interrupted(document: object, output: str, wish: object, told: object) -> object:
        def press(done: int, count: int, loss: float | None) -> None:
            if done == 3:
                raise KeyboardInterrupt

        return whole(document, output, wish, press)  # type: ignore[arg-type]  # handed on as it is

    monkeypatch.setattr(filming, "film", interrupted)
    assert cli.main(["render", str(net), "-o", str(out), "--steps", "30"]) == CANCELLED
    assert out.read_bytes() == b"before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mp4", "net.py"]
