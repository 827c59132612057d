"""What of a program trains, told from the document."""

from __future__ import annotations

import pytest

import guigrad
from guigrad.document.model import Loop, walk
from guigrad.document.names import labels
from guigrad.engine.effects import roles
from guigrad.engine.phases import parts_of, phases_of
from guigrad.run.loops import trains

HEAD = (
    "import torch\nw = torch.randn(3, requires_grad=True)\nopt = torch.optim.SGD([w], lr=0.1)\nfor step in range(4):\n"
)
BODIES = {
    "usual": "    opt.zero_grad()\n    loss = (w * w).sum()\n    loss.backward()\n    opt.step()\n",
    "zero between": "    loss = (w * w).sum()\n    opt.zero_grad()\n    loss.backward()\n    opt.step()\n    print(loss)\n",
    "by hand": "    loss = (w * w).sum()\n    loss.backward()\n    with torch.no_grad():\n        w -= 0.1 * w.grad\n        w.grad.zero_()\n",
    "none": "    loss = (w * w).sum()\n    loss.backward()\n    opt.step()\n    w.grad = None\n",
    "clipped": "    loss = (w * w).sum()\n    loss.backward()\n    torch.nn.utils.clip_grad_norm_([w], 1.0)\n    opt.step()\n    opt.zero_grad()\n",
}


@pytest.mark.parametrize("name", BODIES)
def test_phases_are_those_that_the_engine_plays(name: str) -> None:
    document = guigrad.parse(HEAD + BODIES[name])
    found = trains(document)
    assert found is not None
    loop = next(item for item in walk(document.program) if isinstance(item, Loop))
    assert found.loop == loop.id
    assert found.phases == phases_of(parts_of(document, roles(document), loop))
    assert len(found.keys) == len(found.phases)
    names = labels(document)
    assert [names[key] for key in found.losses] == ["loss"]
    assert names.get(found.optimizer, "") == ("" if name == "by hand" else "opt")


def test_the_inner_loop_over_batches_trains_and_a_program_without_loops_does_not() -> None:
    inner = "".join(f"    {line}\n" for line in BODIES["usual"].splitlines())
    document = guigrad.parse(HEAD + "    for batch in range(2):\n" + inner)
    found = trains(document)
    loops = [item.id for item in walk(document.program) if isinstance(item, Loop)]
    assert found is not None
    assert found.loop == loops[1]
    assert trains(guigrad.parse("import torch\nx = torch.ones(2)\n")) is None
    plain = trains(guigrad.parse("import torch\nx = torch.ones(2)\nfor i in range(3):\n    x = x + 1\n"))
    assert plain is not None
    assert (plain.phases, plain.optimizer, plain.losses) == (("forward",), "", ())
