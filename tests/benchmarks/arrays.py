"""Gradients over arrays against hand-written NumPy, PyTorch, JAX and autograd, in float64.

    python -m tests.benchmarks.arrays [--threads 1] [--rounds 15]

Every peer works in a process of its own with the same number of threads, so that no pool of threads waits
in another one's way; the processes take turns, and the medians are shown.  A peer that is not installed is
left out by name.  A ratio above 1 says how many times longer than adcalc a peer takes.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import numpy as np

import adcalc

Work = Callable[[], object]

NETWORK = "h = sigmoid(X@W1 + b1); cross_entropy(h@W2 + b2, labels)"
ROSENBROCK = "sum(100*(x[i+1] - x[i]^2)^2 + (1 - x[i])^2 for i in 0..n-2)"
WEIGHTS = ["W1", "b1", "W2", "b2"]
LAYERS, WIDTH, BATCH = 20, 512, 2048
DEEP = "; ".join(["h0 = X", *[f"h{k + 1} = tanh(h{k}@W{k})" for k in range(LAYERS)], f"sum(h{LAYERS}^2)"])

#: Formulas whose gradient is to cost at most four times their value, at some large point.
COSTS: Mapping[str, Mapping[str, tuple[int, ...]]] = {
    "sum(sin(x)*exp(x))": {"x": (10**6,)},
    "logsumexp(x)": {"x": (10**6,)},
    "norm(x)": {"x": (10**6,)},
    "sum(x^2*y)": {"x": (10**6,), "y": (10**6,)},
    "mean(tanh(A)^2)": {"A": (1000, 1000)},
    "cross_entropy(A, labels)": {"A": (5000, 200)},
    "sum(softmax(A)^2)": {"A": (5000, 200)},
    "x'*A*x": {"A": (2000, 2000), "x": (2000,)},
    "sum(A@B)": {"A": (600, 600), "B": (600, 600)},
    "sum((A@B)^2)": {"A": (600, 600), "B": (600, 600)},
    "sum(A[:,0]*x) + sum(A*B)": {"A": (1000, 1000), "B": (1000, 1000), "x": (1000,)},
    "logdet(A@A.T + eye(300))": {"A": (300, 300)},
}


def network() -> dict[str, Any]:
    """The point of a network of 784, 128 and 10 units and 64 samples."""
    r = np.random.default_rng(0)
    return {
        "X": r.normal(size=(64, 784)), "W1": r.normal(size=(784, 128))*0.05, "b1": np.zeros(128),
        "W2": r.normal(size=(128, 10))*0.1, "b2": np.zeros(10), "labels": r.integers(0, 10, 64).astype(float),
    }  # fmt: skip


def valley() -> dict[str, Any]:
    """The point of Rosenbrock's function."""
    return {"x": np.random.default_rng(1).normal(size=10**6), "n": 10**6}


def deep() -> dict[str, Any]:
    """The point of a network of many layers."""
    r = np.random.default_rng(2)
    weights = {f"W{k}": r.normal(size=(WIDTH, WIDTH)) / WIDTH**0.5 for k in range(LAYERS)}
    return {"X": r.normal(size=(BATCH, WIDTH)), **weights}


def adcalc_network() -> Work:
    f, at = adcalc.parse(NETWORK), network()
    return lambda: f.gradient(at, wrt=WEIGHTS)


def adcalc_rosenbrock() -> Work:
    f, at = adcalc.parse(ROSENBROCK), valley()
    return lambda: f.gradient(at, wrt=["x"])


def adcalc_deep() -> Work:
    f, at = adcalc.parse(DEEP), deep()
    return lambda: f.gradient(at, wrt=[f"W{k}" for k in range(LAYERS)])


def numpy_rosenbrock() -> Work:
    x = valley()["x"]

    def work() -> object:
        a = x[:-1]
        d = np.multiply(a, a)
        np.subtract(x[1:], d, out=d)
        e = np.subtract(1.0, a)
        value = 100 * np.dot(d, d) + np.dot(e, e)
        gradient = np.empty_like(x)
        gradient[0] = 0.0
        np.multiply(d, 200.0, out=gradient[1:])
        d *= a
        d *= 400.0
        gradient[:-1] -= d
        e *= 2.0
        gradient[:-1] -= e
        return value, gradient

    return work


