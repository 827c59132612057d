"""Writes resources/lessons (and the mistake lab's below them) from the scripts beside this file: ``python tests/golden/lessons/build.py`` in an environment that has guigrad.

Titles, texts and positions live here; everything that is computed comes from the script.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from guigrad.document import file
from guigrad.document.model import Box, Document, Settings, View
from guigrad.document.names import labels
from guigrad.source.parse.parser import parse

ROOT = Path(__file__).resolve().parents[3]
SCRIPTS = Path(__file__).resolve().parent
LESSONS = ROOT / "resources" / "lessons"

CHAIN = {"t1": (0, 220), "t2": (260, 200), "pow": (520, 200), "t3": (520, 400), "t4": (800, 280)}
SQUARE = Box("b1", "y = 2·t2²", 236, 140, 512, 440)
EPOCHS = {
    "weights@1": (0, 60), "weights": (260, 60), "mul": (520, 0), "model_output@1": (780, 0), "model_output": (1040, 0),
    "weights@2": (520, 220),
}  # fmt: skip

TABLE: dict[str, tuple[str, str, str | None, dict[str, tuple[int, int]], tuple[Box, ...]]] = {
    "autograd-1-graph": (
        "Autograd basics 1: five numbers and their gradient",
        "t1 requires a gradient, so torch records every op that uses it. backward() on t4 walks the record back and leaves "
        "d t4 / d t1 in t1.grad. t2, t3 and t4 are intermediates: their .grad stays None, and torch warns when it is read.",
        "t4",
        CHAIN,
        (SQUARE,),
    ),
    "autograd-2-randn": (
        "Autograd basics 2: the same from a seeded randn(5)",
        "torch.manual_seed makes random numbers the same on every run. Change the seed and run again.",
        "t4",
        CHAIN,
        (SQUARE,),
    ),
    "autograd-3-leaves": (
        "Autograd basics 3: leaf or intermediate",
        "A leaf was not computed from a tensor that requires a gradient. t1 is one that requires a gradient itself; two and four "
        "need none, so they are leaves although four was computed. t2 depends on t1: an intermediate with a grad_fn.",
        "t2",
        {"t1": (0, 0), "two": (0, 220), "t2": (300, 60), "four": (300, 280)},
        (),
    ),
    "autograd-4-network": (
        "Autograd basics 4: a network of two layers",
        "x (1×2), W1 (2×3), b1, relu, W2 (3×1), b2. Weights and biases are leaves and get gradients; h and a are intermediates "
        "and keep none. The second unit of h is negative: relu stops its gradient, the column of W1.grad is zero.",
        "y",
        {
            "x": (0, 0), "W1": (0, 180), "b1": (0, 360), "matmul": (260, 60), "h": (520, 160), "a": (780, 160),
            "W2": (780, 340), "b2": (1040, 400), "matmul_2": (1040, 200), "y": (1300, 280),
        },
        (),
    ),
    "autograd-5-retain": (
        "Autograd basics 5: retain_grad and autograd.grad",
        "torch.autograd.grad(t4, t2) returns the gradient of an intermediate and stores nothing: t1.grad is still None. After "
        "t2.retain_grad() a backward() keeps the same numbers in t2.grad, beside t1.grad.",
        "t4",
        {**CHAIN, "grad": (800, 480), "g2": (1060, 480)},
        (SQUARE,),
    ),
    "autograd-6-non-scalar": (
        "Autograd basics 6: backward on three numbers fails",
        "t3 has three elements, and backward() needs one number to start from: torch refuses. The next lessons give it a vector v.",
        "t3",
        CHAIN,
        (),
    ),
    "autograd-7-vector": (
        "Autograd basics 7: backward with a vector v",
        "t3.backward(v) computes vᵀ·J, the vector-Jacobian product. Each element of t3 depends on its own element of t1 alone, so J is "
        "diagonal and t1.grad is v · 4·t2, element by element.",
        "t3",
        {**CHAIN, "v": (800, 280)},
        (),
    ),
    "autograd-8-ones": (
        "Autograd basics 8: v = ones",
        "With v = ones the result is the gradient of the sum of all elements: every row of J counts once.",
        "t3",
        {**CHAIN, "v": (800, 280)},
        (),
    ),
    "autograd-9-epochs": (
        "Autograd basics 9: two epochs, with zero_()",
        "Each epoch computes the output, calls backward(), moves the weights against their gradient under no_grad, and empties the "
        "gradient with zero_(). Both gradients are 3; the weights end at 0.4 and the last output is 8.4.",
        "model_output@1",
        EPOCHS,
        (),
    ),
    "autograd-9-without-zero": (
        "Autograd basics 10: two epochs, without zero_()",
        "The same loop, but nobody empties weights.grad: the second backward adds to the first, and the gradient is 6 instead of 3.",
        "model_output@1",
        EPOCHS,
        (),
    ),
    "grad-of-grad-1-twice": (
        "Grad of grad 1: the second derivative",
        "With create_graph=True the backward is recorded like any forward: g = 3·x² has a grad_fn of its own, so it can be "
        "differentiated again. h is the gradient of s = g.sum(): 6·x. Alt+B shows the second graph behind the first: each of its "
        "grad_fns lies below the one whose backward made it.",
        "y",
        {"x": (0, 29), "pow": (256, 101), "y": (496, 112), "grad": (736, 58), "s": (976, 61), "grad_2": (1232, 0)},
        (),
    ),
    "grad-of-grad-2-penalty": (
        "Grad of grad 2: a gradient penalty",
        "The penalty asks the gradient of the score by its input x to have length 1, as critics of a Wasserstein GAN are trained. "
        "penalty.backward() goes through the second graph and arrives at the weights: w.grad tells how to change w so that the slope "
        "by x changes. Without create_graph=True g would be a plain number and w.grad None.",
        "penalty",
        {
            "w": (0, 0), "x": (0, 190), "matmul": (256, 34), "tanh": (496, 36), "score": (736, 36), "grad": (992, 150),
            "norm": (1232, 150), "sub": (1472, 150), "penalty": (1712, 150),
        },
        (),
    ),
    "grad-of-grad-3-newton": (
        "Grad of grad 3: Newton's step",
        "H holds the second derivatives: each row is the gradient of one element of g. Newton's step solves H·delta = g and moves x "
        "against delta: after five steps the gradient is nearly zero, where steps against the gradient alone take many more.",
        "f",
        {
            "x@1": (0, 201), "x": (240, 201), "pow": (541, 201), "sum": (1021, 214), "sub": (541, 429), "pow_2": (781, 404),
            "sum_2": (1021, 404), "add": (1277, 369), "prod": (1277, 597), "f": (1533, 370), "grad": (1789, 108), "g0": (2052, 298),
            "g1": (2052, 108), "grad_2": (2308, 372), "grad_3": (2308, 127), "H": (2564, 168), "delta": (2820, 96), "x@2": (3082, 96),
        },
        (),
    ),
}  # fmt: skip


MISTAKES: dict[str, tuple[str, str, str]] = {
    "01-non-leaf-grad": (
        "The gradient of an intermediate is None",
        "y is computed from x, so it is no leaf: backward passes through y, but torch keeps .grad for leaves alone. Reading y.grad gives "
        "None and a warning.",
        "loss",
    ),
    "02-non-scalar-backward": (
        "backward() on three numbers",
        "A gradient belongs to one number. y has three elements, and without a vector v torch cannot know which of them, or which sum of "
        "them, is meant.",
        "y",
    ),
    "03-second-backward": (
        "backward() a second time",
        "The first backward() frees what the graph has saved. The second one finds it gone: keep the graph, or compute the loss anew.",
        "loss",
    ),
    "04-wrong-shape-v": (
        "A vector v of the wrong shape",
        "v has one entry for each entry of y. Here y has three and v has two.",
        "y",
    ),
    "05-in-place-on-saved": (
        "In-place on a tensor that backward needs",
        "exp keeps its own result, since that is its derivative. y += 1 overwrites it, and backward() notices by the version counter.",
        "loss",
    ),
    "06-in-place-on-leaf": (
        "In-place on a leaf that requires grad",
        "An update of a parameter must not be recorded: torch refuses to change a leaf in place while it records.",
        "loss",
    ),
    "07-integer-requires-grad": (
        "Integers cannot require grad",
        "torch.tensor([1, 2, 3]) holds whole numbers. They cannot change by a little, so there is no derivative: write 1.0.",
        "loss",
    ),
    "08-detach-cut": (
        "detach() cuts the graph",
        "detach() gives the same numbers without their history. Nothing fails, b gets its gradient, but w.grad stays None.",
        "loss",
    ),
    "09-no-grad-cut": (
        "no_grad() cuts the graph",
        "h is computed inside torch.no_grad(), so it is not recorded. Nothing fails, b gets its gradient, but w.grad stays None.",
        "loss",
    ),
    "10-forgotten-zero-grad": (
        "zero_grad is forgotten",
        "backward() adds to .grad. Nobody empties it, so every step also follows the gradients of all the steps before, and w overshoots.",
        "loss",
    ),
    "11-device-mismatch": (
        "Tensors on two devices",
        "mask lies on another device than x. (The device is meta, which every machine has; with a GPU it would be cuda.)",
        "loss",
    ),
    "12-shape-mismatch": (
        "Shapes that do not fit",
        "In x @ W the columns of x must be as many as the rows of W: (2×3) @ (2×3) does not fit, (2×3) @ (3×2) does.",
        "loss",
    ),
    "13-dead-relu": (
        "A dead ReLU",
        "The biases push all inputs of relu below zero. Its output is 0, its slope is 0, and no gradient gets to W and b: they can never recover.",
        "loss",
    ),
    "14-saturated-sigmoid": (
        "A saturated sigmoid",
        "Both answers are as wrong as can be, yet the gradient is almost 0: so far from zero the sigmoid is flat.",
        "loss",
    ),
    "15-exploding-product": (
        "An exploding product",
        "Twenty times the same matrix: the gradient is a product of twenty factors, each above 1, and grows beyond all use.",
        "loss",
    ),
    "16-nan-birth": (
        "Where the NaN was born",
        "The loss is NaN, and so is everything behind the culprit. The first node that makes one of good numbers is marked.",
        "loss",
    ),
    "17-unused-parameter": (
        "A parameter that is not used",
        "out uses b, but the loss is computed from h. b.grad is None after backward(): not zero, since there is no way at all.",
        "loss",
    ),
    "18-argmax": (
        "argmax has no derivative",
        "The place of the largest score is a whole number. It jumps, so nothing can be learned through it: torch records nothing.",
        "loss",
    ),
    "18-round": (
        "round has the derivative 0",
        "round makes steps. torch goes through it without a word, and every gradient before it is 0.",
        "loss",
    ),
}


def build_mistake(name: str) -> Document:
    """One failure of the mistake lab; the canvas places its cards."""
    title, about, root = MISTAKES[name]
    document = parse((SCRIPTS / "mistakes" / f"{name}.py").read_text("utf-8"))
    assert not document.problems, (name, document.problems)
    ids = {label: key for key, label in labels(document).items()}
    settings = Settings(title=title, about=about, root=ids[root])
    return msgspec.structs.replace(document, settings=settings, lines={}, path="")


FUNCTIONS: dict[str, tuple[str, str, tuple[float, float, float, float]]] = {
    "beale": (
        "Beale: plateaus and a sharp corner",
        "Flat where the gradient hardly points anywhere, steep at the rims: a rate that suits the one does not suit the other. The minimum, 0, "
        "is at (3, 0.5).",
        (-1.0, 4.5, -1.0, 3.0),
    ),
    "himmelblau": (
        "Himmelblau: four minima",
        "Four minima of the same depth. Which one a training finds depends on where it starts and on its momentum: drag the point and "
        "train again.",
        (-5.0, 5.0, -5.0, 5.0),
    ),
    "ravine": (
        "A ravine: steep across, flat along",
        "Forty times steeper in y than in x. Plain SGD jumps from wall to wall and crawls along the bottom; momentum cancels the jumps, Adam "
        "scales each direction by itself.",
        (-10.0, 6.0, -3.0, 3.0),
    ),
    "rosenbrock": (
        "Rosenbrock: the banana valley",
        "The valley is found in a few steps, the minimum at (1, 1) in hundreds: along its floor the slope is a thousand times smaller than across.",
        (-2.0, 2.0, -1.0, 3.0),
    ),
    "saddle": (
        "A saddle: flat, but no minimum",
        "At (0, 0) the gradient is zero, yet the loss falls to both sides along y. Starting almost on the ridge, descent first runs into the saddle "
        "and leaves it slowly.",
        (-3.0, 3.0, -3.5, 3.5),
    ),
}  # fmt: skip


def build_function(name: str) -> Document:
    title, about, room = FUNCTIONS[name]
    document = parse((SCRIPTS / "functions" / f"{name}.py").read_text("utf-8"))
    assert not document.problems, (name, document.problems)
    ids = {label: key for key, label in labels(document).items()}
    settings = Settings(title=title, about=about, root=ids["loss"], landscape=("x", "y", *room))
    return msgspec.structs.replace(document, settings=settings, lines={}, path="")


def build(name: str) -> Document:
    """One lesson: the script's program with its title, text and places."""
    title, about, root, places, boxes = TABLE[name]
    document = parse((SCRIPTS / f"{name}.py").read_text("utf-8"))
    assert not document.problems, (name, document.problems)
    ids = {label: key for key, label in labels(document).items()}
    settings = Settings(title=title, about=about, root=ids[root] if root is not None else None)
    views = {ids[label]: View(float(x), float(y)) for label, (x, y) in places.items() if label in ids}
    replaced = {"settings": settings, "views": views, "boxes": {box.id: box for box in boxes}, "lines": {}, "path": ""}
    return msgspec.structs.replace(document, **replaced)


if __name__ == "__main__":
    LESSONS.mkdir(parents=True, exist_ok=True)
    for lesson in TABLE:
        file.save(build(lesson), str(LESSONS / f"{lesson}.guigrad"))
    (LESSONS / "functions").mkdir(exist_ok=True)
    for function in FUNCTIONS:
        file.save(build_function(function), str(LESSONS / "functions" / f"{function}.guigrad"))
    (LESSONS / "mistakes").mkdir(exist_ok=True)
    for mistake in MISTAKES:
        file.save(build_mistake(mistake), str(LESSONS / "mistakes" / f"{mistake}.guigrad"))
