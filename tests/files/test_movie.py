"""Films as files: what a player finds in them, and that none is left half written."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from guigrad.files import movie

SIZE = (64, 48)


def picture(at: int) -> np.ndarray:
    made = np.full((SIZE[1], SIZE[0], 3), 30, np.uint8)
    made[10:20, at : at + 8] = (255, 160, 60)
    return made


def write(path: Path, moments: list[tuple[int, float]], fps: int = 25) -> None:
    with movie.writing(path, SIZE, fps) as film:
        for at, seconds in moments:
            film.add(picture(at), seconds)


def test_a_gif_shows_each_picture_as_long_as_asked(tmp_path: Path) -> None:
    path = tmp_path / "film.gif"
    write(path, [(0, 0.04), (10, 0.5), (10, 0.3), (20, 0.033), (30, 0.033), (40, 0.034)])
    with Image.open(path) as film:
        assert film.size == SIZE
        assert film.info["loop"] == 0
        assert film.n_frames == 5  # the same picture twice is one that stays longer
        durations, seen = [], []
        for number in range(film.n_frames):
            film.seek(number)
            durations.append(film.info["duration"])
            seen.append(np.asarray(film.convert("RGB")).copy())
    assert durations[1] == 800
    assert sum(durations) == 940
    for at, shown in zip((0, 10, 20, 30, 40), seen, strict=True):
        assert np.abs(shown.astype(int) - picture(at)).max() <= 8


def test_an_mp4_is_h264_that_plays_everywhere(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    write(path, [(0, 0.04), (10, 1.0), (20, 0.2)], fps=20)
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (stream.width, stream.height) == SIZE
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(stream)]
    assert len(frames) == 25  # 1.24 s
    assert np.abs(frames[12].astype(int) - picture(10)).mean() < 3.0
    assert np.abs(frames[-1].astype(int) - picture(20)).mean() < 3.0


@pytest.mark.parametrize("ending", [".gif", ".mp4"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, OSError])
def test_what_is_not_finished_leaves_nothing(tmp_path: Path, ending: str, error: type[BaseException]) -> None:
    path = tmp_path / f"film{ending}"
    path.write_bytes(b"before")

    def begin() -> None:
        with movie.writing(path, SIZE, 25) as film:
            film.add(picture(0), 0.5)
            raise error

    with pytest.raises(error):
        begin()
    assert path.read_bytes() == b"before"
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"film\.avi: a film ends in \.gif or \.mp4"):
        write(tmp_path / "film.avi", [])
    monkeypatch.setattr(movie, "CODECS", ("none",))
    with pytest.raises(OSError, match=r"no encoder for H\.264.*\.gif"):
        write(tmp_path / "film.mp4", [(0, 0.1)])
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(OSError, match="need the package av"):
        write(tmp_path / "film.mp4", [(0, 0.1)])
    assert not list(tmp_path.iterdir())


def test_a_long_film_takes_no_memory(tmp_path: Path) -> None:
    import tracemalloc

    peaks = []
    for count in (10, 120):
        tracemalloc.start()
        write(tmp_path / "film.gif", [(at % 50, 0.04) for at in range(count)])
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 200_000