def numpy_network() -> Work:
    p = network()
    ones = np.eye(10)[p["labels"].astype(int)]

    def work() -> object:
        h = 1.0 / (1.0 + np.exp(-(p["X"] @ p["W1"] + p["b1"])))
        z = h @ p["W2"] + p["b2"]
        z -= z.max(axis=1, keepdims=True)
        risen = np.exp(z)
        total = risen.sum(axis=1, keepdims=True)
        value = -np.sum(ones * (z - np.log(total))) / 64
        g = (risen / total - ones) / 64
        back = (g @ p["W2"].T) * h * (1.0 - h)
        return value, p["X"].T @ back, back.sum(axis=0), h.T @ g, g.sum(axis=0)

    return work


def torch_network() -> Work:
    torch = import_module("torch")

    t = {name: torch.tensor(value) for name, value in network().items()}
    weights = [t[name].requires_grad_() for name in WEIGHTS]
    labels = t["labels"].long()

    def work() -> object:
        for weight in weights:
            weight.grad = None
        h = torch.sigmoid(t["X"] @ weights[0] + weights[1])
        loss = torch.nn.functional.cross_entropy(h @ weights[2] + weights[3], labels)
        loss.backward()
        return loss.item(), [weight.grad for weight in weights]

    return work


def torch_rosenbrock() -> Work:
    torch = import_module("torch")

    x = torch.tensor(valley()["x"], requires_grad=True)

    def work() -> object:
        x.grad = None
        a = x[:-1]
        value = torch.sum(100 * (x[1:] - a**2) ** 2 + (1 - a) ** 2)
        value.backward()
        return value.item(), x.grad

    return work


def torch_deep() -> Work:
    torch = import_module("torch")

    at = deep()
    h0 = torch.tensor(at["X"])
    weights = [torch.tensor(at[f"W{k}"], requires_grad=True) for k in range(LAYERS)]
    del at

    def work() -> object:
        h = h0
        for weight in weights:
            weight.grad = None
        for weight in weights:
            h = torch.tanh(h @ weight)
        torch.sum(h**2).backward()
        return [weight.grad for weight in weights]

    return work


def jax_network() -> Work:
    jax, jnp = import_module("jax"), import_module("jax.numpy")

    jax.config.update("jax_enable_x64", True)
    p = {name: jnp.array(value) for name, value in network().items()}
    labels = p["labels"].astype(int)

    def loss(*weights: Any) -> Any:
        h = jax.nn.sigmoid(p["X"] @ weights[0] + weights[1])
        z = jax.nn.log_softmax(h @ weights[2] + weights[3])
        return -jnp.mean(jnp.take_along_axis(z, labels[:, None], 1))

    step = jax.jit(jax.value_and_grad(loss, argnums=(0, 1, 2, 3)))
    return lambda: jax.block_until_ready(step(*[p[name] for name in WEIGHTS]))


def jax_rosenbrock() -> Work:
    jax, jnp = import_module("jax"), import_module("jax.numpy")

    jax.config.update("jax_enable_x64", True)
    x = jnp.array(valley()["x"])
    step = jax.jit(jax.value_and_grad(lambda x: jnp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)))
    return lambda: jax.block_until_ready(step(x))


def autograd_rosenbrock() -> Work:
    autograd, anp = import_module("autograd"), import_module("autograd.numpy")

    step = autograd.value_and_grad(lambda x: anp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2))
    x = valley()["x"]
    return lambda: step(x)


def cost(text: str, *, gradient: bool) -> Work:
    """The value, or the gradient, of one of the formulas of `COSTS`."""
    r = np.random.default_rng(3)
    at: dict[str, Any] = {name: r.normal(size=shape) for name, shape in COSTS[text].items()}
    wrt = list(at)
    if "labels" in text:
        at["labels"] = r.integers(0, 200, 5000).astype(float)
    f = adcalc.parse(text)
    return (lambda: f.gradient(at, wrt=wrt)) if gradient else (lambda: f.value(at))


