"""What the canvas asks of whoever holds the document: every change a user can make of a graph by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from guigrad.document.array import ArrayData
from guigrad.document.edit_cells import Number
from guigrad.document.model import Document
from guigrad.run.request import Repair, Trial


class Intents(Protocol):
    """The verbs behind the gestures. Those that change something return "" or the reason why they did not, in one sentence."""

    @property
    def document(self) -> Document:
        """The document as it is."""
        ...

    def why_not_connect(self, source: str, output: int, target: str, path: str) -> str | None:
        """Why a wire cannot be drawn; None if it can. Asked while the pointer moves, so it must be quick."""
        ...

    def connect(self, source: str, output: int, target: str, path: str, instead: tuple[str, str] | None = None) -> str:
        """Draws a wire. ``instead`` is the (node, port) where it ended before, which becomes free in the same step."""
        ...

    def cycle(self, source: str, target: str) -> Sequence[str]:
        """The nodes of the cycle that a wire would close, from ``target`` to ``source``; none if it closes none."""
        ...

    def try_wire(
        self,
        source: str,
        output: int,
        target: str,
        path: str,
        answer: Callable[[Trial | None], None],
        instead: tuple[str, str] | None = None,
    ) -> None:
        """Asks what a wire would bring about, shapes and dtypes; ``answer`` is called a moment later, or never."""
        ...

    def connect_through(self, trial: Trial, repair: Repair, instead: tuple[str, str] | None = None) -> str:
        """Draws a wire that was tried, with a repair of it put in, in one step."""
        ...

    def set_number(self, key: str, path: str, number: float, merge: str = "") -> str:
        """Sets a literal to a number that is being dragged; steps of one ``merge`` key become one."""
        ...

    def set_cells(self, key: str, cells: Mapping[int, Number], now: ArrayData | None = None, merge: str = "") -> str:
        """Sets entries of a source's tensor, counted in row-major order. ``now`` is what it holds."""
        ...

    def set_slider(self, key: str, slider: tuple[float, float, float] | None, at: tuple[float, float]) -> str:
        """Shows a number as a slider (lowest, highest, step), or no longer; ``at`` is where its card lies."""
        ...

    def set_array(self, key: str, value: ArrayData, merge: str = "") -> str:
        """Gives a source another value."""
        ...

    def add_array(
        self, value: ArrayData, at: tuple[float, float], name: str = "", grad: bool = False
    ) -> tuple[str, str]:
        """Adds a leaf that holds an array, ``grad`` whether it requires grad; (its id, reason)."""
        ...

    def end_gesture(self) -> None:
        """The drag is over: the next one is an undo step of its own."""
        ...

    def disconnect(self, ends: Sequence[tuple[str, str]]) -> str:
        """Cuts the wires that end at these (node, port)s, in one step."""
        ...

    def reconnect(self, ends: Sequence[tuple[str, str]], source: str, output: int) -> str:
        """Lets the wires that end at these (node, port)s leave another output, in one step."""
        ...

    def reroute(self, wire: str, points: Sequence[tuple[float, float]]) -> str:
        """Leads a wire (``target:port``) through points, in the order from its source."""
        ...

    def move(self, places: Mapping[str, tuple[float, float]], merge: str = "") -> str:
        """Puts nodes, boxes, notes and points of wires (``target:port:0``) where the gesture left them, in one step; steps of one
        ``merge`` key become one."""
        ...

    def resize(self, key: str, x: float, y: float, width: float, height: float) -> str:
        """Gives a box or note another rectangle."""
        ...

    def write_note(self, key: str, text: str, height: float) -> str:
        """Gives a note another text and height, in one step."""
        ...

    def point(self, note: str, node: str) -> str:
        """Lets a note point at a node, or no longer if it does."""
        ...

    def mute(self, places: Mapping[str, tuple[float, float]]) -> str:
        """Mutes nodes, or lets them do what they did when all of them are muted; ``places`` are where their cards lie."""
        ...

    def add_on_wire(self, op: str, target: str, path: str, at: tuple[float, float]) -> tuple[str, str]:
        """Adds a node in the middle of the wire that ends at a port; (its id, reason)."""
        ...

    def add_node(
        self,
        op: str,
        at: tuple[float, float],
        source: tuple[str, int] | None = None,
        target: tuple[str, str] | None = None,
    ) -> tuple[str, str]:
        """Adds a node, its first fitting port wired from ``source``, its value wired to ``target``, in one step.

        Returns: (its id, reason); the id is "" when nothing was added.
        """
        ...

    def insert_on_wire(self, key: str, target: str, path: str, at: tuple[float, float]) -> str:
        """Puts a node that is there into the wire that ends at a port, and its card to where it was dropped."""
        ...

    def remove(self, keys: Sequence[str]) -> str:
        """Deletes nodes, boxes, notes, wires (``target:port``) and points of wires (``target:port:0``)."""
        ...

    def extract(self, keys: Sequence[str]) -> str:
        """Deletes nodes and joins the ends of their wires."""
        ...

    def rename(self, key: str, name: str) -> str:
        """Gives a node's value a name; "" takes it away. A box gets a title, a note a text."""
        ...

    def set_argument(self, key: str, path: str, text: str) -> str:
        """Sets a literal from what was typed, as Python writes it."""
        ...

    def duplicate(
        self,
        keys: Sequence[str],
        dx: float,
        dy: float,
        keep_inputs: bool = False,
        places: Mapping[str, tuple[float, float]] | None = None,
    ) -> tuple[tuple[str, ...], str]:
        """Copies nodes beside themselves; (the new ids, reason). ``places`` are where the cards lie."""
        ...

    def copy(self, keys: Sequence[str], places: Mapping[str, tuple[float, float]] | None = None) -> tuple[str, bytes]:
        """The nodes for the clipboard: as Python for other programs, and as a document that pastes back exactly."""
        ...

    def paste(self, data: str | bytes, at: tuple[float, float]) -> tuple[tuple[str, ...], str]:
        """Makes nodes of Python or of a document's bytes; (their ids, reason)."""
        ...

    def collapse(self, places: Mapping[str, tuple[float, float]], collapsed: bool) -> str:
        """Folds cards to their title, or unfolds them; ``places`` are where they lie."""
        ...

    def add_box(self, title: str, rect: tuple[float, float, float, float]) -> tuple[str, str]:
        """Draws a titled box around a rectangle (left, top, right, bottom); (its id, reason)."""
        ...

    def add_note(self, text: str, at: tuple[float, float]) -> tuple[str, str]:
        """Writes a note on the canvas; (its id, reason)."""
        ...
