"""The house rules of ARCHITECTURE.md, checked."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from guigrad.cli import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "guigrad"
TOP_LEVEL = {
    "guigrad", "resources", "tests", "main.py", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md",
    ".gitignore", ".ci",
}  # fmt: skip


def run(*command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """A tool's run; its cache stays out of the checkout's way."""
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300)


def python_files() -> list[Path]:
    return [ROOT / "main.py", *sorted(PACKAGE.rglob("*.py")), *sorted((ROOT / "tests").rglob("*.py"))]


def tracked() -> Iterator[str]:
    """Paths in version control; outside a checkout there is nothing to say."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    yield from run("git", "ls-files").stdout.splitlines()


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=["lint", "format"])
def test_ruff(command: list[str]) -> None:
    result = run(sys.executable, "-m", "ruff", *command, "--quiet", ".")
    assert result.returncode == 0, result.stdout + result.stderr


def test_types() -> None:
    result = run(sys.executable, "-m", "mypy", "--strict")
    assert result.returncode == 0, result.stdout + result.stderr


def test_imports_keep_to_the_rooms() -> None:
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    result = run(sys.executable, "-c", code)
    assert result.returncode == 0, result.stdout + result.stderr


def test_no_file_over_400_lines() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in python_files()}
    assert {name: count for name, count in lengths.items() if count > 400} == {}


def test_package_inits_are_empty() -> None:
    filled = [path for path in PACKAGE.rglob("__init__.py") if path.stat().st_size and path.parent != PACKAGE]
    assert filled == []


def test_imports_are_absolute() -> None:
    relative = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in python_files()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []


def test_top_level_is_fixed() -> None:
    assert {path.split("/")[0] for path in tracked()} <= TOP_LEVEL
    assert {name for name in TOP_LEVEL if not (ROOT / name).exists()} == set()


def test_every_test_file_mirrors_a_module() -> None:
    orphans = []
    for path in (ROOT / "tests").rglob("test_*.py"):
        place = path.relative_to(ROOT / "tests").with_name(path.name.removeprefix("test_"))
        # test_emit.py and test_emit_more.py both belong to emit.
        stem = place.stem
        stems = [stem[:end] for end in range(len(stem), 0, -1) if end == len(stem) or stem[end] == "_"]
        folder = PACKAGE / place.parent
        if path.name not in ("test_house.py", "test_monkey.py") and not any(
            (folder / f"{stem}.py").exists() or (folder / stem).is_dir() for stem in stems
        ):
            orphans.append(str(path.relative_to(ROOT)))
    assert orphans == []


def test_every_module_has_its_line_in_the_plan() -> None:
    plan = (PACKAGE / "ARCHITECTURE.md").read_text("utf-8")
    rooms = plan[plan.index("## Rooms") : plan.index("Import rule:")]
    words = set(re.findall(r"[\w]+", rooms))
    modules = [path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py"]
    assert [str(path.relative_to(ROOT)) for path in modules if path.stem not in words] == []


def test_no_path_of_somebodys_machine() -> None:
    pattern = re.compile(r"(?<![\w.:/{}-])/(?:home|root|Users|work|opt)/\w")
    found = []
    for name in tracked():
        path = ROOT / name
        if path.suffix in {".png", ".ttf", ".woff2", ".otf"} or not path.is_file():
            continue
        text = path.read_text("utf-8", errors="replace")
        found += [f"{name}: {match.group()}" for match in pattern.finditer(text)]
    assert found == []


def modules_after(code: str) -> set[str]:
    result = run(sys.executable, "-c", f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))")
    assert result.returncode == 0, result.stderr
    return set(json.loads(result.stdout.splitlines()[-1]))


def test_import_guigrad_loads_neither_torch_nor_qt() -> None:
    heavy = {"torch", "PySide6", "shiboken6", "numpy", "msgspec"}
    assert modules_after("import guigrad") & heavy == set()


def test_reading_writing_and_checking_need_neither_torch_nor_qt() -> None:
    code = (
        "import guigrad\n"
        "doc = guigrad.parse('import torch\\nx = torch.ones(3)\\ny = x + 1\\n')\n"
        "assert not doc.problems, doc.problems\n"
        "assert 'torch.ones(3)' in guigrad.emit(doc)\n"
    )
    assert modules_after(code) & {"torch", "PySide6", "shiboken6"} == set()


def test_many_void_qt_calls_and_emits_survive() -> None:
    """Some PySide6 builds give away one reference of None per void call; then this crashes the interpreter."""
    code = """
from PySide6.QtCore import QObject, QTimer, Signal
class Sender(QObject):
    sent = Signal(int)
got = []
sender, timer = Sender(), QTimer()
sender.sent.connect(got.append)
for i in range(20_000):
    timer.setInterval(i)
    sender.sent.emit(i)
assert got == list(range(20_000))
print("survived")
"""
    result = run(sys.executable, "-c", code)
    assert (result.returncode, result.stdout.strip()) == (0, "survived"), result.stderr


def test_main_runs_from_anywhere(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": ""}
    result = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), "--version"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert re.fullmatch(r"guigrad \d+\.\d+\.\d+\n", result.stdout)


def test_the_readme_tells_the_truth(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    block, *_ = re.findall(r"```python\n(.*?)```", text, re.DOTALL)  # the next is run by tests/ui/canvas/test_widget
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        [sys.executable, "-c", block], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0].startswith("7.53")
    assert lines[1].startswith("[2.21")
    assert lines[2] == "None"
    assert lines[3].startswith("[2.21")
    assert "t3 = 2 * t2**2" in lines
    assert (tmp_path / "lesson.guigrad").exists()
    assert set(re.findall(r"^\| `guigrad (\w+)", text, re.MULTILINE)) == set(COMMANDS)
    assert all((ROOT / path).exists() for path in re.findall(r"\]\(([\w./-]+)\)", text))
