"""Records to bytes and back: what goes through the pipe between the window's process and the engine's child.

Note [Wire format]
A message is a header, a head and a blob. The head is ``marshal`` of plain tuples: a record stands in it as ``(StopIteration, number of its
class in CLASSES, field, field …)``, and an array as ``(StopIteration, -1, number)`` into columns of all arrays, whose bytes lie one behind
the other in the blob. So no class is ever looked up by a name from the bytes, as pickle would do, complex numbers, long integers, NaN
bits and ``...`` arrive as they were, and a frame of 1,000 nodes takes less than a millisecond. Both ends are the same Python.
Of a frame only the records, labels and contributions cross that differ from the last frame's on the same channel: its receiver takes
the others from there. Messages arrive whole and in order, a new child has a new channel, and each frame tells by a number which one it
follows. A blob that is not small crosses as a memory file (memfd): /dev/shm is often only 64 MB.
"""

from __future__ import annotations

import array
import marshal
import mmap
import os
import select
import socket
import struct
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import astuple

from guigrad.document import model, problem
from guigrad.document.array import ArrayData
from guigrad.document.diff import Diff
from guigrad.ops import spec
from guigrad.run import derivative, field, graph, landscape, ledger, request, sketch, tape, tensor, training
from guigrad.run.frame import Frame, Record, Stats
from guigrad.run.sent import Sent, same

CLASSES: tuple[type, ...] = (
    model.In, model.Sym, model.Slice, model.ListOf, model.DictOf, model.Star, model.Format, model.Node, model.Eval, model.Effect,
    model.Carried, model.Loop, model.Branch, model.Region, model.View, model.Box, model.Note, model.Comment, model.DataSet, model.Settings,
    model.Document, model.Function, Diff, problem.Problem, problem.Fix, Stats, Record, Frame, request.Want, request.Load, request.Edit,
    request.Forward, request.Backward, request.ZeroGrad, request.OptimizerStep, request.Run, request.Reset, request.Restore,
    request.Look, request.Request, request.Point, request.Reply, spec.Overload, spec.Param, request.TryWire, request.Repair, request.Trial,
    request.Progress, request.Again, tape.Event, tape.Leaving, request.Ask, graph.Saved, graph.GradNode, graph.Graph, *derivative.RECORDS,
    *tensor.RECORDS, *ledger.RECORDS, *training.RECORDS, *landscape.RECORDS, *field.RECORDS, *sketch.RECORDS,
)  # fmt: skip

SHARED_BYTES = 256 * 1024
"""Blobs from this size on cross as a memory file."""

_NUMBER = {kind: number for number, kind in enumerate(CLASSES)}
_RECORD = _NUMBER[Record]
_FRAME = _NUMBER[Frame]
_PLAIN = frozenset({type(None), bool, int, float, complex, str, bytes, type(...)})
_ARRAY = -1
_HEADER = struct.Struct("<QQB")
_FIELDS = Record.__struct_fields__
_CHANGES = ("records", "labels", "contributions", "order")
_REST = tuple(name for name in Frame.__struct_fields__ if name not in _CHANGES)
"""What of a frame crosses whole each time."""
_VALUE = _FIELDS.index("value")
_ARRAY_COLUMNS = tuple(_FIELDS.index(name) for name in ("grad", "xray"))
_PACKED_COLUMNS = (_VALUE, *(_FIELDS.index(name) for name in ("stats", "grad_stats")))


