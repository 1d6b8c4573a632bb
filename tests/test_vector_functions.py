"""The vector functions of native code: all widths, all ways, against fifty digits and against the scalars."""

from __future__ import annotations

import ctypes
import itertools
import math
import random
import struct
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import mpmath
import pytest
from mpmath import mp, mpf

binding = pytest.importorskip("llvmlite.binding")

from adcalc.algebras.floats import FLOATS  # noqa: E402
from adcalc.engines.native import libmvec, processor  # noqa: E402
from adcalc.engines.native.functions import VectorFunction, vector_function  # noqa: E402
from adcalc.table import PRIMITIVES  # noqa: E402

REFERENCES: dict[str, Callable[..., Any]] = {
    "exp": mp.exp,
    "exp2": lambda x: mp.power(2, x),
    "expm1": mp.expm1,
    "log": mp.log,
    "log2": lambda x: mp.log(x) / mp.log(2),
    "log10": lambda x: mp.log(x) / mp.log(10),
    "log1p": mp.log1p,
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": mp.tan,
    "sinc": lambda x: mp.sinpi(x) / (mp.pi * x) if x else mpf(1),
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "tanh": mp.tanh,
    "sech": mp.sech,
    "asin": mp.asin,
    "acos": mp.acos,
    "atan": mp.atan,
    "asinh": mp.asinh,
    "acosh": mp.acosh,
    "atanh": mp.atanh,
    "cbrt": lambda x: mp.sign(x) * mp.root(abs(x), 3),
    "erf": mp.erf,
    "erfc": mp.erfc,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "softplus": lambda x: mp.log1p(mp.exp(x)),
    "logit": lambda x: mp.log(x) - mp.log1p(-x),
    "gamma": mp.gamma,
    "lgamma": lambda x: mp.log(abs(mp.gamma(x))),
    "atan2": mp.atan2,
    "hypot": mp.hypot,
    "^": mp.power,
    "logaddexp": lambda x, y: max(x, y) + mp.log1p(mp.exp(-abs(x - y))),
    "xlogy": lambda x, y: x * mp.log(y),
    "xlog1py": lambda x, y: x * mp.log1p(y),
}
#: What SciPy computes has SciPy's accuracy; the numbers are compared with those of the scalar backends.
SCIPY = ("erfcx", "erfinv", "digamma", "beta", "lbeta", "normal_logcdf", "factorial")
NAMES = (*REFERENCES, *SCIPY)
PAIRS = ("atan2", "hypot", "^", "logaddexp", "xlogy", "xlog1py", "beta", "lbeta")

#: With the host's instructions and libraries, and with none but those that every processor and C library has.
WAYS = [pytest.param((width, plain), id=f"{width}{'-plain' * plain}") for width in (8, 4, 2) for plain in (False, True)]

Way = tuple[int, bool]

HUGE, TINY, NORMAL = math.ldexp(2.0 - 2.0**-52, 1023), 5e-324, 2.0**-1022
EDGES = [
    *(0.0, TINY, 1e-310, NORMAL, 1e-300, 1e-20, 0.25, 0.5, 0.75, 1.0, math.nextafter(1.0, 2.0), 2.0, 2.5, 3.0, 20.0),
    *(40.0, 170.5, 300.0, 700.0, 709.5, 709.78, 709.79, 710.4, 710.48, 711.0, 745.0, 745.2, 746.0, 800.0, 1022.0),
    *(1023.5, 1024.0, 1073.5, 1074.0, 1075.0, 1076.0, 1e5, 2.0**40, 2.0**41, 1e16, 1e22, 1e300, HUGE, math.inf),
]
EDGES = [*EDGES, *(-x for x in EDGES), math.nan]


def arity(name: str) -> int:
    return 2 if name in PAIRS else 1


def written(name: str, way: Way) -> VectorFunction | None:
    width, plain = way
    if not plain:
        return vector_function(name, arity(name), width)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(libmvec, "address", lambda *_: None)
        patch.setattr(processor, "has_avx512", lambda: False)
        found: VectorFunction | None = vector_function.__wrapped__(name, arity(name), width)
        return found


