"""Every text that torch may say becomes a problem on the right node, whole, with a reason."""

from __future__ import annotations

import textwrap

import pytest

from guigrad.engine.play import Engine
from guigrad.source.parse.parser import parse

HEAD = "import torch\nimport torch.nn.functional as F\na = torch.ones(3, requires_grad=True)\n"

# program, root of a backward ("" for none), label to blame, kind, start of torch's text
CASES = [
    ("y = a * 2", "y", "y", "autograd", "grad can be implicitly created only for scalar outputs"),
    ("y = a.to(torch.complex64).sum()", "y", "y", "autograd", "grad can be implicitly created only for real scalar outputs"),
    ("y = torch.ones(1)", "y", "y", "autograd", "element 0 of tensors does not require grad"),
    ("x = a * 1\ny = x * x\nx.add_(1)\nl = y.sum()", "l", "x", "autograd", "one of the variables needed for gradient"),
    ("x = a * 1\ny = x.exp()\ny.add_(1)\nl = y.sum()", "l", "y", "autograd", "one of the variables needed for gradient"),
    ("a.add_(1)", "", "a", "autograd", "a leaf Variable that requires grad is being used"),
    ("v = a.view(3)\nv.add_(1)", "", "v", "autograd", "a view of a leaf Variable that requires grad"),
    ("b = a * 1\np, q, r = b.unbind(0)\np.add_(1)", "", "p", "autograd", "Output 0 of Unbind"),
    ("with torch.no_grad():\n    v = a.view(3)\nv.add_(1)", "", "v", "autograd", "A view was created in no_grad mode"),
    ("t = torch.tensor([1, 2], requires_grad=True)", "", "t", "autograd", "Only Tensors of floating point and complex"),
    ("t = torch.tensor([1])\nt.requires_grad_()", "", "t", "autograd", "only Tensors of floating point dtype"),
    ("x = torch.ones(2, 3)\nz = x @ x", "", "z", "shape", "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)"),
    ("z = torch.ones(2, 3) @ torch.ones(2)", "", "z", "shape", "size mismatch, got input (2), mat (2x3), vec (2)"),
    ("z = torch.ones(2, 3) + torch.ones(2)", "", "z", "shape", "The size of tensor a (3) must match"),
    ("z = torch.cat([torch.ones(2, 3), torch.ones(2, 2)])", "", "z", "shape", "Sizes of tensors must match except"),
    ("z = torch.ones(2, 3).view(4)", "", "z", "shape", "shape '[4]' is invalid for input of size 6"),
    ("z = torch.ones(2, 3).t().view(6)", "", "z", "shape", "view size is not compatible"),
    ("z = torch.ones(2, 2) @ torch.ones(2, 2, dtype=torch.float64)", "", "z", "type", "expected m1 and m2 to have the same"),
    ("z = F.cross_entropy(torch.ones(2, 3), torch.tensor([0, 5]))", "", "z", "shape", "Target 5 is out of bounds."),
    ("z = torch.autograd.grad((a * 2).sum(), torch.ones(1, requires_grad=True))", "", "z", "autograd",
     "The differentiated Tensor at index 0 appears to not have been used in the graph"),
    ("z = torch.autograd.grad((a * 2).sum(), torch.ones(1))", "", "z", "autograd", "One of the differentiated Tensors"),
    ("x = torch.ones(1)\nx.retain_grad()", "", "", "autograd", "can't retain_grad on Tensor that has requires_grad=False"),
    ("z = torch.ones(2).item()", "", "z", "shape", "a Tensor with 2 elements cannot be converted to Scalar"),
    ("z = torch.ones(2, 3).sum(5)", "", "z", "shape", "Dimension out of range"),
    ("z = torch.addmm(torch.ones(2, 2))", "", "z", "type", "addmm() received an invalid combination"),
    ("x = [1]\nz = x[3]", "", "z", "shape", "list index out of range"),
    ("z = 1 / 0", "", "z", "runtime", "division by zero"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "root", "label", "kind", "message"), CASES, ids=[case[4][:40] for case in CASES])
def test_torchs_text_on_the_node_to_blame(text: str, root: str, label: str, kind: str, message: str) -> None:
    document = parse(HEAD + text + "\n")
    assert [problem for problem in document.problems if problem.severity == "error"] == []
    it = Engine(document)
    it.forward()
    if root:
        it.backward([root])
    errors = [problem for problem in it.problems if problem.severity == "error"]
    assert len(errors) == 1
    problem = errors[0]
    assert problem.message.startswith(message)
    assert problem.node.partition("@")[0] == label or not label
    assert problem.kind == kind
    assert problem.line > 3
    assert problem.why.endswith(".")


def test_the_second_backward_names_what_helps() -> None:
    it = Engine(parse(HEAD + "l = (a * a).sum()\n"))
    it.forward()
    it.backward(["l"])
    it.backward(["l"])
    (problem,) = it.problems
    assert problem.message.startswith("Trying to backward through the graph a second time")
    assert problem.node == "l"
    assert [fix.verb for fix in problem.fixes] == ["retain_graph", "forward"]
    it.forward()
    it.backward(["l"], retain_graph=True)
    it.backward(["l"])
    assert it.problems == ()


def test_a_gradient_that_is_never_filled_is_said_of_the_node_that_is_read() -> None:
    text = """
        t2 = a + 2
        l = t2.sum()
        l.backward()
        print(t2.grad)
        g = t2.grad
    """
    it = Engine(parse(HEAD + textwrap.dedent(text)))
    it.run()
    warnings = [problem for problem in it.problems if problem.severity == "warning"]
    assert {problem.node for problem in warnings} == {"t2"}
    assert all(problem.error == "UserWarning" for problem in warnings)
    assert warnings[0].fixes[0].verb == "retain_grad"


def test_reading_a_gradient_through_the_session_says_the_same() -> None:
    it = Engine(parse(HEAD + "t2 = a + 2\n"))
    it.forward()
    assert it.grad("t2") is None
    (problem,) = it.problems
    assert (problem.node, problem.severity) == ("t2", "warning")
    assert problem.message.startswith("The .grad attribute of a Tensor that is not a leaf Tensor is being accessed.")


def test_an_input_without_wire_is_said_and_the_rest_runs() -> None:
    document = parse(HEAD + "b = a + ...\nc = a * 2\n")
    it = Engine(document)
    it.forward()
    assert [it.frame()[name].state for name in "bc"] == ["not run", "fresh"]