class Packer:
    """Collects the arrays of one message; ``next`` is what the other end has of the last frame after this message."""

    def __init__(self, sent: Sent) -> None:
        self.arrays: list[ArrayData] = []
        self.next = sent

    def message(self, message: Any) -> tuple[bytes, list[bytes]]:
        """A message as its head and the pieces of its blob.

        Raises: TypeError for what is no record and no plain data.
        """
        body = self.pack(message)
        columns: list[Any] = list(zip(*map(astuple, self.arrays), strict=True)) or [()] * 6
        blobs = list(columns[3])
        columns[3] = tuple(map(len, blobs))
        return marshal.dumps((body, _shorten(columns))), blobs

    def pack(self, value: Any) -> Any:
        kind = type(value)
        if kind in _PLAIN:
            return value
        if kind is tuple:
            return tuple([self.pack(item) for item in value])
        if kind is ArrayData:
            self.arrays.append(value)
            return (StopIteration, _ARRAY, len(self.arrays) - 1)
        if kind is dict:
            return {self.pack(key): self.pack(item) for key, item in value.items()}
        if kind is list:
            return [self.pack(item) for item in value]
        if kind is Frame:
            return self.pack_frame(value)
        number = _NUMBER.get(kind)
        if number is not None:
            return (StopIteration, number, *[self.pack(item) for item in astuple(value)])
        if isinstance(value, int):  # what is derived from a plain type (torch.Size, an enum …) becomes plain
            return int(value)
        if isinstance(value, float):
            return float(value)
        if isinstance(value, str):
            return str(value)
        if isinstance(value, tuple):
            return tuple([self.pack(item) for item in value])
        if isinstance(value, Mapping):
            return {self.pack(key): self.pack(item) for key, item in value.items()}
        raise TypeError(f"a {kind.__name__} cannot cross to another process")

    def pack_frame(self, frame: Frame) -> Any:
        """Records by column: most columns are plain and go as they are."""
        sent = self.next  # a message may hold several
        keys, wires, labels = tuple(frame.records), tuple(frame.contributions), frame.labels
        known = sent.records.get
        records = {key: record for key, record in frame.records.items() if not same(record, known(key))}
        columns: list[Any] = list(zip(*map(astuple, records.values()), strict=True))
        values = b""
        if columns:
            values = self.numbers([value if type(value) is ArrayData else None for value in columns[_VALUE]])
            columns[_VALUE] = tuple([None if type(value) is ArrayData else value for value in columns[_VALUE]])
            for at in _ARRAY_COLUMNS:
                columns[at] = self.numbers(columns[at])
            for at in _PACKED_COLUMNS:
                if columns[at].count(None) != len(columns[at]):
                    columns[at] = self.pack(columns[at])
        held = sent.contributions.get
        gradients = self.numbers([None if got == held(wire) else got for wire, got in frame.contributions.items()])
        rest = self.pack(tuple([getattr(frame, name) for name in _REST]))
        names = (
            sent.number,
            tuple(records),
            None if keys == sent.keys else keys,
            None if labels is sent.labels or list(labels.items()) == list(sent.labels.items()) else dict(labels),
            None if wires == sent.wires else wires,
            None if frame.order == sent.order else frame.order,
        )
        self.next = sent.after(frame, records, keys, wires)
        return (StopIteration, _FRAME, _shorten(columns), names, values, gradients, rest)

    def numbers(self, column: Iterable[ArrayData | None]) -> bytes:
        """The place of each array among all, -1 for None."""
        found, arrays = array.array("l"), self.arrays
        for item in column:
            if item is None:
                found.append(-1)
            else:
                found.append(len(arrays))
                arrays.append(item)
        return found.tobytes()


class Unpacker:
    """The way back; ``last`` is the last frame that came this way, ``number`` how many there were."""

    def __init__(self) -> None:
        self.last = Frame()
        self.number = 0
        self._arrays: list[ArrayData] = []

    def message(self, head: bytes, blob: bytes | memoryview) -> Any:
        """One message. Raises: EOFError for a frame that follows another one than the last."""
        body, columns = marshal.loads(head)
        columns = _lengthen(columns)
        pieces, at = [], 0
        for length in columns[3]:
            pieces.append(bytes(blob[at : at + length]))
            at += length
        columns[3] = pieces
        self._arrays = list(map(ArrayData, *columns))
        try:
            return self._unpack(body)
        finally:
            self._arrays = []

    def _unpack(self, value: Any) -> Any:
        kind = type(value)
        if kind is tuple:
            if not value or value[0] is not StopIteration:
                return tuple([self._unpack(item) for item in value])
            number = value[1]
            if number == _ARRAY:
                return self._arrays[value[2]]
            if number == _FRAME:
                return self._frame(value)
            return CLASSES[number](*[self._unpack(item) for item in value[2:]])
        if kind is dict:
            return {self._unpack(key): self._unpack(item) for key, item in value.items()}
        if kind is list:
            return [self._unpack(item) for item in value]
        return value

    def _frame(self, value: tuple[Any, ...]) -> Frame:
        _, _, columns, (number, changed, keys, labels, wires, order), values, gradients, rest = value
        last = self.last
        if number != self.number:
            raise EOFError("a frame has been lost")
        records = dict(last.records)
        if columns:
            columns = _lengthen(columns)
            for at in _ARRAY_COLUMNS:
                columns[at] = _at(columns[at], self._arrays)
            for at in _PACKED_COLUMNS:
                if columns[at].count(None) != len(columns[at]):
                    columns[at] = self._unpack(tuple(columns[at]))
            columns[_VALUE] = [
                item if found is None else found
                for item, found in zip(columns[_VALUE], _at(values, self._arrays), strict=True)
            ]
            records.update(zip(changed, map(Record, *columns), strict=True))
        if keys is not None:
            records = {key: records[key] for key in keys}
        if wires is None:
            wires = tuple(last.contributions)
        came = _at(gradients, self._arrays)
        contributions = {
            wire: last.contributions[wire] if got is None else got for wire, got in zip(wires, came, strict=True)
        }
        self.last = Frame(
            records=records,
            labels=last.labels if labels is None else labels,
            contributions=contributions,
            order=last.order if order is None else order,
            **dict(zip(_REST, self._unpack(rest), strict=True)),
        )
        self.number += 1
        return self.last


