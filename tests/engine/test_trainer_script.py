"""The exported script trains to the same bits: optimizers, schedules, data sets and batches, run by plain Python in a process of its own."""

from __future__ import annotations

import guigrad
from tests.play import play

NET = """import torch
import torch.nn.functional as F

torch.manual_seed(7)
w1 = (torch.randn({inputs}, 8) * 0.5).requires_grad_()
b1 = torch.zeros(8, requires_grad=True)
w2 = (torch.randn(8, {outputs}) * 0.5).requires_grad_()
optimizer = torch.optim.{optimizer}
scheduler = torch.optim.lr_scheduler.{schedule}
n = X_train.shape[0]
for epoch in range(3):
    perm = torch.randperm(n)
    for i in range(0, n, {batch}):
        rows = perm[i : i + {batch}]
        out = torch.tanh(X_train[rows] @ w1 + b1) @ w2
        loss = F.{loss}(out, y_train[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    scheduler.step()
    print(loss.item(), w1.sum().item())
with torch.no_grad():
    print(F.{loss}(torch.tanh(X_test @ w1 + b1) @ w2, y_test).item())
print(w1.tolist(), b1.tolist(), w2.tolist())
"""
CASES = (
    ("moons", {"n": 37, "seed": 1}, "SGD([w1, b1, w2], lr=0.1, momentum=0.9, nesterov=True)", "StepLR(optimizer, step_size=1)", 8),
    ("iris", {"standardize": True}, "AdamW([w1, b1, w2], lr=0.01, weight_decay=0.1)", "CosineAnnealingLR(optimizer, T_max=3)", 32),
    ("digits", {"n": 60, "test": 0.25}, 'Adam([{"params": [w1, b1], "lr": 0.01}, {"params": [w2]}], lr=0.05)', "ExponentialLR(optimizer, 0.9)", 20),
    ("sine", {"n": 30}, "RMSprop([w1, b1, w2], lr=0.01)", "ConstantLR(optimizer)", 7),
    ("blobs", {"n": 40, "features": 3}, "Adagrad([w1, b1, w2], lr=0.1)", "LinearLR(optimizer)", 40),
)  # fmt: skip
SIZES = {"moons": (2, 2), "iris": (4, 3), "digits": (64, 10), "sine": (1, 1), "blobs": (3, 3)}


def test_the_exported_script_trains_to_the_same_bits() -> None:
    scripts, printed = [], []
    for kind, settings, optimizer, schedule, batch in CASES:
        inputs, outputs = SIZES[kind]
        loss = "mse_loss" if kind == "sine" else "cross_entropy"
        text = NET.format(
            inputs=inputs, outputs=outputs, optimizer=optimizer, schedule=schedule, batch=batch, loss=loss
        )
        data = guigrad.emit(guigrad.data(kind, **settings))  # type: ignore[arg-type]  # settings of several types
        document = guigrad.parse(data + text)
        assert not [problem for problem in document.problems if problem.severity == "error"]
        scripts.append(guigrad.emit(document))
        session = guigrad.Session(document)
        recording = session.train()
        assert recording.step == 3 * -(-len(session.tensor("X_train")) // batch)
        result = session.run()
        printed.append("".join(result.prints))
        assert printed[-1].startswith("".join(recording.prints))
        assert len(printed[-1]) > 500
    assert play(scripts) == printed
