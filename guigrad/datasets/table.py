"""Points from a table of text: a row each, the columns chosen by name or number, every bad cell told by its line."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any

import numpy as np
from msgspec import Struct

from guigrad.datasets.builtin import Points
from guigrad.datasets.classes import to_targets
from guigrad.datasets.spec import MOST_BYTES, refused
from guigrad.files.arrays import delimiter_of, is_number

Progress = Callable[[int, int], None]
"""(done, of how many; 0: not known)."""
_EVERY = 5000
_FIELD_CHARS = 1 << 20


class Columns(Struct, frozen=True):
    """What a table has: the names of its columns (numbers, without a heading) and its first rows as they are written."""

    names: tuple[str, ...]
    heading: bool
    rows: tuple[tuple[str, ...], ...]


def look(path: str, delimiter: str = "auto", header: str = "auto", count: int = 20) -> Columns:
    """The start of a table.

    Raises: ProblemError when there is none.
    """
    rows: list[tuple[str, ...]] = []
    names: tuple[str, ...] = ()
    heading = False
    with _open(path) as file:
        for _, row in _rows(file, path, delimiter):
            if not names:
                heading, names = _names(row, header)
                if heading:
                    continue
            rows.append(tuple(row))
            if len(rows) == count:
                break
    if not names:
        raise refused("this table is empty", path)
    return Columns(names, heading, tuple(rows))


def read_table(path: str, settings: Mapping[str, Any], progress: Progress) -> Points:
    """The points of a table.

    Raises: ProblemError naming the lines of what is no number, unless those are left out.
    """
    start = look(path, settings["delimiter"], settings["header"])
    targets = [_place(word, start.names, path) for word in settings["targets"] if word]
    inputs = [_place(word, start.names, path) for word in settings["inputs"] if word]
    inputs = inputs or [place for place in range(len(start.names)) if place not in targets]
    if not inputs:
        raise refused("no column is left for the inputs", path)
    if both := [start.names[place] for place in inputs if place in targets]:
        raise refused(f"{both[0]!r} is an input and a target", path)
    values: list[list[float]] = []
    labels: list[list[str]] = []
    lines: list[int] = []
    bad: list[tuple[int, str]] = []
    most = min(settings["limit"] or math.inf, MOST_BYTES // (4 * (len(inputs) + len(targets))) + 1)
    with _open(path) as file:
        skip = start.heading
        for line, row in _rows(file, path, settings["delimiter"]):
            if skip:
                skip = False
                continue
            word = _why_bad(row, start.names, inputs, targets)
            if word:
                bad.append((line, word))
            else:
                values.append([float(row[place]) for place in inputs])
                labels.append([row[place].strip() for place in targets])
                lines.append(line)
                if len(values) >= most:
                    break
            if len(values) % _EVERY == 0:
                progress(len(values), int(settings["limit"]))
    kept = list(range(len(values)))
    if settings["task"] != "classes" and _are_numbers(labels, settings["task"]):
        kept = [at for at in kept if all(map(_is_finite, labels[at]))]
        for at in sorted(set(range(len(values))).difference(kept)):
            place = next(place for place in range(len(targets)) if not _is_finite(labels[at][place]))
            bad.append((lines[at], f"{start.names[targets[place]]}: {labels[at][place][:40]!r} is no number"))
        bad.sort()
        values, labels = [values[at] for at in kept], [labels[at] for at in kept]
    if bad and (settings["bad"] == "stop" or not values):
        raise refused(_told(bad), path)
    if not values:
        raise refused("there is no row of numbers in this table", path)
    points = Points(np.array(values), columns=tuple(start.names[place] for place in inputs))
    points.notes = [f"left out {_told(bad)}"] if bad else []
    if targets:
        to_targets(points, labels, settings["task"], path)
    return points


def _open(path: str) -> IO[str]:
    try:
        with open(path, "rb") as file:
            encoding = "utf-8-sig"
            try:
                file.read(1 << 20).decode("utf-8")
            except UnicodeDecodeError as error:
                encoding = encoding if error.end == 1 << 20 else "latin-1"
        return open(path, encoding=encoding, errors="replace", newline="")
    except (OSError, ValueError) as error:
        raise refused(getattr(error, "strerror", None) or str(error), path) from None


def _rows(file: IO[str], path: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each row with the number of its last line; lines without anything are passed over."""
    start = file.tell()
    if delimiter == "auto":
        delimiter = delimiter_of(file.read(1 << 16))
        file.seek(start)
    csv.field_size_limit(_FIELD_CHARS)
    reader = csv.reader(file, delimiter=delimiter, skipinitialspace=True)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise refused(f"line {reader.line_num}: this is no table: {error}", path) from None
        if delimiter == " ":
            row = [cell for cell in row if cell]
        if any(cell.strip() for cell in row):
            yield reader.line_num, row


def _names(row: Sequence[str], header: str) -> tuple[bool, tuple[str, ...]]:
    heading = header == "yes" or (header == "auto" and not any(cell.strip() and is_number(cell) for cell in row))
    if not heading:
        return False, tuple(str(number) for number in range(1, len(row) + 1))
    return True, tuple(cell.strip() or str(number) for number, cell in enumerate(row, 1))


def _place(word: str, names: Sequence[str], path: str) -> int:
    """Where a column stands that is meant by its name, else by its number from 1, or from -1 for the last."""
    if word in names:
        return names.index(word)
    try:
        number = int(word)
    except ValueError:
        number = 0
    if 1 <= number <= len(names):
        return number - 1
    if -len(names) <= number <= -1:
        return len(names) + number
    raise refused(f"there is no column {word[:40]!r}: there are {', '.join(names)[:200]}", path)


def _why_bad(row: Sequence[str], names: Sequence[str], inputs: Sequence[int], targets: Sequence[int]) -> str:
    if len(row) != len(names):
        return f"it has {len(row)} cells, the first has {len(names)}"
    for place in inputs:
        if not _is_finite(row[place]):
            return f"{names[place]}: {row[place].strip()[:40]!r} is no number"
    for place in targets:
        if not row[place].strip():
            return f"{names[place]}: the cell is empty"
    return ""


def _is_finite(cell: str) -> bool:
    try:
        return math.isfinite(float(cell)) and abs(float(cell)) < 3.5e38
    except ValueError:
        return False


def _are_numbers(labels: Sequence[Sequence[str]], task: str) -> bool:
    """Whether targets are numbers, or are told to be; most of them, where some cannot be read."""
    good = sum(all(map(_is_finite, row)) for row in labels)
    return task == "numbers" or 2 * good > len(labels)


def _told(bad: Sequence[tuple[int, str]]) -> str:
    line, word = bad[0]
    more = ", ".join(str(number) for number, _ in bad[1:8])
    rest = f" (and {len(bad) - 1} more: line{'s' if len(bad) > 2 else ''} {more}{', …' if len(bad) > 8 else ''})"
    return f"line {line}: {word}{rest if len(bad) > 1 else ''}"