def _at(numbers: bytes, arrays: list[ArrayData]) -> list[Any]:
    found = array.array("l")
    found.frombytes(numbers)
    return [None if number < 0 else arrays[number] for number in found]


def _shorten(columns: list[Any]) -> list[Any]:
    """Columns in which the same word (or None, a truth value, an empty shape) stands everywhere as ``[it, how often]``."""
    return [
        [column[0], len(column)]
        if type(column) is tuple and column and _is_word(column[0]) and column.count(column[0]) == len(column)
        else column
        for column in columns
    ]


def _is_word(value: Any) -> bool:
    return value is None or type(value) in (bool, str) or value == ()


def _lengthen(columns: list[Any]) -> list[Any]:
    return [[column[0]] * column[1] if type(column) is list else column for column in columns]


class Channel:
    """One end of the way between two processes: whole messages, in order.

    ``read`` and ``write`` are file descriptors that the channel owns from now on; for a socket they are the same.
    Thread: one thread sends and one receives.
    """

    def __init__(self, read: int, write: int) -> None:
        self._read, self._write = read, write
        self._socket = socket.socket(fileno=read) if read == write else None
        self._sent, self._unpacker = Sent(), Unpacker()

    def send(self, message: Any) -> None:
        """Sends a message; returns when the system has it.

        Raises: OSError when the other end is gone; TypeError for what cannot cross (nothing was sent then).
        """
        packer = Packer(self._sent)
        head, blobs = packer.message(message)
        size = sum(map(len, blobs))
        if self._socket is not None and size >= SHARED_BYTES and hasattr(os, "memfd_create"):
            memory = os.memfd_create("guigrad", os.MFD_CLOEXEC)
            try:
                for blob in blobs:
                    _write_all(memory, blob)
                socket.send_fds(self._socket, [_HEADER.pack(len(head), size, 1)], [memory])
            finally:
                os.close(memory)
            _write_all(self._write, head)
        else:
            _write_all(self._write, b"".join([_HEADER.pack(len(head), size, 0), head, *blobs]))
        self._sent = packer.next

    def receive(self) -> Any:
        """The next message; waits for it.

        Raises: EOFError when the other end is closed or gone.
        """
        memory: list[int] = []
        try:
            header = self._receive_header(memory)
            head_size, blob_size, shared = _HEADER.unpack(header)
            head = self._receive_all(head_size)
            if not shared:
                return self._unpacker.message(head, self._receive_all(blob_size))
            with mmap.mmap(memory[0], blob_size, access=mmap.ACCESS_READ) as view, memoryview(view) as blob:
                return self._unpacker.message(head, blob)
        except (ConnectionError, IndexError) as error:
            raise EOFError from error
        finally:
            for number in memory:
                os.close(number)

    def ended(self) -> bool:
        """Whether the other end, from which nothing is awaited, is known to be gone."""
        try:
            return bool(select.select([self._read], [], [], 0)[0])
        except (OSError, ValueError):  # pipes cannot be asked on every system, nor descriptors past 1,024
            return False

    def close(self) -> None:
        """Lets go of the descriptors."""
        if self._socket is not None:
            self._socket.close()
            return
        os.close(self._read)
        os.close(self._write)

    def _receive_header(self, memory: list[int]) -> bytes:
        if self._socket is None:
            return self._receive_all(_HEADER.size)
        header, numbers, _, _ = socket.recv_fds(self._socket, _HEADER.size, 1)
        memory.extend(numbers)
        if not header:
            raise EOFError
        return header + self._receive_all(_HEADER.size - len(header))

    def _receive_all(self, size: int) -> bytes:
        if size == 0:
            return b""
        piece = os.read(self._read, min(size, 1 << 20))
        if len(piece) == size:
            return piece
        pieces = [piece]
        while piece and (size := size - len(piece)):
            piece = os.read(self._read, min(size, 1 << 20))
            pieces.append(piece)
        if size:
            raise EOFError
        return b"".join(pieces)


def _write_all(number: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(number, view) :]
