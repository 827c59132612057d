"""What an import binds."""

from __future__ import annotations

import ast
from functools import cache
from typing import Final

from guigrad.ops import table
from guigrad.source.parse.calls import MANAGERS
from guigrad.source.parse.scope import Bound, RefusedError, Scope

_STANDARD: Final = frozenset({"torch", "math", "base64", "base64.b64decode"})


@cache
def _modules() -> frozenset[str]:
    found = set(_STANDARD)
    for target in table.targets():
        owner = target.rpartition(".")[0]
        while owner.startswith("torch.") and not owner.startswith("torch.Tensor"):
            found.add(owner)
            owner = owner.rpartition(".")[0]
    return frozenset(found | {path.rpartition(".")[0] for path in MANAGERS})


def is_known(path: str) -> bool:
    """Whether a dotted path is a module, function or constant that a script may import."""
    return path in _modules() or path in MANAGERS or table.is_symbol(path) or table.find(path) is not None


def read_import(scope: Scope, statement: ast.Import | ast.ImportFrom) -> None:
    """Binds what an import binds.

    Raises: RefusedError for a module other than torch and math.
    """
    if isinstance(statement, ast.ImportFrom):
        module = "." * statement.level + (statement.module or "")
        if module == "__future__":
            return
        for alias in statement.names:
            if alias.name == "*":
                raise RefusedError(statement, "`import *` is not understood", why="Name what is used.")
            path = f"{module}.{alias.name}"
            _check(statement, path, module)
            scope.names[alias.asname or alias.name] = Bound(path=path)
        return
    for alias in statement.names:
        _check(statement, alias.name, alias.name)
        root = alias.name.partition(".")[0]
        scope.names[alias.asname or root] = Bound(path=alias.name if alias.asname else root)


def _check(statement: ast.stmt, path: str, module: str) -> None:
    if module.partition(".")[0] not in ("torch", "math", "base64"):
        message = f"import of {module} is not understood: only torch and math are"
        raise RefusedError(
            statement, message, "name", "Write the values into the script, or save them to a file and open that."
        )
    if not is_known(path):
        raise RefusedError(statement, f"{path} is not known", "unknown op")
