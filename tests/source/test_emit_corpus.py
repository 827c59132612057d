"""Scripts as people write them: understood whole, a fixed point of emit, and the emitted script prints what the original prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from guigrad.document.problem import ProblemError
from guigrad.source.emit import emit
from guigrad.source.parse.parser import parse
from tests.play import play

GOLDEN = Path(__file__).parent.parent / "golden"
SCRIPTS = sorted((GOLDEN / "scripts").glob("*.py"))
REFUSED = sorted((GOLDEN / "refused").glob("*.py"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_script_reads_back(path: Path) -> None:
    document = parse(path.read_text())
    assert document.problems == ()
    text = emit(document)
    again = parse(text)
    assert again.problems == ()
    assert emit(again) == text
    assert again.canonical() == document.canonical()


def test_emitted_scripts_print_the_same() -> None:
    sources = [path.read_text() for path in SCRIPTS]
    printed = play([text for source in sources for text in (source, emit(parse(source)))])
    for path, plain, emitted in zip(SCRIPTS, printed[::2], printed[1::2], strict=True):
        assert "ERROR" not in plain, path.stem
        assert plain, path.stem
        assert emitted == plain, path.stem


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_every_comment_is_kept(path: Path) -> None:
    import io
    import tokenize

    def comments(source: str) -> list[str]:
        tokens = tokenize.generate_tokens(io.StringIO(source).readline)
        return sorted(token.string for token in tokens if token.type == tokenize.COMMENT)

    source = path.read_text()
    assert comments(emit(parse(source))) == comments(source)


@pytest.mark.parametrize("path", REFUSED, ids=lambda path: path.stem)
def test_what_is_refused_says_where_and_why(path: Path) -> None:
    source = path.read_text()
    place, message = source.splitlines()[0].removeprefix("# ").split(" ", 1)
    problems = parse(source).problems
    assert problems
    assert f"{problems[0].line}:{problems[0].column}" == place
    assert message in problems[0].message


def test_corpus_is_large() -> None:
    assert len(SCRIPTS) >= 60
    assert len(REFUSED) >= 30


@pytest.mark.parametrize(
    ("source", "line", "column"),
    [("x = = 3", 1, 5), ("if 1:\nx = 2", 2, 1), ("x = 1\ny = 'a", 2, 5), ("a = 1\nb\0 = 2", 2, 2), ("x = (1,\n", 1, 5)],
)
def test_what_cannot_be_parsed_at_all_raises(source: str, line: int, column: int) -> None:
    with pytest.raises(ProblemError) as caught:
        parse(source)
    (problem,) = caught.value.problems
    assert (problem.kind, problem.line, problem.column) == ("syntax", line, column)
    assert problem.message
