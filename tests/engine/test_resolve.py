"""Names resolve through the allow-list and no other way."""

from __future__ import annotations

import operator
from types import ModuleType

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from guigrad.engine.resolve import resolve, resolve_method, resolve_property, resolve_symbol
from guigrad.ops import table


def test_callables() -> None:
    assert resolve("torch.add") is torch.add
    assert resolve("torch.Tensor.mean") is torch.Tensor.mean
    assert resolve("torch.nn.functional.relu") is torch.nn.functional.relu
    assert resolve("builtins.len") is len
    assert resolve("operator.matmul")(torch.eye(2), torch.ones(2)).tolist() == [1.0, 1.0]
    assert resolve("list.append")([1], 2) is None
    assert resolve("object.upper")("a") == "A"


@pytest.mark.parametrize(
    "target",
    [
        "torch.load", "torch.save", "torch.compile", "torch.from_file", "torch.Tensor.apply_", "torch.Tensor.map_", "torch.Tensor.map2_",
        "torch.Tensor.set_", "torch.Tensor.data_ptr", "torch.Tensor.share_memory_", "torch.Tensor.numpy", "torch.Tensor.register_hook",
        "torch.Tensor.storage", "torch.Tensor.untyped_storage", "torch.Tensor.resize_as_", "torch.to_dlpack", "torch.from_dlpack",
        "torch.utils.dlpack.from_dlpack", "torch.import_ir_module", "torch.jit.load", "torch.set_num_threads", "torch.hub.load",
        "torch.Tensor.__reduce__", "torch.Tensor.__reduce_ex__", "torch.Tensor.__class__", "torch.Tensor.__init__", "torch._C._jit_get_all_schemas",
        "torch.os.system", "torch.sys.exit", "builtins.eval", "builtins.exec", "builtins.open", "builtins.__import__", "builtins.getattr",
        "builtins.setattr", "builtins.compile", "builtins.input", "builtins.globals", "builtins.vars", "operator.attrgetter",
        "operator.methodcaller", "operator.itemgetter", "operator.call", "str.__class__", "str.format_map", "object.__class__",
        "object.__reduce__", "math.__loader__", "math.__loader__.load_module", "torch.classes.load_library", "torch.ops.load_library",
        "torch.nn.functional.torch.load", "torch.add.__self__", "torch.add.__call__", "torch.Tensor.mean.__get__", "torch.serialization.load",
        "torch.frombuffer", "torch.vmap", "torch.func.vmap", "torch.utils.cpp_extension.load", "torch.package.PackageImporter", "os.system",
        "subprocess.run", "", ".", "torch.", "torch", "torch..add", "python.exec", "setattr.__class__", "setattr.data.__class__", "field.__class__",
        "torch.nn.init.torch", "torch.Tensor.tofile", "torch.Tensor.module_load", "torch.distributed.rpc.rpc_sync", "torch.Tensor.reinforce",
    ],
)  # fmt: skip
def test_nothing_dangerous_resolves(target: str) -> None:
    with pytest.raises(LookupError):
        resolve(target)


@pytest.mark.parametrize(
    "name",
    [
        "apply_",
        "numpy",
        "set_",
        "register_hook",
        "data_ptr",
        "__class__",
        "__reduce__",
        "__setstate__",
        "_make_subclass",
    ],
)
def test_no_dangerous_method_of_a_tensor(name: str) -> None:
    with pytest.raises(LookupError):
        resolve_method(name, torch.ones(1))
    with pytest.raises(LookupError):
        resolve_property(name, torch.ones(1))


def test_whatever_the_name_nothing_dangerous_comes_out() -> None:
    """The callables themselves, not their names: an alias on the list would give the thing away."""
    dangerous = {
        id(found)
        for found in (
            eval, exec, compile, open, input, getattr, setattr, delattr, vars, globals, locals, dir, __import__, breakpoint, super, memoryview,
            operator.attrgetter, operator.methodcaller, operator.call, torch.load, torch.save, torch.compile, torch.from_file, torch.vmap,
            torch.jit.load, torch.hub.load, torch.import_ir_module, torch.set_num_threads, torch.Tensor.set_, torch.Tensor.data_ptr, torch.Tensor.numpy,
            torch.Tensor.apply_, torch.Tensor.map_, torch.Tensor.map2_, torch.Tensor.register_hook, torch.frombuffer, torch.from_numpy, torch.from_dlpack,
            torch.Tensor.__setstate__, torch.Tensor.__reduce_ex__, torch.Tensor.__deepcopy__, str.format, str.format_map,
        )
    }  # fmt: skip
    for target in table.targets():
        try:
            found = resolve(target)
        except LookupError:
            assert target.startswith(("python.", "tensor.")), target
            continue
        assert id(found) not in dangerous, target
        assert not isinstance(found, ModuleType), target


