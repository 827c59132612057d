"""``guigrad export FILE -o OUT``: the document as a script, notebook, document, safetensors file, torch.export program or ONNX model."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from guigrad.document.file import save, write_atomically
from guigrad.document.model import Document
from guigrad.files.notebook import document_notebook
from guigrad.run.distributed import distributed
from guigrad.source.emit import emit
from guigrad.terminal import Refused, ctrl_c_ends_at_once, suffix_of, write_whole

TEXTS: dict[str, Callable[[Document], bytes]] = {
    ".py": lambda document: emit(document).encode(),
    ".ipynb": document_notebook,
}
COMPUTED = {".safetensors": "leaves", ".pt2": "pt2", ".onnx": "onnx"}
"""What torch is needed for: the function of interop/exported."""
FORMATS = {".guigrad", *TEXTS, *COMPUTED}


def export(
    document: Document, output: str, shared: bool = False, node: str | None = None, steps: int | None = None
) -> None:
    """Writes the document in the format that the name asks for, whole or not at all.

    ``shared``: the script is one for torchrun. ``node`` is what a program or model computes; ``steps`` are trained before leaves are written.
    Raises: Refused, ProblemError.
    """
    suffix = suffix_of(output, FORMATS)
    if shared and suffix != ".py":
        raise Refused("--distributed writes a script: name a .py")
    if node is not None and suffix not in (".pt2", ".onnx"):
        raise Refused("--node needs a .pt2 or .onnx")
    if steps is not None and suffix not in COMPUTED:
        raise Refused("--steps needs a .safetensors, .pt2 or .onnx")
    if steps is not None and steps < 1:
        raise Refused("--steps expects a number of 1 or more")
    if suffix == ".guigrad":
        write_whole(output, lambda path: save(document, path))
        return
    if suffix in COMPUTED:
        with ctrl_c_ends_at_once():  # also the import: torch swallows a KeyboardInterrupt in the middle of its own
            make = getattr(
                importlib.import_module("guigrad.interop.exported"), COMPUTED[suffix]
            )  # by name: it is torch's
            data: bytes = make(document, steps=steps) if suffix == ".safetensors" else make(document, node, steps)
    else:
        data = distributed(document).encode() if shared else TEXTS[suffix](document)
    write_whole(output, lambda path: write_atomically(path, data))
