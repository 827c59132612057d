"""Finds ops by what people type: name, sign, alias, path, parameter, purpose; a letter too few or wrong is forgiven.

The palette, the list on the canvas, the search of the window and ``guigrad ops`` rank alike. About a millisecond a query.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final

from msgspec import Struct

from guigrad.ops import table
from guigrad.ops.spec import OpSpec

FORGIVING: Final = 12
"""With fewer answers than this, and none good, misspelt and abbreviated ones are added."""
_EXACT, _SAME, _BEGINS, _ALIAS_BEGINS, _WORDS, _INSIDE, _ABOUT, _LETTERS, _TYPO = range(0, 18, 2)
_SPLIT: Final = re.compile(r"[\s._]+")


class _Entry(Struct, frozen=True):
    """One key, everything in lower case. Texts are lists of names, each between line ends, so that one ``in`` asks for all of them."""

    target: str
    key: str
    names: str
    others: str
    tokens: str
    params: str
    about: str
    words: tuple[str, ...]
    rank: tuple[bool, bool, int, str]
    front: bool


@cache
def _entries() -> tuple[_Entry, ...]:
    groups: dict[str, list[OpSpec]] = {}
    curators: dict[str, OpSpec] = {}
    for row, front in table.unmerged():
        if front is not None:
            curators[row.targets[0]] = front
        groups.setdefault((front or row).key, []).append(row)
    place = {row.key: number for number, row in enumerate(table.curated())}
    return tuple(_entry(key, rows, curators, place) for key, rows in groups.items())


@cache
def _words() -> dict[str, tuple[int, ...]]:
    """Every word of a name -> the entries that have it."""
    found: dict[str, list[int]] = {}
    for number, entry in enumerate(_entries()):
        for word in entry.words:
            found.setdefault(word, []).append(number)
    return {word: tuple(numbers) for word, numbers in found.items()}


@cache
def _beginnings(length: int) -> dict[str, frozenset[int]]:
    """The first letters of longer words -> their entries."""
    found: dict[str, set[int]] = {}
    for word, numbers in _words().items():
        if len(word) > length:
            found.setdefault(word[:length], set()).update(numbers)
    return {word: frozenset(numbers) for word, numbers in found.items()}


def _entry(key: str, rows: Sequence[OpSpec], curators: dict[str, OpSpec], place: dict[str, int]) -> _Entry:
    first = min(rows, key=lambda row: row.targets[0])
    front = next((curators[row.targets[0]] for row in rows if row.targets[0] in curators), None)
    best = front or first
    target = best.targets[0]
    low = key.lower()
    short = low.rpartition(".")[2]
    paths = dict.fromkeys(path.lower() for row in rows for path in row.targets)
    tails = (path[place_:] for path in paths for place_ in _dots(path))
    aliases = [alias.lower() for alias in best.aliases]
    sign = best.infix or (best.glyph.lower() if front else "")
    squeezed = (name.replace("_", "") for name in (low, short) if not name.endswith("_"))
    names = dict.fromkeys(filter(None, (low, short, sign, *squeezed)))
    others = dict.fromkeys((*aliases, *(old.lower() for row in rows for old in row.old_names), *paths, *tails))
    words = tuple(dict.fromkeys(word for text in (low, *aliases) for word in _SPLIT.split(text) if word))
    params = dict.fromkeys(param.name.lower() for row in rows for way in row.overloads for param in way.params)
    about = f"{best.family} {best.about} {first.doc}".lower()
    rank = (front is None, key.startswith(table.OBSCURE), place.get(key, len(key)), target)
    tokens = " " + " ".join(words)
    return _Entry(
        target,
        low,
        _lines(names),
        _lines(others),
        tokens,
        " " + " ".join(params),
        about,
        words,
        rank,
        front is not None,
    )


def _dots(path: str) -> Iterable[int]:
    return (found.end() for found in re.finditer(r"\.", path))


def _lines(names: Iterable[str]) -> str:
    return "\n" + "\n".join(names) + "\n"


def search(query: str, limit: int = 50, recent: Sequence[str] = ()) -> list[OpSpec]:
    """Rows that answer a query, best first, one a key: by name, sign, alias and path, then by parameters and purpose.

    ``recent`` are targets used last, newest first: among equals they come first. Without a query: these, then the palette's.
    """
    words = " ".join(query.lower().split())
    lately = {target: number for number, target in enumerate(recent)}
    if not words:
        front = [row for _, rows in table.families() for row in rows]
        used = [row for target in recent if (row := table.find(target)) is not None]
        return list({row.key: row for row in (*used, *front)}.values())[:limit]
    if words.startswith("f."):
        words = f"torch.nn.functional.{words[2:]}"
    parts = _SPLIT.split(words) if " " in words else [words]
    scores = {
        number: score for number, entry in enumerate(_entries()) if (score := _score(entry, words, parts)) is not None
    }
    if len(words) > 2 and min(scores.values(), default=_TYPO) >= _INSIDE and len(scores) < FORGIVING:
        for number, score in _forgiven(parts).items():
            scores.setdefault(number, score)
    found = [
        (score, lately.get((entry := _entries()[n]).target, len(recent)), entry.rank, entry.target)
        for n, score in scores.items()
    ]
    best = heapq.nsmallest(limit, found)
    return [row for *_, target in best if (row := table.find(target)) is not None]


def _score(entry: _Entry, words: str, parts: Sequence[str]) -> int | None:
    exact = f"\n{words}\n"
    if exact in entry.names:
        return _EXACT if entry.front else _INSIDE if entry.rank[1] else _SAME
    if len(parts) > 1:
        joined = "".join(parts)
        if f"\n{joined}\n" in entry.names:
            return _EXACT + (not entry.front)
        return _scattered(entry, words, parts, joined)
    if exact in entry.others:
        return _EXACT + 1 if entry.front else _SAME
    if words in entry.names:
        return _BEGINS if f"\n{words}" in entry.names else _INSIDE
    if words in entry.others:
        return _ALIAS_BEGINS if len(words) > 1 and f"\n{words}" in entry.others else _INSIDE
    if words in entry.about:
        return _ABOUT
    return None


def _scattered(entry: _Entry, words: str, parts: Sequence[str], joined: str) -> int | None:
    """The score of a query of several words."""
    if f"\n{words}\n" in entry.others or f"\n{'.'.join(parts)}\n" in entry.others:
        return _EXACT + 1
    if f"\n{joined}" in entry.names:
        return _BEGINS
    if f"\n{words}" in entry.others:
        return _ALIAS_BEGINS
    here = [f" {part}" in entry.tokens for part in parts]
    if all(here):
        first = f"\n{parts[0]}" in entry.names
        return _ALIAS_BEGINS if first else _WORDS
    if here[0] and all(known or f" {part}" in entry.params for known, part in zip(here, parts, strict=True)):
        return _WORDS if f"\n{parts[0]}\n" in entry.names else _WORDS + 1
    whole = (entry.tokens, entry.params, entry.about, entry.others)
    return _ABOUT + (not here[0]) if all(any(part in text for text in whole) for part in parts) else None


def _forgiven(parts: Sequence[str]) -> dict[int, int]:
    """Entries whose names are only like the query: letters left out, or one or two wrong."""
    joined = "".join(parts)
    found = {
        n: _LETTERS for n, entry in enumerate(_entries()) if entry.key[0] == joined[0] and _follows(joined, entry.key)
    }
    alike = [_alike(part) for part in parts]
    for number in frozenset.intersection(*alike):
        found.setdefault(number, _TYPO)
    if len(parts) > 1 and len(joined) > 3:
        for number in _alike(joined):
            found.setdefault(number, _TYPO + 1)
    return found


def _follows(letters: str, text: str) -> bool:
    """Whether the letters come in the text in this order."""
    at = iter(text)
    return all(letter in at for letter in letters)


def _alike(part: str) -> frozenset[int]:
    """Entries with a word that is like this one, or begins so."""
    size, allowed = len(part), 0 if len(part) < 4 else 1 if len(part) < 8 else 2
    found: set[int] = set(_beginnings(size).get(part, ())) | set(_words().get(part, ()))
    if allowed:
        for word, numbers in _words().items():
            if abs(len(word) - size) <= allowed and near(part, word, allowed):
                found.update(numbers)
        for word, owners in _beginnings(size).items():
            if near(part, word, allowed):
                found |= owners
    return frozenset(found)


def near(one: str, other: str, allowed: int) -> bool:
    """Whether one text becomes the other by at most so many letters added, left out, changed or swapped."""
    if abs(len(one) - len(other)) > allowed:
        return False
    if one == other:
        return True
    if not allowed:
        return False
    at, end = 0, min(len(one), len(other))
    while at < end and one[at] == other[at]:
        at += 1
    one, other = one[at:], other[at:]
    if allowed == 1:
        swapped = one[:2] == other[1::-1] and len(one) > 1 and one[2:] == other[2:]
        return one[1:] == other[1:] or one[1:] == other or one == other[1:] or swapped
    if near(one[1:], other[1:], allowed - 1) or near(one[1:], other, allowed - 1) or near(one, other[1:], allowed - 1):
        return True
    return one[:2] == other[1::-1] and len(one) > 1 and near(one[2:], other[2:], allowed - 1)


def warm() -> None:
    """Makes ready what the first query would wait for."""
    search("sofmax")