@cache
def compiled(way: Way) -> tuple[Any, dict[str, Any]]:
    """All functions, each in a loop, as one module."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    declared: dict[str, str] = {}
    texts = []
    for name in NAMES:
        function = written(name, way)
        assert function is not None, name
        declared |= function.declared
        texts += [function.text.replace("{attributes}", "alwaysinline nounwind"), loop(name, function.name, way[0])]
        for symbol, address in function.symbols.items():
            binding.add_symbol(symbol, address)
    module = binding.parse_assembly("\n".join([*declared.values(), *texts]))
    module.verify()
    machine = binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(), features=binding.get_host_cpu_features().flatten(), opt=2
    )
    passes = binding.create_pass_builder(machine, binding.create_pipeline_tuning_options(2))
    passes.getModulePassManager().run(module, passes)
    engine = binding.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    pointers = [ctypes.c_void_p] * 3
    prototype = ctypes.CFUNCTYPE(None, *pointers, ctypes.c_int64)
    return engine, {name: prototype(engine.get_function_address(f"test.{name}")) for name in NAMES}


def loop(name: str, function: str, width: int) -> str:
    """A function of C over whole vectors; of one argument, it ignores the second."""
    kind = f"<{width} x double>"
    given = ", ".join(f"{kind} %{letter}" for letter in "xy"[: arity(name)])
    return f"""
