"""Checkpoints: a moment of a training as one safetensors file, whose bytes hold the storages and, as JSON, all the rest.

It is written beside the old one and renamed over it, so a disk that fills up or a power cut leaves the old one whole. Everything that is read is
checked before anything is believed: a file that was cut, or changed, or is of another program says so in one line.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

import msgspec

from guigrad.document.array import ArrayData
from guigrad.document.file import failure, read_bytes, write_atomically
from guigrad.document.model import Document
from guigrad.files.arrays import read_safetensors, write_safetensors
from guigrad.run.training import Moment, PackedTensor

VERSION = 1
_HEAD = "guigrad.checkpoint"
_FORMAT = "guigrad checkpoint"


def program_of(document: Document) -> str:
    """The same text for documents whose nodes mean the same to a checkpoint, whatever numbers they hold."""
    nodes = [(node.id, node.op, node.name, list(node.outputs)) for node in document.nodes.values()]
    return hashlib.blake2b(json.dumps([nodes, repr(document.program)]).encode(), digest_size=16).hexdigest()


def write(path: str | os.PathLike[str], moment: Moment, document: Document) -> None:
    """Writes a checkpoint in one step. Raises: OSError, with the old file untouched."""
    write_atomically(path, to_bytes(moment, document))


def to_bytes(moment: Moment, document: Document) -> bytes:
    """A checkpoint's bytes."""
    head = {
        "format": _FORMAT, "version": VERSION, "program": program_of(document), "step": moment.step, "place": moment.place,
        "slots": moment.slots, "tensors": [msgspec.to_builtins(one) for one in moment.tensors], "storages": moment.storages,
        "random": moment.random, "revision": moment.revision,
    }  # fmt: skip
    arrays = {_HEAD: _bytes(json.dumps(head).encode())}
    arrays |= {f"storage.{name}": _bytes(moment.blobs[name]) for name in dict.fromkeys(moment.storages)}
    return write_safetensors(arrays)


def read(path: str | os.PathLike[str], document: Document) -> Moment:
    """The moment in a checkpoint. Raises: ProblemError saying what is wrong with the file."""
    name = os.fspath(path)
    try:
        return from_bytes(read_bytes(name), document)
    except ValueError as error:
        raise failure(str(error), name) from None


def from_bytes(data: bytes, document: Document) -> Moment:
    """The moment in a checkpoint's bytes. Raises: ValueError."""
    arrays = read_safetensors(data)
    if _HEAD not in arrays:
        raise ValueError("this safetensors file is no checkpoint of guigrad")
    try:
        head: dict[str, Any] = json.loads(arrays[_HEAD].data)
        if head["format"] != _FORMAT or head["version"] != VERSION:
            raise ValueError("this checkpoint was written by a newer guigrad")
        if head["program"] != program_of(document):
            raise ValueError("this checkpoint is of another program: its nodes are not those of this document")
        blobs = {
            key.removeprefix("storage."): array.data for key, array in arrays.items() if key.startswith("storage.")
        }
        storages = tuple(map(str, head["storages"]))
        if any(
            name not in blobs or hashlib.blake2b(blobs[name], digest_size=16).hexdigest() != name for name in storages
        ):
            raise ValueError("this checkpoint is damaged: the bytes of its tensors are not those that were written")
        tensors = tuple(msgspec.convert(one, PackedTensor) for one in head["tensors"])
        _check(tensors, [len(blobs[name]) for name in storages])
        place = tuple((str(key), int(rounds)) for key, rounds in head["place"])
        slots = tuple((str(key), int(output), value) for key, output, value in head["slots"])
        random = {str(key): bytes.fromhex(text).hex() for key, text in head["random"].items()}
        step, revision = int(head["step"]), int(head["revision"])
    except (KeyError, TypeError, AttributeError, RecursionError, json.JSONDecodeError, msgspec.ValidationError):
        raise ValueError("this checkpoint is damaged") from None
    if step < 0 or any(rounds < 0 for _, rounds in place):
        raise ValueError("this checkpoint is damaged")
    return Moment(step, place, slots, tensors, storages, blobs, random, revision)


def _check(tensors: tuple[PackedTensor, ...], sizes: list[int]) -> None:
    """Every tensor lies in its storage. The size of an element is torch's to know; one byte is the least."""
    for one in tensors:
        if one.sparse is not None:
            fits = all(0 <= place < len(tensors) for place in one.sparse[:2])
        else:
            reach = 1 + sum((size - 1) * stride for size, stride in zip(one.shape, one.strides, strict=True))
            empty = 0 in one.shape
            fits = 0 <= one.storage < len(sizes) and (empty or one.offset + reach <= sizes[one.storage])
            fits = fits and min((*one.shape, *one.strides, one.offset), default=0) >= 0
        if not fits or not -1 <= one.grad < len(tensors):
            raise ValueError("this checkpoint is damaged: a tensor lies outside its storage")


def _bytes(data: bytes) -> ArrayData:
    return ArrayData("uint8", (len(data),), (1,), data)
