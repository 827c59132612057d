"""The tape against plain torch: gradients of intermediates, contributions, order, and leaves left as they were."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch

from guigrad.engine import hooks
from guigrad.engine.play import Engine
from guigrad.engine.recorder import Recorder
from guigrad.engine.values import tensor_of
from guigrad.run.frame import Frame
from guigrad.source.parse.parser import parse

HEAD = ["import torch", "import torch.nn.functional as F"]
TEMPLATES = (
    "{a} + {b}", "{a} * {b}", "{a} * {a}", "{a}.sin()", "{a} - {b}", "torch.stack([{a}, {a}]).sum(0)", "{a} + {a}",
    "torch.cat([{a}.reshape(-1), {b}.reshape(-1)])[:3]", "{a}.exp().clamp(max=5)", "F.dropout({a}, 0.5)",
    "torch.where({a} > 0, {a}, {b})", "({a} * 2).mul_(3)", "F.softmax({a}.reshape(-1), 0)", "torch.addcmul({a}, {a}, {a})",
    "torch.sqrt({a} ** 2 + 1)", "{a}.reshape(-1)[:1] + {b}", "{a}.expand(2, *{a}.shape).mean(0)",
)  # fmt: skip


def random_script(seed: int, templates: tuple[str, ...] = TEMPLATES) -> str:
    """A program of leaves and random ops that runs without an error."""
    rnd = random.Random(seed)
    lines = [*HEAD, f"torch.manual_seed({seed})"]
    names: list[str] = []
    values: dict[str, Any] = {}
    for index in range(rnd.randrange(2, 5)):
        shape = rnd.choice(["3, 4", "4", "3, 1"])
        lines.append(f"x{index} = torch.randn({shape}, requires_grad=True)")
        names.append(f"x{index}")
    for index in range(rnd.randrange(3, 30)):
        a, b = rnd.choice(names[-8:]), rnd.choice(names)
        line = f"v{index} = {rnd.choice(templates).format(a=a, b=b)}"
        try:
            exec("\n".join([*lines, line]), values)
        except RuntimeError:
            continue
        lines.append(line)
        names.append(f"v{index}")
    lines.append("out = " + " + ".join(f"{name}.sum()" for name in names[-3:]))
    return "\n".join(lines) + "\n"


def plain(source: str) -> dict[str, torch.Tensor]:
    """Every named tensor that requires grad after a backward from ``out``, with all gradients retained."""
    values: dict[str, Any] = {}
    exec(source, values)
    found = {name: value for name, value in values.items() if isinstance(value, torch.Tensor) and value.requires_grad}
    for tensor in found.values():
        tensor.retain_grad()
    values["out"].backward()
    return found


def traced(source: str, root: str = "out") -> Frame:
    document = parse(source)
    assert not document.problems
    engine = Engine(document)
    engine.forward()
    engine.backward([root])
    assert not engine.problems
    return engine.frame()


def same(a: torch.Tensor, b: torch.Tensor) -> bool:
    return torch.equal(torch.nan_to_num(a), torch.nan_to_num(b)) and torch.equal(a.isnan(), b.isnan())


@pytest.mark.parametrize("seed", range(60))
def test_gradients_are_what_torch_retains_and_contributions_add_up_to_their_bits(seed: int) -> None:
    source = random_script(seed)
    frame = traced(source)
    for name, tensor in plain(source).items():
        record = frame[name]
        if tensor.grad is None:
            assert record.xray is None
            continue
        assert record.xray is not None
        assert same(tensor_of(record.xray), tensor.grad)
        if tensor.is_leaf:
            assert record.grad is not None
            ours = tensor_of(record.grad)
            assert same(ours, tensor.grad)
            assert ours.stride() == tensor.grad.stride()
        else:
            assert record.grad is None
    sums: dict[str, torch.Tensor] = {}
    for (name, _, _), array in frame.contributions.items():
        gradient = tensor_of(array)
        sums[name] = sums[name] + gradient if name in sums else gradient
    for name, total in sums.items():
        xray = frame[name].xray
        assert xray is not None
        assert same(total, tensor_of(xray)), name
    assert set(sums) == {name for name in frame.names() if frame[name].xray is not None} - {"out"}


@pytest.mark.parametrize("seed", range(40))
def test_the_order_is_the_order_of_hooks(seed: int) -> None:
    source = random_script(seed)
    values: dict[str, Any] = {}
    exec(source, values)
    tensors = {name: v for name, v in values.items() if isinstance(v, torch.Tensor) and v.requires_grad}
    order: list[str] = []
    for name, tensor in tensors.items():
        fn = tensor.grad_fn or torch.autograd.graph.get_gradient_edge(tensor).node
        fn.register_hook(lambda *_, name=name: order.append(name))
    values["out"].backward()
    ours = [name for name in traced(source).order if name in tensors]
    assert ours == order


@pytest.mark.parametrize("seed", range(60))
def test_a_recorded_backward_leaves_leaves_as_a_plain_one_does(seed: int) -> None:
    source = random_script(seed)
    first: dict[str, Any] = {}
    second: dict[str, Any] = {}
    exec(source, first)
    exec(source, second)
    for _ in range(2):
        first["out"].backward(retain_graph=True)
        with Recorder([second["out"]]) as recorder:
            second["out"].backward(retain_graph=True)
        recorder.seal()
        for name, tensor in first.items():
            if isinstance(tensor, torch.Tensor) and tensor.is_leaf and tensor.grad is not None:
                other = second[name].grad
                assert same(tensor.grad, other)
                assert tensor.grad.stride() == other.stride()


def test_a_sealed_recording_does_not_change_with_the_next_backward() -> None:
    a = torch.zeros(2, 2, requires_grad=True)
    b = torch.zeros(4, requires_grad=True)
    loss = ((a.view(4) * 1.0).exp() + b).sum()
    with Recorder([loss]) as recorder:
        loss.backward(retain_graph=True)
    recorder.seal()
    held = [g for event in recorder.events.values() for side in event for g in side if isinstance(g, torch.Tensor)]
    before = [gradient.clone() for gradient in held]
    events = dict(recorder.events)
    loss.backward()
    assert all(torch.equal(old, new) for old, new in zip(before, held, strict=True))
    assert list(recorder.events) == list(events), "no hook is left"
    assert all(recorder.events[fn] is event for fn, event in events.items())


def test_hooks_of_others_stay_where_they_are() -> None:
    a = torch.ones(2, requires_grad=True)
    loss = (a * 2).sum()
    heard = []
    assert loss.grad_fn is not None
    loss.grad_fn.register_hook(lambda left, arrived: heard.append("before"))
    with Recorder([loss]) as recorder:
        own = loss.grad_fn.register_hook(lambda left, arrived: heard.append("during"))
        loss.backward(retain_graph=True)
    assert heard == ["before", "during"]
    assert len(recorder.events) == 3
    own.remove()
    later = loss.grad_fn.next_functions[0][0].register_hook(lambda left, arrived: heard.append("later"))
    loss.backward(retain_graph=True)
    later.remove()
    loss.backward()
    assert heard == ["before", "during", "before", "later", "before"]
    assert torch.autograd.function.Function._register_hook is hooks._torchs


def gradient(frame: Frame, name: str) -> Any:
    xray = frame[name].xray
    return None if xray is None else xray.tolist()


def contribution(frame: Frame, source: str, consumer: str, path: str) -> Any:
    return frame.contributions[(source, consumer, path)].tolist()


def test_the_lesson() -> None:
    frame = traced(
        "import torch\nt1 = torch.tensor([1.0, 2.0], requires_grad=True)\nt2 = t1 + 2\nt3 = 2 * t2 ** 2\nt4 = t3.mean()\n",
        "t4",
    )
    assert gradient(frame, "t4") == 1.0
    assert gradient(frame, "t3") == [0.5, 0.5]
    assert gradient(frame, "t2") == gradient(frame, "t1") == [6.0, 8.0]
    assert frame.order == ("t4", "t3", "pow", "t2", "t1")
    assert contribution(frame, "t3", "t4", "self") == [0.5, 0.5]
    assert contribution(frame, "t1", "t2", "self") == [6.0, 8.0]


def test_two_ports_of_one_tensor_have_a_contribution_each() -> None:
    frame = traced(
        "import torch\nx = torch.tensor([2.0, 3.0], requires_grad=True)\nh = x * 1\ny = torch.div(h, h ** 2)\nz = h * h\nout = (y + z).sum()\n"
    )
    assert contribution(frame, "h", "z", "self") == contribution(frame, "h", "z", "other") == [2.0, 3.0]
    assert {key for key in frame.contributions if key[0] == "h"} == {
        ("h", "z", "self"), ("h", "z", "other"), ("h", "y", "self"), ("h", "pow", "self"),
    }  # fmt: skip


def test_attention_of_a_tensor_with_itself() -> None:
    source = (
        "import torch\nimport torch.nn.functional as F\ntorch.manual_seed(0)\nx = torch.randn(2, 4, 8, requires_grad=True)\n"
        "h = x * 1\ny = F.scaled_dot_product_attention(h, h, h)\nout = y.sin().sum()\n"
    )
    frame = traced(source)
    values: dict[str, Any] = {}
    exec(source, values)
    q, k, v = (values["h"].detach().requires_grad_() for _ in range(3))
    torch.nn.functional.scaled_dot_product_attention(q, k, v).sin().sum().backward()
    for path, leaf in (("query", q), ("key", k), ("value", v)):
        assert leaf.grad is not None
        assert torch.allclose(tensor_of(frame.contributions[("h", "y", path)]), leaf.grad)


def test_several_outputs() -> None:
    frame = traced(
        "import torch\nx = torch.tensor([1.0, 5.0, 2.0], requires_grad=True)\nv, i = x.sort()\np = torch.split(v * 1, 2)\nout = p[0].sum() * 2 + v[2]\n"
    )
    assert gradient(frame, "v") == [2.0, 2.0, 1.0]
    assert gradient(frame, "x") == [2.0, 1.0, 2.0]
    assert gradient(frame, "p[0]") == [2.0, 2.0]


def test_in_place_chains_and_views() -> None:
    source = "import torch\nx = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)\ny = x * 2\nv = y[:2]\ny.mul_(3)\nout = y.sum() + v.sum()\n"
    frame = traced(source)
    assert gradient(frame, "y@2") == [2.0, 2.0, 1.0]
    assert gradient(frame, "y@1") == [6.0, 6.0, 3.0]
    assert gradient(frame, "x") == [12.0, 12.0, 6.0]
    assert contribution(frame, "y@1", "y", "self") == [6.0, 6.0, 3.0]
    assert contribution(frame, "y", "sum", "self") == [1.0, 1.0, 1.0]
    assert contribution(frame, "y", "v", "self") == [1.0, 1.0, 0.0], "the view's gradient goes to the new version"


def test_a_node_that_hands_on_its_input() -> None:
    frame = traced(
        "import torch\nx = torch.tensor([1.0, 2.0], requires_grad=True)\nh = x * 1\nc = h.contiguous()\nout = (c * 3).sum() + h.sum()\n"
    )
    assert gradient(frame, "h") == [4.0, 4.0]
    assert contribution(frame, "h", "c", "self") == [3.0, 3.0]
    assert contribution(frame, "h", "sum_2", "self") == [1.0, 1.0]


def test_nothing_is_recorded_when_it_is_not_wanted_and_a_second_backward_adds() -> None:
    engine = Engine(parse("import torch\nx = torch.tensor([1.0, 2.0], requires_grad=True)\ny = x + 1\nout = y.sum()\n"))
    engine.forward()
    engine.backward(["out"], xray=False)
    assert engine.frame()["y"].xray is None
    engine.forward()
    engine.backward(["out"])
    frame = engine.frame()
    assert gradient(frame, "x") == [1.0, 1.0]
    assert frame["x"].grad is not None
    assert frame["x"].grad.tolist() == [2.0, 2.0]
    engine.forward()
    assert engine.frame()["y"].xray is None