@given(
    st.lists(
        st.sampled_from(
            [
                *[
                    "torch",
                    "os",
                    "sys",
                    "Tensor",
                    "load",
                    "__class__",
                    "__init__",
                    "__globals__",
                    "__builtins__",
                    "eval",
                    "nn",
                    "functional",
                    "_C",
                    "ops",
                    "add",
                    "data",
                ]
            ]
        ),
        max_size=5,
    )
)
def test_made_up_paths_resolve_only_if_a_row_names_them(parts: list[str]) -> None:
    target = ".".join(parts)
    if table.find(target) is None:
        with pytest.raises(LookupError):
            resolve(target)
        with pytest.raises(LookupError):
            resolve_symbol(target + ".x")


def test_methods_of_objects() -> None:
    assert resolve_method("mean", torch.ones(2))().item() == 1.0
    assert resolve_method("numel", torch.Size([2, 3]))() == 6
    assert resolve_method("count", torch.Size([2, 2]))(2) == 2
    assert resolve_method("index", [1, 2])(2) == 1
    assert resolve_method("format", "{:.2f} {a}")(1.0, a=2) == "1.00 2"
    assert resolve_method("values", {1: 2})
    optimizer = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.1)
    assert resolve_method("zero_grad", optimizer)() is None
    assert resolve_property("param_groups", optimizer)[0]["lr"] == 0.1


def test_missing_attributes_have_pythons_own_text() -> None:
    with pytest.raises(AttributeError, match=r"^'Tensor' object has no attribute 'foo'$"):
        resolve_method("foo", torch.ones(1))
    with pytest.raises(AttributeError, match=r"^'list' object has no attribute 'mean'$"):
        resolve_method("mean", [1])
    with pytest.raises(AttributeError, match=r"^'NoneType' object has no attribute 'zero_'$"):
        resolve_method("zero_", None)
    with pytest.raises(AttributeError, match=r"^'float' object has no attribute 'shape'$"):
        resolve_property("shape", 1.0)


@pytest.mark.parametrize("text", ["{0.__class__}", "{0[0]}", "{a.grad}", "{:{0.__class__}}"])
def test_format_reaches_into_nothing(text: str) -> None:
    with pytest.raises(LookupError):
        resolve_method("format", text)(torch.ones(1), a=torch.ones(1))


def test_properties() -> None:
    x = torch.ones(2, 3, requires_grad=True)
    y = (x * 2).max(0)
    assert resolve_property("shape", x) == (2, 3)
    assert resolve_property("T", x.detach()).shape == (3, 2)
    assert resolve_property("is_leaf", x) is True
    assert resolve_property("indices", y).tolist() == [0, 0, 0]
    assert resolve_method("name", y.values.grad_fn)() == "MaxBackward0"
    assert resolve_property("next_functions", y.values.grad_fn)[0][0].name() == "MulBackward0"
    assert resolve_property("_saved_dim", y.values.grad_fn) == 0
    assert resolve_property("eps", torch.finfo(torch.float32)) < 1e-6
    assert resolve_property("type", torch.device("cpu")) == "cpu"
    assert resolve("torch.Tensor.ndim")(x) == 2
    assert resolve("field.sign")(torch.linalg.slogdet(torch.eye(2))).item() == 1.0


def test_symbols() -> None:
    assert resolve_symbol("torch.float64") is torch.float64
    assert resolve_symbol("builtins.int") is int
    assert resolve_symbol("math.pi") > 3
    for path in ("torch.load", "torch.os", "torch.Tensor.__class__", "math.__loader__", "builtins.eval", "os"):
        with pytest.raises(LookupError):
            resolve_symbol(path)
