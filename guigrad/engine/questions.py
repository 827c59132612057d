"""What is asked about what was computed: questions that change nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import structs

from guigrad.engine.closeup import closeup
from guigrad.engine.hessian import hessian
from guigrad.engine.jacobian import jacobian
from guigrad.engine.ledger import ledger
from guigrad.engine.products import product
from guigrad.run.derivative import Answer, AskFindings, AskMatrix, AskPaths, AskProduct, AskTrust, Findings, Question
from guigrad.run.field import AskField
from guigrad.run.findings import MOST, findings
from guigrad.run.landscape import AskLandscape
from guigrad.run.ledger import AskLedger
from guigrad.run.request import Want
from guigrad.run.sketch import AskSketch
from guigrad.run.tensor import AskTensor

if TYPE_CHECKING:
    from guigrad.engine.play import Engine


WHOLE: Final = 1 << 20
"""Of tensors of more elements findings read the statistics alone."""


def answer(engine: Engine, question: Question) -> Answer:
    """The answer, with the session's own settings and memory limit around it.

    Raises: Cancelled. Thread: the engine's.
    """
    with engine.asking():
        question = _named(engine, question)
        match question:
            case AskMatrix(kind="hessian"):
                return hessian(engine, question.of, question.wrt)
            case AskMatrix():
                return jacobian(engine, question.of, question.wrt, question.mode, question.rows, question.columns)
            case AskTensor():
                return closeup(engine, question)
            case AskLedger():
                return ledger(engine, question)
            case AskProduct():
                return product(engine, question)
            case AskField():
                from guigrad.engine.field import field  # late: most sessions ask for none

                return field(engine, question)
            case AskSketch():
                return engine.sketch(question.bins)
            case AskPaths():
                from guigrad.engine.paths import paths  # late: most sessions ask for none

                return paths(engine, question)
            case AskTrust():
                from guigrad.engine.trust import trust  # late: the same

                return trust(engine, question)
            case AskLandscape():
                from guigrad.engine.landscape import landscape  # late: the same

                return landscape(engine, question)
            case AskFindings():
                if len(engine.document.nodes) > MOST:
                    return Findings()
                return Findings(findings(engine.document, engine.frame(Want(limit=WHOLE))))


def _named(engine: Engine, question: Question) -> Question:
    """The question with labels in place of ids, so that what is answered names nodes as the code does."""
    if isinstance(question, AskFindings | AskField | AskLandscape | AskLedger | AskSketch | AskTensor):
        return question
    if isinstance(question, AskTrust):
        wrt = tuple(_label(engine, name) for name in question.wrt)
        return structs.replace(question, of=_label(engine, question.of), wrt=wrt)
    return structs.replace(question, of=_label(engine, question.of), wrt=_label(engine, question.wrt))


def _label(engine: Engine, name: str) -> str:
    place = engine.names.find(name)
    if place is None or name in engine.names.by_label:
        return name
    key, output = place
    label = engine.label(key)
    if output is not None:
        label = next((each for each, known in engine.names.by_label.items() if known == place), f"{label}[{output}]")
    return label if engine.names.find(label) == place else name
