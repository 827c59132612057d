"""Values that a user gives to tensors: dragged parameters, typed cells, paintings, what is pasted and dropped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QPointF
from PySide6.QtGui import QImage

from guigrad.document import edit, ports
from guigrad.document.array import ArrayData
from guigrad.document.model import In, Value
from guigrad.document.problem import ProblemError
from guigrad.files.arrays import read_arrays
from guigrad.run.frame import Frame
from guigrad.ui.canvas.images import ImageError, image_array
from guigrad.ui.canvas.paste_tensor import chosen_leaf
from guigrad.ui.widgets.heat_paint import PaintDialog, why_not_paint

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow

ARRAYS: Final = (".npy", ".npz", ".csv", ".tsv", ".safetensors")
IMAGES: Final = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")
MANY: Final = 12
"""Tensors of one file that become leaves at once."""


class Values(QObject):
    """Thread: the GUI thread."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.window, self.session = window, window.session
        self.painter: PaintDialog | None = None
        panel = window.inspector
        panel.param_dragged.connect(
            lambda key, name, value, merge: self.session.edit(edit.set_argument(key, name, value, merge))
        )
        panel.param_edited.connect(self._on_param)
        panel.cells_edited.connect(self._on_cells)
        panel.paint_asked.connect(self.open_painter)

    def _on_param(self, key: str, name: str, value: Value) -> None:
        """A parameter was edited; None where None is the default leaves it out, the name of a node is a wire."""
        node = self.session.document.nodes.get(key)
        found = [p for p in ports.parameters(node) if p.name == name] if node is not None else []
        left_out = value is None and any(p.given and p.default is None for p in found)
        if isinstance(value, In):
            wire = (
                edit.disconnect(key, name) if value.node is None else edit.connect(value.node, value.output, key, name)
            )
            done = self.session.edit(wire)
        else:
            done = self.session.edit(edit.set_argument(key, name, edit.DEFAULT if left_out else value))
        if not done:
            self.window.inspector.restore()

    def show_frame(self, frame: Frame) -> None:
        """The painting follows what is computed and undone."""
        if self.painter is None:
            return
        record = frame.records.get(self.painter.key)
        if (
            record is not None
            and isinstance(record.value, ArrayData)
            and record.value.shape == self.painter.paint.array.shape
        ):
            self.painter.paint.set_array(record.value)

    def open_painter(self, key: str) -> None:
        """A source's tensor as a picture to paint on."""
        array = self._value(key)
        reason = "run it first: there are no numbers to paint on yet" if array is None else why_not_paint(array)
        if array is None or reason:
            self.window.canvas.answer(reason)
            return
        if self.painter is not None:
            self.painter.close()
        name = self.window.live.names.get(key, key)
        dialog = self.painter = PaintDialog(self.window.look, key, name, array, self.window)
        dialog.paint.painted.connect(self._on_painted)
        dialog.paint.stroke_ended.connect(self.session.end_gesture)
        dialog.finished.connect(self._on_closed)
        dialog.show()

    def _on_closed(self) -> None:
        dialog, self.painter = self.painter, None
        if dialog is not None:
            dialog.deleteLater()

    def _on_painted(self, array: ArrayData, merge: str) -> None:
        if self.painter is not None and self.painter.key in self.session.document.nodes:
            self.session.edit(edit.set_value(self.painter.key, array, merge))

    def _on_cells(self, key: str, cells: object) -> None:
        if isinstance(cells, dict):
            try:
                diff = edit.set_cells(key, cells, self._value(key))(self.session.document)
            except ProblemError as error:
                self.window.inspector.value.say(error.problems[0].message)
                return
            self.session.edit(diff)

    def _value(self, key: str) -> ArrayData | None:
        frame = self.session.frame
        record = frame.records.get(key) if frame is not None else None
        return record.value if record is not None and isinstance(record.value, ArrayData) else None

    # --- files ---

    def take_files(self, names: list[str]) -> bool:
        """Makes leaves of dropped files that hold arrays or pictures; False when there are none among them.

        A table, a folder or several arrays, dropped alone and on no chosen leaf, are taken for a data set: the dialog asks.
        """
        data = self.window.data
        if len(names) == 1 and data.takes(names[0]) and not chosen_leaf(self.window.canvas):
            data.open_file(names[0])
            return True
        taken = [name for name in names if self._is_array(name)]
        for number, name in enumerate(taken):
            self._take(name, number)
        return bool(taken)

    def _is_array(self, name: str) -> bool:
        suffix = Path(name).suffix.lower()
        if suffix in ARRAYS:
            return True
        if suffix not in IMAGES:
            return False
        if suffix != ".png":
            return True
        from guigrad.files.picture import extract  # late: only a dropped picture needs it

        try:
            extract(Path(name).read_bytes(), name)
        except (ProblemError, OSError):
            return True
        return False  # it carries a document, which is opened

    def _take(self, name: str, number: int) -> None:
        canvas = self.window.canvas
        try:
            if Path(name).suffix.lower() in IMAGES:
                image = QImage(name)
                arrays = {Path(name).stem: image_array(image)}
            else:
                arrays = read_arrays(name)
        except ProblemError as error:
            canvas.answer(error.problems[0].message)
            return
        except ImageError as error:
            canvas.answer(f"{Path(name).name}: {error}")
            return
        for count, (stem, array) in enumerate(list(arrays.items())[:MANY]):
            at = QPointF(canvas.pointer.x() + 24 * (number + count), canvas.pointer.y() + 24 * (number + count))
            if not canvas.put_array(array, at, stem, onto=len(arrays) == 1 and number == 0):
                return
        if len(arrays) > MANY:
            canvas.answer(f"the first {MANY} of {len(arrays)} tensors of {Path(name).name} were added")
