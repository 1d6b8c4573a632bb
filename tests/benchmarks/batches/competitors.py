"""Who races: each competitor as a way to make a job of a formula, its data loaded and its code compiled or to be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import adcalc
from tests.benchmarks.batches import compiled
from tests.benchmarks.batches.formulas import AbsentError, Formula, fresh, needed, numpy_like

#: Arrays by name: the value `f`, a partial `x`, a second partial `x y`.
Arrays = Mapping[str, Any]


@dataclass(frozen=True)
class Task:
    """What is computed: the value and all derivatives up to an order, for so many rows."""

    formula: Formula
    order: int = 1
    rows: int = 10**6

    def names(self) -> list[str]:
        """The names of all results."""
        names = self.formula.variables
        second = [f"{x} {y}" for k, x in enumerate(names) for y in names[k:]] if self.order == 2 else []
        return ["f", *names, *second]


@dataclass(frozen=True)
class Job:
    """Something to repeat, and what it found."""

    run: Callable[[], object]
    results: Callable[[], Arrays]


Maker = Callable[[Task, Path], Job]


def adcalc_batch(task: Task, folder: Path, *, engine: str = "native", threads: int = 1, fast: bool = False) -> Job:
    function: Any = adcalc.parse(task.formula.text)
    if not hasattr(function, "batch"):
        raise AbsentError("this adcalc has no batches")
    if engine == "native":
        needed("llvmlite")
    at = task.formula.samples(task.rows)
    options = {"hessian": task.order == 2, "engine": engine, "threads": threads, "fast": fast}
    found = None

    def run() -> None:
        nonlocal found
        found = function.batch(at, **options, **({} if found is None else {"out": found}))

    def results() -> Arrays:
        assert found is not None
        second = found.hessian if task.order == 2 else {}
        return {"f": found.value, **found.partials} | {f"{x} {y}": second[x, y] for x, y in second}

    return Job(run, results)


def jax_job(task: Task, folder: Path, *, donated: bool = False, vector: bool = False) -> Job:
    """JAX's own way; `donated` lets it write over its last results, `vector` gives the variables as one."""
    jax, jnp = needed("jax"), needed("jax.numpy")
    jax.config.update("jax_enable_x64", True)
    variables = task.formula.variables
    every = tuple(range(len(variables)))
    scalar = task.formula.function(numpy_like(jnp))
    at = [jnp.array(column) for column in task.formula.samples(task.rows).values()]

    def row(*xs: Any) -> Any:
        first = jax.value_and_grad(scalar, every)(*xs)
        return (*first, jax.hessian(scalar, every)(*xs)) if task.order == 2 else first

    def row_of_vector(x: Any) -> Any:
        f = lambda x: scalar(*[x[k] for k in every])  # noqa: E731
        first = jax.value_and_grad(f)(x)
        return (*first, jax.hessian(f)(x)) if task.order == 2 else first

    if vector:
        at = [jnp.stack(at, axis=1)]
        batch = jax.vmap(row_of_vector)
    else:
        batch = jax.vmap(row)
    # New arrays each time cost a million page faults; donated ones are written again.
    step = (
        jax.jit(lambda xs, old: batch(*xs), donate_argnums=1, keep_unused=True)
        if donated
        else jax.jit(lambda xs, old: batch(*xs))
    )
    found: Any = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), jax.eval_shape(batch, *at)) if donated else None

    def run() -> None:
        nonlocal found
        found = jax.block_until_ready(step(at, found if donated else None))

    def results() -> Arrays:
        value, first, *second = found
        columns = {"f": value}
        columns |= {x: first[:, k] if vector else first[k] for k, x in enumerate(variables)}
        for matrix in second:
            for k, x in enumerate(variables):
                for j in range(k, len(variables)):
                    columns[f"{x} {variables[j]}"] = matrix[:, k, j] if vector else matrix[k][j]
        return columns

    return Job(run, results)


def torch_job(task: Task, folder: Path, *, in_place: bool = False) -> Job:
    """A compiled `vmap(grad_and_value)`; `in_place` has it write into given tensors."""
    torch = needed("torch")
    if task.order != 1:
        raise AbsentError("for values and partials only")
    variables = task.formula.variables
    scalar = task.formula.function(numpy_like(torch))
    at = [torch.tensor(column) for column in task.formula.samples(task.rows).values()]
    batch = torch.func.vmap(torch.func.grad_and_value(scalar, argnums=tuple(range(len(variables)))))
    buffers = [torch.empty_like(at[0]) for _ in task.names()]

    def write(at: Any, buffers: Any) -> None:
        partials, value = batch(*at)
        for buffer, column in zip(buffers, (value, *partials), strict=True):
            buffer.copy_(column)

    step = torch.compile(write if in_place else batch, dynamic=False, fullgraph=True)
    found: Any = None

    def run() -> None:
        nonlocal found
        found = step(at, buffers) if in_place else step(*at)

    def results() -> Arrays:
        columns = buffers if in_place else [found[1], *found[0]]
        return dict(zip(task.names(), columns, strict=True))

    return Job(run, results)