define void @"test.{name}"(ptr %to, ptr %xs, ptr %ys, i64 %count) {{
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %after ]
  %px = getelementptr double, ptr %xs, i64 %i
  %py = getelementptr double, ptr %ys, i64 %i
  %pr = getelementptr double, ptr %to, i64 %i
  %x = load {kind}, ptr %px, align 8
  %y = load {kind}, ptr %py, align 8
  %r = call {kind} @"{function}"({given})
  br label %after
after:
  store {kind} %r, ptr %pr, align 8
  %next = add i64 %i, {width}
  %more = icmp slt i64 %next, %count
  br i1 %more, label %loop, label %done
done:
  ret void
}}"""


def computed(name: str, way: Way, points: Sequence[tuple[float, ...]]) -> list[float]:
    """The values at some points."""
    count = -(-len(points) // 8) * 8
    filled = [*points, *[points[0]] * (count - len(points))]
    columns = [(ctypes.c_double * count)(*[point[i % len(point)] for point in filled]) for i in (0, 1)]
    found = (ctypes.c_double * count)()
    compiled(way)[1][name](found, *columns, count)
    return list(found)[: len(points)]


def scalar(name: str, point: tuple[float, ...]) -> float:
    return FLOATS.apply(PRIMITIVES[name], point)


def same(x: float, y: float) -> bool:
    return (x != x and y != y) or struct.pack("d", x) == struct.pack("d", y)


def ulps(value: float, exact: Any) -> float:
    """How far a value is off, in units in the last place of what is exact."""
    if not math.isfinite(value):
        # What is exact may be nearer to infinity than to the largest number.
        value = math.copysign(2.0**1023, value)
        return float(abs(2 * mpf(value) - exact) / mpf(2) ** 971) if abs(exact) < mpf(2) ** 1024 else 0.0
    exponent = max(int(mp.floor(mp.log(abs(exact), 2))) if exact else -1074, -1022)
    return float(abs(mpf(value) - exact) / mpf(2) ** (exponent - 52))


def numbers(name: str) -> list[float]:
    """Points over the whole range, densely about the ordinary ones, and where functions are delicate."""
    draw = random.Random(name)
    if name in ("gamma", "lgamma", "factorial", "digamma"):
        return [draw.uniform(0.0, 170.0) for _ in range(150)] + [draw.uniform(-20.0, 5.0) for _ in range(150)]
    every = [math.ldexp(draw.uniform(1.0, 2.0), draw.randrange(-1074, 1024)) for _ in range(80)]
    every += [draw.uniform(0.0, 20.0) for _ in range(80)] + [draw.uniform(0.0, 1.0) for _ in range(80)]
    every += [1.0 + math.ldexp(draw.uniform(-1.0, 1.0), -draw.randrange(50)) for _ in range(80)]
    every += [draw.uniform(0.0, 1100.0) for _ in range(80)]
    every += [math.ldexp(draw.uniform(1.0, 2.0), -draw.randrange(60)) for _ in range(40)]
    every += [0.5 * math.pi * draw.randrange(10 ** draw.randrange(1, 16)) for _ in range(40)]
    return [x * draw.choice((-1.0, 1.0)) for x in every]


def points(name: str) -> list[tuple[float, ...]]:
    if name not in PAIRS:
        return [(x,) for x in numbers(name)]
    first = numbers(name)
    second = random.Random(name).sample(first, len(first))
    if name in ("logaddexp", "beta", "lbeta"):
        # About 0 logaddexp has no digits to keep, nor has lbeta.
        draw = random.Random(name)
        return [(draw.uniform(1.0, 50.0), draw.uniform(1.0, 50.0)) for _ in first]
    if name == "^":
        near = [(1.0 + math.ldexp(x, -9), y * 2000.0) for x, y in zip(first, second, strict=True) if abs(x) < 99.0]
        whole = [(-abs(x), float(round(y))) for x, y in zip(first, second, strict=True) if abs(y) < 1e3]
        return [*zip(first, second, strict=True), *near, *whole]
    return list(zip(first, second, strict=True))


@cache
def expected(name: str) -> list[tuple[tuple[float, ...], Any]]:
    """Points within the domain, and what is exact there."""
    found = []
    with mpmath.workdps(60):
        for point in points(name):
            value = scalar(name, point)
            # Of what overflows or vanishes by far there is nothing to be computed.
            far = max(map(abs, point)) > 1e4 and (math.isinf(value) or value == 0.0)
            if value == value and not far:
                found.append((point, REFERENCES[name](*map(mpf, point))))
    return found


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", REFERENCES)
def test_within_four_units_in_the_last_place(name: str, way: Way) -> None:
    cases = expected(name)
    assert len(cases) > 60
    for (point, exact), value in zip(cases, computed(name, way, [point for point, _ in cases]), strict=True):
        # The gamma functions of glibc, Python and SciPy all are this far off in places.
        assert ulps(value, exact) < (6.0 if name == "gamma" else 4.0), (point, value)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", SCIPY)
def test_what_scipy_computes_is_what_it_computes_for_scalars(name: str, way: Way) -> None:
    cases = points(name)
    for point, value in zip(cases, computed(name, way, cases), strict=True):
        alone = scalar(name, point)
        # factorial is the gamma function of the C library here, and of Python there.
        assert same(value, alone) or (name == "factorial" and math.isclose(value, alone, rel_tol=1e-14)), point


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", NAMES)
def test_edges_are_those_of_the_scalars(name: str, way: Way) -> None:
    cases = list(itertools.product(EDGES, repeat=arity(name)))
    for point, value in zip(cases, computed(name, way, cases), strict=True):
        alone = scalar(name, point)
        if name == "sech" and 710.0 < abs(point[0]) < 746.0:
            # The scalar is 1/cosh(x), and 0 as soon as cosh(x) overflows.
            assert value == pytest.approx(2.0 * math.exp(-abs(point[0])), abs=TINY)
        elif name in ("gamma", "lgamma", "factorial") and math.isfinite(alone) and alone != 0.0:
            # Of the C library here, of Python there.
            assert value == pytest.approx(alone, rel=1e-14, abs=1e-15)
        elif alone in (0.0, 1.0, -1.0) or not math.isfinite(alone):
            assert same(value, alone), point
        else:
            assert value == alone or abs(value - alone) <= 4.0 * math.ulp(alone), (point, value, alone)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["sin", "tan", "log", "log1p", "atanh", "^", "logit"])
def test_a_lane_does_not_depend_on_its_neighbours(name: str, way: Way) -> None:
    ordinary = [(x, 2.5)[: arity(name)] for x in (0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9)]
    alone = computed(name, way, ordinary)
    for place, strange in itertools.product(range(8), (math.inf, 1e300, 0.0, -3.0, math.nan, TINY)):
        mixed = [*ordinary]
        mixed[place] = (strange, 2.5)[: arity(name)]
        found = computed(name, way, mixed)
        assert [x for i, x in enumerate(found) if i != place] == [x for i, x in enumerate(alone) if i != place]


def definitions(text: str) -> Iterator[str]:
    return (line for line in text.splitlines() if line.startswith("define"))


def test_functions_fit_into_one_module() -> None:
    names = [line.split("@")[1].split("(")[0] for name in NAMES for line in definitions(text_of(name))]
    assert len(set(names)) == len(names)


def text_of(name: str) -> str:
    function = vector_function(name, arity(name), 4)
    assert function is not None
    return function.text


def test_what_has_no_vector_function() -> None:
    assert vector_function("polygamma", 2, 8) is None
    assert vector_function("normal_cdf", 1, 8) is None
    assert vector_function("+", 2, 8) is None
    assert vector_function("hypot", 3, 8) is None
    assert vector_function("hypot", 1, 8) is not None


def test_code_without_a_vector_library_calls_none() -> None:
    for name, width in itertools.product(NAMES, (2, 4, 8)):
        function = written(name, (width, True))
        assert function is not None
        assert not any("_ZGV" in line or "x86" in line for line in function.declared)


def test_attributes_have_one_place() -> None:
    """So that the caller decides what is inlined; functions beside it have their own."""
    for name, way in itertools.product(NAMES, ((8, False), (4, True))):
        function = written(name, way)
        assert function is not None
        assert function.text.count("{attributes}") == 1
        assert f'define internal <{way[0]} x double> @"{function.name}"(' in function.text
