"""Declarations of math and of the methods of plain objects, in the form that ``ops.signature`` reads."""

from __future__ import annotations

from typing import Final

MATH_UNARY: Final = (
    "acos acosh asin asinh atan atanh cbrt cos cosh degrees erf erfc exp exp2 expm1 fabs gamma lgamma log10 log1p log2 radians sin sinh "
    "sqrt tan tanh ulp"
)

MATH = """
math.atan2(y, x) -> float # The angle of a point.
math.ceil(x) -> int # Rounded up.
math.floor(x) -> int # Rounded down.
math.trunc(x) -> int # Rounded towards zero.
math.comb(n: int, k: int) -> int # How many ways to choose.
math.perm(n: int, k: int? = None) -> int # How many ways to arrange.
math.copysign(x, y) -> float # x with the sign of y.
math.dist(p, q) -> float # The distance of two points.
math.factorial(n: int) -> int # n!.
math.fmod(x, y) -> float # The remainder with the sign of x.
math.frexp(x) -> tuple # Mantissa and exponent.
math.fsum(seq) -> float # An exact sum.
math.gcd(*integers) -> int # The greatest common divisor.
math.lcm(*integers) -> int # The least common multiple.
math.hypot(*coordinates) -> float # The length of a vector.
math.isclose(a, b, *, rel_tol: float = 1e-09, abs_tol: float = 0.0) -> bool # Whether two numbers are close.
math.isfinite(x) -> bool # Neither infinite nor NaN.
math.isinf(x) -> bool # Infinite.
math.isnan(x) -> bool # Not a number.
math.isqrt(n: int) -> int # The whole square root.
math.ldexp(x, i: int) -> float # x times 2 to the i.
math.log(x) -> float # The logarithm.
math.log(x, base) -> float
math.modf(x) -> tuple # Fraction and whole part.
math.nextafter(x, y) -> float # The next float towards y.
math.pow(x, y) -> float # x to the power of y.
math.prod(iterable, *, start = 1) -> any # The product of the items.
math.remainder(x, y) -> float # The remainder nearest to zero.
"""

OBJECTS = """
list.append(self: list, object) -> None ! mutate # Adds an item at the end.
list.extend(self: list, iterable) -> None ! mutate # Adds every item.
list.insert(self: list, index: int, object) -> None ! mutate # Puts an item before another.
list.pop(self: list, index: int = -1) -> any ! mutate # Takes an item out.
list.remove(self: list, value) -> None ! mutate # Takes out the first such item.
list.clear(self: list) -> None ! mutate # Takes every item out.
list.reverse(self: list) -> None ! mutate # Turns the order round.
list.sort(self: list, *, reverse: bool = False) -> None ! mutate # Puts the items in order.
list.copy(self: list) -> list # A new list of the same items.
list.index(self: list, value) -> int # Where an item stands.
list.count(self: list, value) -> int # How often an item stands there.
tuple.index(self: tuple, value) -> int # Where an item stands.
tuple.count(self: tuple, value) -> int # How often an item stands there.
str.format(self: str, *args) -> str # Fills the braces of a text.
str.join(self: str, iterable) -> str # Puts the texts together.
str.upper(self: str) -> str # In capitals.
str.lower(self: str) -> str # In small letters.
str.title(self: str) -> str # Every word with a capital.
str.capitalize(self: str) -> str # The first letter a capital.
str.strip(self: str, chars: str? = None) -> str # Without spaces around it.
str.lstrip(self: str, chars: str? = None) -> str # Without spaces before it.
str.rstrip(self: str, chars: str? = None) -> str # Without spaces behind it.
str.split(self: str, sep: str? = None, maxsplit: int = -1) -> list # Cut into a list.
str.replace(self: str, old: str, new: str) -> str # One text for another.
str.startswith(self: str, prefix) -> bool # Whether it begins so.
str.endswith(self: str, suffix) -> bool # Whether it ends so.
str.find(self: str, sub: str) -> int # Where a text stands in it, or -1.
str.index(self: str, sub: str) -> int # Where a text stands in it.
str.count(self: str, sub: str) -> int # How often a text stands in it.
str.center(self: str, width: int, fillchar: str = ' ') -> str # In the middle of a width.
str.ljust(self: str, width: int, fillchar: str = ' ') -> str # At the left of a width.
str.rjust(self: str, width: int, fillchar: str = ' ') -> str # At the right of a width.
str.zfill(self: str, width: int) -> str # Filled up with zeros.
dict.get(self: dict, key, default = None) -> any # The value of a key.
dict.items(self: dict) -> list # The pairs.
dict.keys(self: dict) -> list # The keys.
dict.values(self: dict) -> list # The values.
dict.copy(self: dict) -> dict # A new dict of the same pairs.
dict.pop(self: dict, key, default = None) -> any ! mutate # Takes a pair out.
dict.update(self: dict, other) -> None ! mutate # Adds pairs.
dict.setdefault(self: dict, key, default = None) -> any ! mutate # The value of a key, put there if missing.
dict.clear(self: dict) -> None ! mutate # Takes every pair out.
Size.numel(self: Size) -> int # How many elements a tensor of this shape has.
Size.index(self: Size, value: int) -> int # Where a size stands.
Size.count(self: Size, value: int) -> int # How often a size stands there.
int.bit_length(self: int) -> int # How many bits it takes.
int.conjugate(self: int) -> int # The number itself.
float.is_integer(self: float) -> bool # Whether it is a whole number.
float.hex(self: float) -> str # Its exact hexadecimal text.
float.conjugate(self: float) -> float # The number itself.
float.as_integer_ratio(self: float) -> tuple # As a fraction.
complex.conjugate(self: complex) -> complex # The conjugate.
range.index(self: range, value: int) -> int # Where a number stands.
range.count(self: range, value: int) -> int # How often a number stands there.
Generator.manual_seed(self: Generator, seed: int) -> Generator ! seed # Sets the seed.
Generator.seed(self: Generator) -> int ! seed # Takes a seed from the system.
Generator.initial_seed(self: Generator) -> int # The seed it was given.
Generator.get_state(self: Generator) -> Tensor # Its state as bytes.
Generator.set_state(self: Generator, new_state: Tensor) -> None ! seed # Takes a state back.
grad_fn.name(self: grad_fn) -> str # The name of a backward node.
"""