def c_job(task: Task, folder: Path, *, body: Callable[[Formula], str], width: int) -> Job:
    """C, its loop over vectors of so many bits."""
    if task.order != 1:
        raise AbsentError("for values and partials only")
    text = compiled.loop(task.formula, body(task.formula))
    call = compiled.library(text, folder, f"-mprefer-vector-width={width}")
    at = list(task.formula.samples(task.rows).values())
    found = {name: compiled.aligned(task.rows) for name in task.names()}
    columns = [*at, *found.values()]
    return Job(lambda: call(columns), lambda: found)


def numexpr_job(task: Task, folder: Path, *, steps: bool = False) -> Job:
    """One expression for each result; with `steps`, common subexpressions as columns of their own."""
    numexpr, sympy = needed("numexpr"), needed("sympy")
    numexpr.set_num_threads(1)
    at = task.formula.samples(task.rows)
    wanted = task.formula.derivatives(task.order)
    shared, results = sympy.cse(list(wanted.values())) if steps else ([], list(wanted.values()))
    if len(shared) * task.rows > 4 * 10**8:
        raise AbsentError("too many shared columns")
    constants: dict[Any, Any] = {}
    for name, step in shared:
        if not step.free_symbols - constants.keys():
            constants[name] = sympy.N(step.xreplace(constants), 17)
    shared = [(name, step.xreplace(constants)) for name, step in shared if name not in constants]
    results = [result.xreplace(constants) for result in results]
    written = needed("sympy.printing.lambdarepr").NumExprPrinter()._print
    expressions = {str(name): written(step) for name, step in shared}
    expressions |= {f"result{k}": written(sympy.N(result, 17)) for k, result in enumerate(results)}
    buffers = {name: np.zeros(task.rows) for name in expressions}
    columns = at | buffers

    def run() -> None:
        for name, text in expressions.items():
            numexpr.evaluate(text, columns, {}, out=buffers[name], casting="unsafe")

    try:
        run()
    except (NotImplementedError, TypeError, ValueError, RecursionError) as problem:
        raise AbsentError(f"numexpr refuses: {problem}") from None
    return Job(run, lambda: {name: buffers[f"result{k}"] for k, name in enumerate(wanted)})


def sympy_job(task: Task, folder: Path) -> Job:
    """SymPy's NumPy code, common subexpressions shared."""
    sympy = needed("sympy")
    wanted = task.formula.derivatives(task.order)
    call = sympy.lambdify(task.formula.variables, list(wanted.values()), modules="numpy", cse=True)
    at = task.formula.samples(task.rows).values()
    found: list[Any] = []

    def run() -> None:
        found[:] = call(*at)

    return Job(run, lambda: dict(zip(wanted, found, strict=True)))


def triad_job(task: Task, folder: Path) -> Job:
    """Memory's own speed: two columns read, one written past the caches."""
    call = compiled.triad(folder)
    columns = [compiled.aligned(task.rows) for _ in range(3)]
    return Job(lambda: call(columns), dict)


def adcalc_first(task: Task, folder: Path) -> Job:
    """A formula that is new each time, from its text to its first results."""
    if not hasattr(adcalc.Function, "batch"):
        raise AbsentError("this adcalc has no batches")
    needed("llvmlite")
    at = fresh(0).samples(task.rows)
    seeds = iter(range(1, 10**6))

    def run() -> None:
        function: Any = adcalc.parse(fresh(next(seeds)).text)
        function.batch(at, engine="native", threads=1)

    return Job(run, dict)


def jax_first(task: Task, folder: Path) -> Job:
    """The same for JAX."""
    jax, jnp = needed("jax"), needed("jax.numpy")
    jax.config.update("jax_enable_x64", True)
    at = [jnp.array(column) for column in fresh(0).samples(task.rows).values()]
    seeds = iter(range(1, 10**6))

    def run() -> None:
        scalar = fresh(next(seeds)).function(numpy_like(jnp))
        jax.block_until_ready(jax.jit(jax.vmap(jax.value_and_grad(scalar, tuple(range(len(at))))))(*at))

    return Job(run, dict)


#: By name; the first word is the family, of which the fastest member counts.
MAKERS: Mapping[str, Maker] = {
    "adcalc": adcalc_batch,
    "adcalc:fast": partial(adcalc_batch, fast=True),
    "adcalc:2-threads": partial(adcalc_batch, threads=2),
    "adcalc:numpy": partial(adcalc_batch, engine="numpy"),
    "adcalc:first": adcalc_first,
    "jax": jax_job,
    "jax:donated": partial(jax_job, donated=True),
    "jax:vector": partial(jax_job, vector=True),
    "jax:first": jax_first,
    "torch": torch_job,
    "torch:in-place": partial(torch_job, in_place=True),
    "c:hand-256": partial(c_job, body=compiled.by_hand, width=256),
    "c:hand-512": partial(c_job, body=compiled.by_hand, width=512),
    "c:sympy-256": partial(c_job, body=compiled.by_sympy, width=256),
    "c:sympy-512": partial(c_job, body=compiled.by_sympy, width=512),
    "numexpr": numexpr_job,
    "numexpr:steps": partial(numexpr_job, steps=True),
    "sympy": sympy_job,
    "triad": triad_job,
}
