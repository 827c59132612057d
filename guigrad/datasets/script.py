"""``guigrad.data``: a data set as a document, for scripts."""

from __future__ import annotations

import os
from typing import Any

from guigrad.datasets.make import make
from guigrad.datasets.spec import KINDS, kind_of_file, refused
from guigrad.document.edit_data import add_data
from guigrad.document.model import Document


def data(source: str | os.PathLike[str], **settings: Any) -> Document:
    """A document with the leaves X_train, y_train, X_test and y_test of a data set.

    ``source`` is a built-in set (moons, circles, spirals, blobs, linear, sine, iris, digits), a file (.csv, .npy, .npz, .safetensors) or a folder of
    images; ``settings`` are those of its kind (``n``, ``noise``, ``targets`` …) and for all of them ``test``, ``shuffle``, ``standardize`` and ``seed``.
    ``session.edit(guigrad.edit.paste(document))`` adds it to another document.

    Raises: ProblemError when there is no such data set or it cannot be read.
    """
    name = os.fspath(source)
    if name not in KINDS or KINDS[name].suffixes:
        kind = kind_of_file(name, os.path.isdir(name))
        if not kind:
            built_in = [each.name for each in KINDS.values() if not each.suffixes]
            raise refused(f"{name!r} is neither one of {', '.join(built_in)} nor a file that can be read")
        name, settings = kind, {**settings, "path": name}
    made = make(name, settings)
    start = Document()
    return add_data(made.arrays, made.name, made.kind, made.record())(start).apply(start)