CASES: Mapping[str, Mapping[str, Callable[[], Work]]] = {
    "network 784-128-10, batch 64": {
        "adcalc": adcalc_network, "numpy": numpy_network, "torch": torch_network, "jax": jax_network,
    },
    "rosenbrock, 10^6 entries": {
        "adcalc": adcalc_rosenbrock, "numpy": numpy_rosenbrock, "torch": torch_rosenbrock, "jax": jax_rosenbrock,
        "autograd": autograd_rosenbrock,
    },
    f"tanh network, {LAYERS} x {WIDTH}, batch {BATCH}": {"adcalc": adcalc_deep, "torch": torch_deep},
}  # fmt: skip


def worker(case: str, peer: str, threads: int) -> None:
    """Works in a process of its own: for each line read, so many repetitions, and a line of seconds written."""
    try:
        if peer == "torch":
            torch = import_module("torch")

            torch.set_num_threads(threads)
        make = CASES[case][peer] if case in CASES else lambda: cost(case, gradient=peer == "gradient")
        work = make()
    except ImportError as missing:
        print(json.dumps({"missing": str(missing)}), flush=True)
        return
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"before": before}), flush=True)
    for line in sys.stdin:
        seconds = []
        for _ in range(int(line)):
            begin = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - begin)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        print(json.dumps({"seconds": seconds, "peak": peak}), flush=True)


class Peer:
    """A process that repeats one thing when it is told to."""

    def __init__(self, case: str, name: str, threads: int) -> None:
        variables = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        environment = {**os.environ, **dict.fromkeys(variables, str(threads))}
        if threads == 1:
            environment["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        self.name = name
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.arrays", "--worker", case, name, "--threads", str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        answer = self._read()
        self.missing = answer.get("missing", "")
        self.first = 0.0
        self.peak = 0
        self.seconds: list[float] = []

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        answer: dict[str, Any] = json.loads(self._process.stdout.readline() or '{"missing": "it stopped"}')
        return answer

    def repeat(self, count: int) -> list[float]:
        """Takes the time of some repetitions."""
        assert self._process.stdin is not None
        print(count, file=self._process.stdin, flush=True)
        answer = self._read()
        self.peak = answer["peak"]
        seconds: list[float] = answer["seconds"]
        return seconds

    def stop(self) -> None:
        """Ends the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def measured(case: str, names: list[str], threads: int, rounds: int) -> list[Peer]:
    """Peers that have taken turns."""
    peers = []
    for name in names:
        peer = Peer(case, name, threads)
        if peer.missing:
            print(f"{case}: {name} left out, {peer.missing}")
        else:
            peers.append(peer)
    for peer in peers:
        (peer.first,) = peer.repeat(1)
    repetitions = max(1, min(50, int(0.1 / max(min(peer.repeat(1)[0] for peer in peers), 1e-6))))
    for _ in range(rounds):
        for peer in peers:
            # Its memory and its caches are cold after the others had their turn.
            peer.repeat(1)
            peer.seconds += peer.repeat(repetitions)
    for peer in peers:
        peer.stop()
    return peers


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", default="", help="cases whose name holds this text")
    parser.add_argument("--worker", nargs=2, metavar=("CASE", "PEER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        case, peer = options.worker
        worker(case, peer, options.threads)
        return
    for case, makers in CASES.items():
        if options.only not in case:
            continue
        peers = measured(case, list(makers), options.threads, options.rounds if "tanh" not in case else 3)
        print(f"\n{case}, threads: {options.threads}")
        print(f"  {'':10}{'first ms':>10}{'median ms':>11}{'min ms':>9}{'to adcalc':>11}{'peak MB':>9}")
        own = next(peer.median for peer in peers if peer.name == "adcalc")
        for peer in peers:
            times = f"{peer.first * 1e3:10.2f}{peer.median * 1e3:11.3f}{min(peer.seconds) * 1e3:9.3f}"
            print(f"  {peer.name:10}{times}{peer.median / own:10.2f}x{peer.peak / 1024:9.0f}")
    print(f"\n{'gradient and value':32}{'value ms':>10}{'gradient ms':>13}{'ratio':>8}")
    for text in COSTS:
        if options.only in text:
            value, gradient = measured(text, ["value", "gradient"], options.threads, 3)
            ratio = gradient.median / value.median
            print(f"{text:32}{value.median * 1e3:10.2f}{gradient.median * 1e3:13.2f}{ratio:7.2f}x")


if __name__ == "__main__":
    main()
