"""Any part of any script as a function: the script with it prints the same bits, and expanding gives the script back."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from guigrad.document import edit, tree
from guigrad.document.draft import Refused
from guigrad.document.model import Document, callee, item_key, walk
from guigrad.source.emit import emit
from guigrad.source.parse.parser import parse
from tests.play import play_here

SCRIPTS = sorted((Path(__file__).parents[1] / "golden" / "scripts").glob("*.py"))


def piece(document: Document, rng: random.Random) -> list[str]:
    """Some items in a row of one body, or some of them."""
    body = rng.choice([document.program, *(b for item in walk(document.program) for b in tree.bodies(item) if b)])
    low = rng.randrange(len(body))
    keys = [item_key(item) for item in body[low : low + 1 + rng.randrange(8)]]
    return [key for key in keys if rng.random() < 0.7] or keys if rng.random() < 0.4 else keys


@pytest.mark.parametrize("seed", range(4))
def test_scripts_with_functions_print_the_same(seed: int) -> None:
    rng = random.Random(seed)
    made = 0
    for path in rng.sample(SCRIPTS, 16):
        document = parse(path.read_text("utf-8"))
        if document.problems or not document.program:
            continue
        try:
            new = edit.make_function(piece(document, rng))(document).apply(document)
        except Refused:
            continue
        made += 1
        before, after = play_here([emit(document), emit(new)])
        assert before == after, path.name
        functions = set(new.functions) - set(document.functions)
        call = next(node.id for node in new.nodes.values() if callee(node) in functions)
        back = edit.expand_call(call)(new).apply(new)
        (expanded,) = play_here([emit(back)])
        assert expanded == before, path.name
    assert made > 6
