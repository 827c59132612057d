"""What data sets there are and what can be set about each: one table that forms, the script's ``guigrad.data`` and the makers read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from guigrad.document.array import ArrayData
from guigrad.document.problem import Problem, ProblemError

MOST_BYTES = 1 << 25
"""A data set lives in its document: larger ones are refused."""


class Setting(Struct, frozen=True):
    """One thing that can be set. ``kind`` is int, float, bool, choice, text, columns or array (the name of an array in a file).

    ``default`` also tells the type of its values; ``low`` and ``high`` bound numbers, ``choices`` are (value, words).
    """

    name: str
    words: str
    kind: str
    default: Any
    about: str = ""
    low: float = 0.0
    high: float = math.inf
    choices: tuple[tuple[str, str], ...] = ()


class Kind(Struct, frozen=True):
    """One kind of data set: built in, or read from files with one of ``suffixes`` ("/" means a folder)."""

    name: str
    title: str
    about: str
    settings: tuple[Setting, ...]
    suffixes: tuple[str, ...] = ()
    source: str = ""


class Made(Struct, frozen=True):
    """A data set that is ready to be put into a document.

    ``arrays`` are its leaves by name, ``settings`` all that it was made with, ``classes`` the names of the class indices, ``columns`` those of
    the columns of the inputs; ``notes`` say what was left out on the way.
    """

    name: str
    kind: str
    settings: Mapping[str, Any]
    arrays: Mapping[str, ArrayData]
    classes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """What the document keeps of how it was made."""
        more = {"class_names": list(self.classes), "column_names": list(self.columns)}
        return {**self.settings, **{name: value for name, value in more.items() if value}}


def _number(name: str, words: str, default: int, low: int, high: int, about: str = "") -> Setting:
    return Setting(name, words, "int", default, about, low, high)


def _real(name: str, words: str, default: float, low: float, high: float, about: str = "") -> Setting:
    return Setting(name, words, "float", default, about, low, high)


_N = _number("n", "Points", 200, 2, 100_000)
_NOISE = _real("noise", "Noise", 0.1, 0.0, 100.0, "Standard deviation of what is added to each point")
_BAD = Setting(
    "bad", "What cannot be read", "choice", "stop", "", choices=(("stop", "Stop and say which"), ("skip", "Leave it out"))
)  # fmt: skip
_LIMIT = _number("limit", "At most", 0, 0, 10_000_000, "Points that are read; 0 means all of them")
_TASK = Setting(
    "task", "Targets are", "choice", "auto", "Class indices are int64, numbers float32",
    choices=(("auto", "What they look like"), ("classes", "Classes"), ("numbers", "Numbers")),
)  # fmt: skip
_PATH = Setting("path", "File", "text", "")

SPLIT = (
    _real("test", "Test part", 0.2, 0.0, 0.9, "Part of the points that is kept for testing; 0 keeps none"),
    Setting("shuffle", "Shuffle", "bool", True, "Under the seed, as scikit-learn's train_test_split does"),
    Setting("standardize", "Standardise", "bool", False, "Inputs less their mean, over their standard deviation, both of the training points"),
    _number("seed", "Seed", 0, 0, (1 << 32) - 1),
)  # fmt: skip
"""Set for every kind."""

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("moons", "Moons", "Two half circles that reach into each other", (_N, _NOISE), source="sklearn.datasets.make_moons"),
        Kind(
            "circles", "Circles", "A circle inside a circle",
            (_N, _NOISE, _real("factor", "Inner radius", 0.5, 0.0, 0.99)), source="sklearn.datasets.make_circles",
        ),
        Kind(
            "spirals", "Spirals", "Arms that wind around each other",
            (_N, _NOISE, _number("classes", "Arms", 2, 2, 10), _real("turns", "Turns", 1.0, 0.1, 10.0)),
            source="t uniform in (0, 1], radius t, angle 2π·turns·t + 2π·arm/arms",
        ),
        Kind(
            "blobs", "Blobs", "Round clouds",
            (_N, _real("noise", "Spread", 1.0, 0.0, 100.0), _number("classes", "Clouds", 3, 1, 20),
             _number("features", "Inputs of a point", 2, 1, 100)),
            source="sklearn.datasets.make_blobs",
        ),
        Kind(
            "linear", "Line", "y = slope · x + intercept, with noise",
            (_N, _NOISE, _real("slope", "Slope", 2.0, -1e6, 1e6), _real("intercept", "Intercept", 1.0, -1e6, 1e6)),
            source="x uniform in [-1, 1)",
        ),
        Kind(
            "sine", "Sine", "y = sin(frequency · x), with noise",
            (_N, _NOISE, _real("frequency", "Frequency", 1.0, -1e3, 1e3)), source="x uniform in [-π, π)",
        ),
        Kind(
            "iris", "Iris", "Sepals and petals of 150 flowers of three species",
            (Setting("features", "Inputs", "choice", "all", choices=(
                ("all", "All four"), ("petal", "Length and width of the petals"), ("sepal", "Length and width of the sepals"))),),
            source="sklearn.datasets.load_iris (Fisher 1936)",
        ),
        Kind(
            "digits", "Digits", "Handwritten digits of 8 × 8 pixels",
            (_number("n", "Digits", 1797, 2, 1797), Setting("shape", "Shape of one", "choice", "flat", choices=(
                ("flat", "64"), ("image", "1 × 8 × 8"))),
             Setting("scale", "Grey values from 0 to 1", "bool", True, "Without it from 0 to 16, as they are stored")),
            source="sklearn.datasets.load_digits",
        ),
        Kind(
            "csv", "Table (CSV)", "A row for each point",
            (_PATH,
             Setting("delimiter", "Between cells", "choice", "auto", "Automatic: what the first line has most of", choices=(
                 ("auto", "Automatic"), (",", "Comma"), (";", "Semicolon"), ("\t", "Tab"), (" ", "Space"), ("|", "|"))),
             Setting("header", "First line", "choice", "auto", "Automatic: names of columns, unless it has a number", choices=(
                 ("auto", "Automatic"), ("yes", "Names of the columns"), ("no", "Numbers already"))),
             Setting("targets", "Targets", "columns", ["-1"], "Names of columns, or their numbers from 1; -1 is the last"),
             Setting("inputs", "Inputs", "columns", [], "All others, if none is named"), _TASK, _BAD, _LIMIT),
            (".csv", ".tsv", ".txt"),
        ),
        Kind(
            "arrays", "NumPy or safetensors", "Tensors whose first dimension counts the points",
            (_PATH, Setting("inputs", "Inputs", "array", ""), Setting("targets", "Targets", "array", ""),
             Setting("test_inputs", "Inputs for testing", "array", ""), Setting("test_targets", "Targets for testing", "array", ""),
             Setting("scale", "Bytes from 0 to 1", "bool", True, "uint8 over 255; other types stay as they are"), _TASK, _LIMIT),
            (".npy", ".npz", ".safetensors"),
        ),
        Kind(
            "images", "Folder of images", "A folder for each class with its images in it",
            (_PATH, _number("size", "Pixels across", 28, 1, 1024), Setting("colour", "Colour", "choice", "grey", choices=(
                ("grey", "Grey"), ("rgb", "Red, green, blue"))),
             Setting("shape", "Shape of one", "choice", "image", choices=(("image", "Channels × rows × columns"), ("flat", "Flat"))),
             _BAD, _LIMIT),
            ("/",),
        ),
    )
}  # fmt: skip

LAST_COLUMN = "-1"
"""As targets of one table: its last column."""


def refused(message: str, path: str = "") -> ProblemError:
    """What cannot be made or read."""
    return ProblemError((Problem(f"{path}: {message}" if path else message, "data"),))


def complete(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """All settings of a kind: those given, checked, and the defaults of the others.

    Raises: ProblemError naming the first that cannot be.
    """
    known = KINDS.get(kind)
    if known is None:
        raise refused(f"there is no data set {str(kind)[:60]!r}: there are {', '.join(KINDS)}")
    settings = {each.name: each for each in (*known.settings, *SPLIT)}
    for name in given:
        if name not in settings:
            raise refused(f"{kind} has no setting {str(name)[:60]!r}: it has {', '.join(settings)}")
    return {name: _checked(each, given[name]) if name in given else each.default for name, each in settings.items()}


def sound(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Those of some settings that a kind has and that can be: what a document says of its data may be anything."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        try:
            found[name] = complete(kind, {name: value})[name]
        except ProblemError:
            continue
    return found


def _checked(setting: Setting, value: Any) -> Any:
    words = f"{setting.name} cannot be {value!r}"[:200]
    match setting.kind:
        case "int" | "float":
            whole = setting.kind == "int"
            try:
                number = int(value) if whole else float(value)
            except (TypeError, ValueError, OverflowError):
                raise refused(f"{words}: it is a {'whole ' if whole else ''}number") from None
            if isinstance(value, bool | str) or (whole and number != value):
                raise refused(f"{words}: it is a {'whole ' if whole else ''}number")
            if not setting.low <= number <= setting.high:
                raise refused(f"{words}: it is from {setting.low:g} to {setting.high:g}")
            return number
        case "bool":
            if not isinstance(value, bool):
                raise refused(f"{words}: it is True or False")
        case "choice":
            allowed = [choice for choice, _ in setting.choices]
            if value not in allowed:
                raise refused(f"{words}: it is one of {', '.join(map(repr, allowed))}")
        case "columns":
            one = [value] if isinstance(value, str | int) else value
            if not isinstance(one, list | tuple) or not all(type(each) in (str, int) for each in one):
                raise refused(f"{words}: it is the name or number of a column, or a list of them")
            return [str(each) for each in one]
        case _:
            if not isinstance(value, str):
                raise refused(f"{words}: it is a text")
    return value


def kind_of_file(path: str, folder: bool) -> str:
    """The kind that reads a file of this name, or a folder; "" for none."""
    low = path.lower()
    for kind in KINDS.values():
        if any((suffix == "/") if folder else low.endswith(suffix) for suffix in kind.suffixes):
            return kind.name
    return ""
