"""Predict, then reveal: what a document blanks is kept back until it is guessed, and the guesses are counted.

What is blanked belongs to the document (``Settings.exercise``), what was guessed to the session. See Note [Blanks] in run.blanks.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from typing import Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from guigrad.document.diff import Diff
from guigrad.document.draft import Edit, refused
from guigrad.document.edit_layout import set_settings
from guigrad.document.expand import expand
from guigrad.document.model import Document
from guigrad.document.problem import Problem
from guigrad.run import blanks as blanked
from guigrad.run import guess as guessing
from guigrad.run.blanks import Blank, Keys
from guigrad.run.derivative import Answer, AskFindings, Matrix, Paths, Product, Question, Trusts
from guigrad.run.field import AskField, Field
from guigrad.run.frame import Frame
from guigrad.run.landscape import AskLandscape, Landscape
from guigrad.run.ledger import AskLedger, Ledger
from guigrad.run.listen import Event
from guigrad.run.sketch import AskSketch, Sketch
from guigrad.run.tensor import AskTensor, Tensor

COLUMNS: Final = ("node", "what", "result", "points", "tries", "hints", "answer")
LEAST: Final = 0.25
"""Points for a right answer after however many tries and hints."""
EACH: Final = 0.25
"""Points that a wrong try or a hint costs, of 1."""
NOT_YET: Final = "It has not been computed yet."
FIRST: Final = "This is to be predicted first."
KEPT_BACK: Final = "(a print is kept back: it would tell what is to be guessed)"


class Entry(Struct, frozen=True):
    """How far one blank is: ``result`` "" (open), "right" or "revealed"; ``answer`` is the last guess, ``said`` what was said about it."""

    blank: Blank
    label: str
    result: str = ""
    tries: int = 0
    hints: int = 0
    answer: str = ""
    said: str = ""

    @property
    def title(self) -> str:
        """What is asked for: "grad of t2"."""
        return f"{self.blank.what} of {self.label}"

    @property
    def points(self) -> float:
        """1 for the first try without a hint, less for each of them, nothing for what was revealed."""
        wrong = self.tries - (self.result == "right")
        return max(1.0 - EACH * (wrong + self.hints), LEAST) if self.result == "right" else 0.0


class Owner(Protocol):
    """What an exercise needs of its session."""

    frame: Frame | None

    @property
    def document(self) -> Document:
        """The document as it is now."""


class Exercise:
    """One session's exercise; ``changed()`` tells every step of it. Thread: the session's."""

    def __init__(self, owner: Owner) -> None:
        self.changed = Event()
        self._owner = owner
        self._done: dict[Blank, Entry] = {}
        self._keys: tuple[Document | None, tuple[Blank, ...], Keys] = (None, (), {})

    # --- what there is ---

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Every blank of the document, in its order."""
        document = self._owner.document
        made = (Blank(*pair) for pair in document.settings.exercise if pair[0] in document.nodes)
        return tuple(self._entry(blank) for blank in dict.fromkeys(made))

    @property
    def open(self) -> tuple[Blank, ...]:
        """What is still kept back."""
        return tuple(entry.blank for entry in self.entries if not entry.result)

    @property
    def score(self) -> tuple[float, int]:
        """Points so far, and how many could be had."""
        entries = self.entries
        return sum(entry.points for entry in entries), len(entries)

    @property
    def keys(self) -> Keys:
        """What is kept back of which record."""
        document, blanks = self._owner.document, self.open
        if self._keys[0] is not document or self._keys[1] != blanks:
            found = blanked.spread(expand(document) if document.functions else document, blanks) if blanks else {}
            self._keys = (document, blanks, found)
        return self._keys[2]

    def _entry(self, blank: Blank) -> Entry:
        node = self._owner.document.nodes[blank.node]
        frame = self._owner.frame
        record = frame.records.get(self._at(blank).node) if frame is not None else None
        label = record.label if record is not None else node.name or node.op.rpartition(".")[2]
        known = self._done.get(blank)
        return Entry(blank, label) if known is None else replace(known, label=label)

    def _at(self, blank: Blank) -> Blank:
        """The blank by the key of a record: one inside a function is asked for in the first call."""
        frame = self._owner.frame
        if frame is None or blank.node in frame.records:
            return blank
        found = blanked.places(frame.records, blank.node)
        return replace(blank, node=found[0]) if found else blank

    # --- keeping back ---

    def veil(self, frame: Frame) -> Frame:
        """The frame without what is to be guessed; what it was stays behind it."""
        raw = behind(frame)
        keys = self.keys
        if not keys:
            return raw
        veiled = blanked.masked(raw, keys)
        veiled.__dict__[_BEHIND] = raw
        return veiled

    def prints(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        """What the program printed, unless it would tell."""
        keys = self.keys
        document = self._owner.document
        if not keys or not blanked.printed(expand(document) if document.functions else document, keys):
            return texts
        return (KEPT_BACK,) * bool(texts)

    def problems(self, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
        """What was found in the values, without what is about those kept back."""
        keys = self.keys
        return tuple(problem for problem in problems if problem.node_id not in keys) if keys else problems

    def refusal(self, question: Question) -> Answer | None:
        """The answer to a question that would tell what is to be guessed; None for any other question."""
        frame, keys = self._owner.frame, self.keys
        if frame is None or isinstance(question, AskFindings) or not keys:
            return None
        if isinstance(question, AskField | AskSketch):
            return Field(question.start, question.end, reason=FIRST) if isinstance(question, AskField) else Sketch()
        if isinstance(question, AskTensor):
            kind = "value" if question.part == "value" else "grad"
            looked = (question.place, question.against if isinstance(question.against, str) else "")
            told = any(kind in keys.get(place.partition("[")[0], ()) for place in looked)
            return Tensor(question.place, question.part, reason=FIRST) if told else None
        if isinstance(question, AskLandscape):
            told = any("value" in kinds for kinds in keys.values())
            return Landscape(problems=(Problem(FIRST, "landscape"),)) if told else None
        if isinstance(question, AskLedger):
            told = "grad" in keys.get(question.place.partition("[")[0], ())
            return Ledger(question.place, reason=FIRST) if told else None
        asked = (question.wrt,) if isinstance(question.wrt, str) else question.wrt
        places = {name: frame.labels.get(name, name).partition("[")[0] for name in (*asked, question.of)}
        told = any("grad" in keys.get(places[name], ()) for name in asked)
        if not told and not any("shape" in keys.get(place, ()) for place in places.values()):
            return None
        problems = (Problem(FIRST, "exercise", severity="hint"),)
        match question.__class__.__name__:
            case "AskMatrix":
                return Matrix(question.of, asked[0], problems=problems)
            case "AskProduct":
                return Product(question.of, asked[0], problems=problems)
            case "AskPaths":
                return Paths(question.of, asked[0], problems=problems)
        return Trusts(problems=problems)

    # --- guessing ---

    def guess(self, blank: Blank, text: str) -> str:
        """Tries an answer; "" when it is right (and then it is shown), else what is wrong with it."""
        entry = self._find(blank)
        if entry is None or entry.result:
            return ""
        try:
            value = guessing.read(text)
        except guessing.Unreadable as error:
            return self._put(replace(entry, answer=text, said=str(error)))  # not a try: nothing was answered
        wanted = guessing.truth(self._raw, self._at(blank))
        if wanted is None:
            return self._put(replace(entry, answer=text, said=NOT_YET))
        said = guessing.right(value, wanted)
        return self._put(replace(entry, answer=text, said=said, tries=entry.tries + 1, result="" if said else "right"))

    def hint(self, blank: Blank) -> str:
        """Help with one blank: a little at first, more when asked again."""
        entry, raw = self._find(blank), self._raw
        if entry is None or entry.result:
            return ""
        at = self._at(blank)
        if raw is None or guessing.truth(raw, at) is None:
            return self._put(replace(entry, said=NOT_YET))
        hints = min(entry.hints + 1, 2)
        document = self._owner.document
        document = expand(document) if document.functions else document
        shown = blanked.masked(raw, self.keys)
        return self._put(replace(entry, hints=hints, said=guessing.hint(document, raw, shown, at, hints)))

    def reveal(self, blank: Blank) -> None:
        """Gives one blank up: it is shown, for no points."""
        entry = self._find(blank)
        if entry is not None and not entry.result:
            self._put(replace(entry, result="revealed", said=""))

    def restart(self) -> None:
        """All blanks are open again, nothing is counted."""
        self._done.clear()
        self.changed.tell()

    @property
    def _raw(self) -> Frame | None:
        frame = self._owner.frame
        return behind(frame) if frame is not None else None

    def _find(self, blank: Blank) -> Entry | None:
        return next((entry for entry in self.entries if entry.blank == blank), None)

    def _put(self, entry: Entry) -> str:
        self._done[entry.blank] = entry
        self.changed.tell()
        return entry.said

    # --- points ---

    def to_csv(self) -> str:
        """The points as a table."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(self._rows())
        return out.getvalue()

    def to_json(self) -> str:
        """The points with their sum."""
        points, most = self.score
        rows = [dict(zip(COLUMNS, row, strict=True)) for row in self._rows()]
        title = self._owner.document.settings.title
        return json.dumps({"title": title, "points": points, "of": most, "blanks": rows}, ensure_ascii=False, indent=2)

    def _rows(self) -> Iterable[tuple[str | int | float, ...]]:
        for e in self.entries:
            yield e.label, e.blank.what, e.result or "open", e.points, e.tries, e.hints, e.answer


_BEHIND: Final = "unveiled"


def behind(frame: Frame) -> Frame:
    """The frame that a veil was put on; any other frame itself."""
    found: Frame = frame.__dict__.get(_BEHIND, frame)
    return found


def blank(keys: Iterable[str], what: str, on: bool | None = None) -> Edit:
    """Blanks the value, gradient or shape of nodes, or no longer (``on`` None: no longer if all of them are)."""
    chosen = tuple(keys)

    def apply(document: Document) -> Diff:
        able = {key: blanked.can_blank(document.nodes[key], what) for key in chosen if key in document.nodes}
        fine = [key for key, why in able.items() if not why]
        if not fine:
            raise refused(next(iter(able.values()), "nothing is selected"))
        there = document.settings.exercise
        wanted = on if on is not None else any((key, what) not in there for key in fine)
        rest = tuple(pair for pair in there if pair not in {(key, what) for key in fine})
        diff = set_settings(exercise=(*rest, *((key, what) for key in fine)) if wanted else rest)(document)
        return replace(diff, label=f"Blank the {what}" if wanted else f"Show the {what}")

    return apply
