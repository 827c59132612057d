"""Makes resources/catalogue.json, the generated rows of the op table, from torch's own schemas, signatures and docstrings.

``python -m guigrad.engine.catalogue`` writes the file anew. A row stands for one public callable; schemas only describe it,
what runs is the callable. Sources, in this order: the schemas behind a builtin, a Python function's signature, torch's own list of overridable
functions. What is left out, and why, stands in ``engine.excluded``.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, Final

import torch
from torch.jit import _builtins

from guigrad.engine import excluded
from guigrad.engine.annotations import python_overloads
from guigrad.engine.by_hand import HAND, RANDOM
from guigrad.engine.describe import family_of, first_sentence
from guigrad.ops.builtin import builtin_rows
from guigrad.ops.signature import overload as declared
from guigrad.ops.spec import REQUIRED, OpSpec, Overload, Param
from guigrad.paths import resources

NAMESPACES: Final[dict[str, Any]] = {
    "torch": torch,
    "torch.Tensor": torch.Tensor,
    "torch.nn.functional": torch.nn.functional,
    "torch.linalg": torch.linalg,
    "torch.fft": torch.fft,
    "torch.special": torch.special,
    "torch.masked": torch.masked,
    "torch.sparse": torch.sparse,
    "torch.signal.windows": torch.signal.windows,
    "torch.nn.init": torch.nn.init,
}

_WORDS: Final = {
    "number": "Scalar",
    "ScalarType": "dtype",
    "Device": "device",
    "Layout": "layout",
    "MemoryFormat": "memory_format",
}


def word(type_: str, length: int | None = None) -> str:
    """A schema's type as a row's word: ``Optional[List[Tensor]]`` is ``Tensor[]?``."""
    if type_.startswith("Optional["):
        return word(type_[9:-1], length) + "?"
    if type_.startswith("List["):
        return f"{word(type_[5:-1])}[{length or ''}]"
    return _WORDS.get(type_, "int" if type_ == "SymInt" else type_)


def constant(value: Any) -> Any:
    """A default as JSON can write it; torch's own constants by name, infinities as {"float": "inf"}."""
    if isinstance(value, torch.dtype | torch.layout | torch.memory_format):
        return {"sym": str(value)}
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return {"float": str(value)}
    if isinstance(value, list | tuple):
        return [constant(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def schema_overload(schema: Any, method: bool) -> Overload | None:
    """One schema as an overload; None for what Python cannot call so (named dimensions, scripting objects, storages)."""
    arguments = [argument for argument in schema.arguments if not argument.is_out]
    types = [str(argument.real_type) for argument in arguments]
    if len(arguments) < len(schema.arguments) or "Dimname" in str(schema) or "__torch__" in str(schema):
        return None
    if any(
        word in kind for kind in types for word in ("Storage", "Stream", "Dict", "[t]", "Tuple", "Future", "AnyEnum")
    ):
        return None
    returns = [str(value.real_type) for value in schema.returns]
    if (
        not any("Tensor" in kind for kind in (*types, *returns))
        or "Tensor[](a!)" in str(schema)
        or "Tensor(a!)[]" in str(schema)
    ):
        return None  # a number's or a list's function of scripting
    params = [_param(argument, kind) for argument, kind in zip(arguments, types, strict=True)]
    if method:
        own = [param for param in params if param.name == "self" and param.type == "Tensor"]
        if not own:
            return None
        params = own + [param for param in params if param is not own[0]]
    if "pin_memory" in {param.name for param in params} and schema.name != "aten::to":
        params.append(
            Param("requires_grad", "bool", False, True)
        )  # Python's factories take it, the schemas do not tell
    return Overload(tuple(params), tuple(word(kind) for kind in returns) or ("None",))


def _param(argument: Any, kind: str) -> Param:
    type_ = word(kind, argument.N)
    default = constant(argument.default_value) if argument.has_default_value() else REQUIRED
    if argument.name == "dtype" and type_ in ("int", "int?"):  # scripting's word for it
        type_ = type_.replace("int", "dtype")
    if type_ == "dtype?" and default == 4:  # the number of torch.long in C++
        default = {"sym": "torch.int64"}
    if argument.kwarg_only and type_.endswith("?") and default == REQUIRED:
        default = None  # Python may leave out what the schema only marks as optional
    return Param(argument.name, type_, default, argument.kwarg_only)


def _shortest(overloads: list[Overload]) -> tuple[Overload, ...]:
    """The overloads without those that another one covers: the same positions and returns, and every keyword of theirs."""

    def covers(wide: Overload, narrow: Overload) -> bool:
        here, there = ([param for param in o.params if not param.keyword_only] for o in (wide, narrow))
        more, fewer = (
            set(map(repr, wide.params)) - set(map(repr, narrow.params)),
            set(map(repr, narrow.params)) - set(map(repr, wide.params)),
        )
        return (
            here == there
            and wide.returns == narrow.returns
            and not fewer
            and not any(REQUIRED in text for text in more)
        )

    kept: list[Overload] = []
    for item in overloads:
        if any(covers(other, item) for other in kept):
            continue
        kept = [other for other in kept if not covers(item, other)] + [item]
    return tuple(kept)


class _Sources:
    """What torch tells about its callables."""

    def __init__(self) -> None:
        self.schemas: dict[str, list[Any]] = defaultdict(list)
        for schema in torch._C._jit_get_all_schemas():
            if schema.name.startswith("aten::"):
                self.schemas[schema.name].append(schema)
        self.names: dict[int, str] = _builtins._get_builtin_table()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        self.python = {made.targets[0]: made for made in builtin_rows()}
        self.overridable = torch.overrides.get_testing_overrides()

    def of(self, namespace: str, name: str, function: Any) -> list[Any]:
        """The schemas behind a builtin or method descriptor."""
        if inspect.isfunction(function):
            return []
        found = self.names.get(id(function))
        last = namespace.rpartition(".")[2]
        candidates = (
            [found]
            if found
            else [f"aten::{name}"]
            if namespace == "torch.Tensor"
            else [f"aten::{last}_{name}", f"aten::{name}"]
        )
        return next((self.schemas[candidate] for candidate in candidates if candidate in self.schemas), [])


def _tags(schemas: list[Any]) -> set[str]:
    found: set[str] = set()
    for schema in schemas:
        packet = getattr(torch.ops.aten, schema.name.removeprefix("aten::"), None)
        kernel = getattr(packet, schema.overload_name or "default", None)
        found.update(tag.name for tag in getattr(kernel, "tags", ()))
    return found


def _is_view(schemas: list[Any]) -> bool:
    return any(value.alias_info is not None and not value.alias_info.is_write for s in schemas for value in s.returns)


def candidates() -> Iterator[tuple[str, str, Any]]:
    """Every public callable that may become a row: (namespace, name, callable)."""
    for namespace, module in NAMESPACES.items():
        for name in sorted(dir(module)):
            function = getattr(module, name)
            if (
                name.startswith("_")
                or not callable(function)
                or inspect.isclass(function)
                or inspect.ismodule(function)
            ):
                continue
            if f"{namespace}.{name}" in excluded.NAMES or getattr(function, "__module__", "") == "typing":
                continue
            if namespace == "torch" and inspect.isfunction(function) and name not in excluded.TORCH_FUNCTIONS:
                continue
            if namespace == "torch.nn.init" and name not in excluded.INIT_FUNCTIONS:
                continue
            yield namespace, name, function


def key_of(namespace: str, name: str) -> str:
    """The short name of a row: the plain one for torch and for what torch itself has not."""
    if namespace == "torch" or (
        namespace in ("torch.Tensor", "torch.nn.functional") and not callable(getattr(torch, name, None))
    ):
        return name
    if namespace == "torch.Tensor":
        return name  # the same op as torch.name
    return f"{'F' if namespace == 'torch.nn.functional' else namespace.removeprefix('torch.')}.{name}"


def row(sources: _Sources, namespace: str, name: str, function: Callable[..., Any]) -> OpSpec | None:
    """The row of one callable, or None when nothing tells how it is called on tensors."""
    target = f"{namespace}.{name}"
    schemas = sources.of(namespace, name, function)
    overloads = [
        made for schema in schemas if (made := schema_overload(schema, namespace == "torch.Tensor")) is not None
    ]
    if target in HAND:
        overloads = [declared(text) for text in HAND[target]]
    elif target in sources.python:
        overloads = list(sources.python[target].overloads)
    elif not overloads:
        schemas = []
        overloads = python_overloads(function, name, sources.overridable.get(function), constant)
    if not overloads or not any(_has_tensor(item) for item in overloads):
        return None
    unique = _shortest(overloads)
    tags = _tags(schemas)
    return OpSpec(
        key=key_of(namespace, name),
        targets=(target,),
        overloads=unique,
        family=family_of(namespace, name, unique),
        doc=first_sentence(namespace, name, function),
        effect="in-place" if name.endswith("_") else "",
        random="nondeterministic_seeded" in tags or name in RANDOM,
        view=_is_view(schemas) and not name.endswith("_"),
    )


def _has_tensor(item: Overload) -> bool:
    return any(param.is_port for param in item.params) or any(kind.startswith("Tensor") for kind in item.returns)


def build() -> list[OpSpec]:
    """Every generated row, sorted by target."""
    sources = _Sources()
    found = (row(sources, *candidate) for candidate in candidates())
    return sorted((made for made in found if made is not None), key=lambda made: made.targets)


def _plain(item: Overload) -> list[Any]:
    params: list[list[Any]] = []
    for param in item.params:
        fields: list[Any] = [param.name, param.type, param.default, param.keyword_only]
        if not param.keyword_only:
            fields.pop()
            if param.default == REQUIRED:
                fields.pop()
        params.append(fields)
    return [params] if item.returns == ("Tensor",) else [params, list(item.returns)]


def text() -> str:
    """The whole file: one row a line, so that a new torch shows as a readable difference."""
    lines = []
    for made in build():
        fields: dict[str, Any] = {
            "key": made.key,
            "targets": list(made.targets),
            "overloads": [_plain(o) for o in made.overloads],
        }
        fields |= {
            name: getattr(made, name) for name in ("family", "doc", "effect", "random", "view") if getattr(made, name)
        }
        lines.append(json.dumps(fields, ensure_ascii=False, separators=(", ", ": ")))
    version = re.match(r"\d+\.\d+", torch.__version__)
    return f'{{"torch": "{version.group() if version else ""}", "ops": [\n' + ",\n".join(lines) + "\n]}\n"


if __name__ == "__main__":
    made = text()
    (resources() / "catalogue.json").write_text(made, encoding="utf-8")
    sys.stdout.write(f"{made.count(chr(10)) - 2} rows, torch {torch.__version__}\n")
