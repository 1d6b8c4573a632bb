"""Small networks: losses and all gradients against back-propagation written out by hand in NumPy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pytest

import adcalc

Array: TypeAlias = Any
Data: TypeAlias = dict[str, Array]

EXACT = ("reverse", "dual", "symbolic")


class Network(NamedTuple):
    """A program over arrays, its data, and loss and gradients by hand."""

    program: str
    at: Data
    by_hand: Callable[[Data], tuple[float, Data]]
    """The loss, and its derivative by the parameters and by names of the program."""


def blobs(random: np.random.Generator, count: int, inputs: int) -> tuple[Array, Array]:
    """Two clouds of points, and which cloud each belongs to."""
    labels = np.arange(count) % 2
    return random.normal(size=(count, inputs)) + 2.0 * labels[:, None] - 1.0, labels.astype(float)


def layers(random: np.random.Generator, *widths: int) -> Data:
    """Weights and biases between layers."""
    found: Data = {}
    for number, (before, after) in enumerate(pairwise(widths), 1):
        found[f"W{number}"] = random.normal(size=(before, after)) / np.sqrt(before)
        found[f"b{number}"] = 0.1 * random.normal(size=after)
    return found


def classifier() -> Network:
    """5-25-25-2 with tanh and cross entropy."""
    random = np.random.default_rng(42)
    x, labels = blobs(random, 30, 5)

    def by_hand(p: Data) -> tuple[float, Data]:
        h1 = np.tanh(p["X"] @ p["W1"] + p["b1"])
        h2 = np.tanh(h1 @ p["W2"] + p["b2"])
        z = h2 @ p["W3"] + p["b3"]
        shifted = z - z.max(1, keepdims=True)
        logs = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
        rows, places = np.arange(len(z)), p["t"].astype(int)
        dz = np.exp(logs)
        dz[rows, places] -= 1.0
        dz /= len(z)
        dh2 = dz @ p["W3"].T
        da2 = dh2 * (1 - h2**2)
        dh1 = da2 @ p["W2"].T
        da1 = dh1 * (1 - h1**2)
        gradients = {
            "z": dz, "h2": dh2, "h1": dh1, "W3": h2.T @ dz, "b3": dz.sum(0), "W2": h1.T @ da2, "b2": da2.sum(0),
            "W1": p["X"].T @ da1, "b1": da1.sum(0), "X": da1 @ p["W1"].T,
        }  # fmt: skip
        return float(-logs[rows, places].mean()), gradients

    program = "h1 = tanh(X@W1 + b1); h2 = tanh(h1@W2 + b2); z = h2@W3 + b3; cross_entropy(z, t)"
    return Network(program, {"X": x, "t": labels, **layers(random, 5, 25, 25, 2)}, by_hand)


def regressor() -> Network:
    """3-8-1 with sigmoid and the mean squared error."""
    random = np.random.default_rng(43)
    x = random.normal(size=(20, 3))
    target = np.sin(x.sum(1, keepdims=True))

    def by_hand(p: Data) -> tuple[float, Data]:
        h = 1 / (1 + np.exp(-(p["X"] @ p["W1"] + p["b1"])))
        y = h @ p["W2"] + p["b2"]
        dy = 2 * (y - p["t"]) / y.size
        dh = dy @ p["W2"].T
        da = dh * h * (1 - h)
        gradients = {
            "y": dy, "h": dh, "W2": h.T @ dy, "b2": dy.sum(0), "W1": p["X"].T @ da, "b1": da.sum(0), "X": da @ p["W1"].T, "t": -dy,
        }  # fmt: skip
        return float(((y - p["t"]) ** 2).mean()), gradients

    program = "h = sigmoid(X@W1 + b1)\ny = h@W2 + b2\nmse(y, t)"
    return Network(program, {"X": x, "t": target, **layers(random, 3, 8, 1)}, by_hand)


def logistic() -> Network:
    """Logistic regression with a penalty on the weights, in the words of an index."""
    random = np.random.default_rng(44)
    x, labels = blobs(random, 25, 4)

    def by_hand(p: Data) -> tuple[float, Data]:
        z = p["X"] @ p["w"] + p["b"]
        s = 2 * p["t"] - 1
        slope = -s / (1 + np.exp(s * z)) / len(z)
        loss = np.logaddexp(0, -s * z).mean() + p["l"] * (p["w"] ** 2).sum()
        gradients = {
            "z": slope, "w": p["X"].T @ slope + 2 * p["l"] * p["w"], "b": slope.sum(), "l": (p["w"] ** 2).sum(),
            "X": np.outer(slope, p["w"]),
        }  # fmt: skip
        return float(loss), gradients

    program = (
        "z = [sum(X[i, j]*w[j] for j in 0..len(w)-1) + b for i in 0..len(X)-1]; s = 2*t - 1; "
        "mean(log(1 + exp(-s*z))) + l*norm(w)^2"
    )
    return Network(program, {"X": x, "t": labels, "w": random.normal(size=4), "b": 0.3, "l": 0.1}, by_hand)


def convolution() -> Network:
    """One convolution of a signal, rectified, with the largest pool."""
    random = np.random.default_rng(45)
    signal, kernel = random.normal(size=40), random.normal(size=5)

    def by_hand(p: Data) -> tuple[float, Data]:
        x, k = p["x"], p["k"]
        windows = np.stack([x[i : i + 5] for i in range(36)])
        y = windows @ k
        r = np.where(y > 0, y, 0)
        pools = r.reshape(12, 3)
        dr = np.zeros((12, 3))
        dr[np.arange(12), pools.argmax(1)] = 2 * pools.max(1)
        # Where a whole pool is rectified to 0 its largest entry is 0, and so is the derivative of its square.
        dy = dr.ravel() * (y > 0)
        dx = np.zeros(40)
        for i in range(36):
            dx[i : i + 5] += dy[i] * k
        return float((pools.max(1) ** 2).sum()), {"y": dy, "k": windows.T @ dy, "x": dx}

    program = "y = [sum(x[i + j]*k[j] for j in 0..4) for i in 0..35]; sum(max(reshape(relu(y), [12, 3]), axis=1)^2)"
    return Network(program, {"x": signal, "k": kernel}, by_hand)


NETWORKS: Mapping[str, Network] = {
    "classifier": classifier(), "regressor": regressor(), "logistic regression": logistic(), "convolution": convolution(),
}  # fmt: skip


def near(found: Any, wanted: Any, tolerance: float = 1e-12) -> bool:
    """The same shape, and the same entries measured by the largest."""
    found, wanted = np.asarray(found), np.asarray(wanted)
    return found.shape == wanted.shape and bool(np.abs(found - wanted).max() <= tolerance * np.abs(wanted).max())


@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize("name", NETWORKS)
def test_all_parameters(name: str, backend: str) -> None:
    """Loss and gradients by every input of a network are those of back-propagation by hand."""
    network = NETWORKS[name]
    loss, gradients = network.by_hand(network.at)
    wrt = [each for each in gradients if each in network.at]
    found = adcalc.gradient(network.program, network.at, wrt, backend)
    assert found.value == pytest.approx(loss, rel=1e-13)
    for each in wrt:
        assert near(found.partials[each], gradients[each]), each


@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize("name", NETWORKS)
def test_layers_by_name(name: str, backend: str) -> None:
    """The derivative by a layer's output is asked for by the layer's name, alone or beside parameters."""
    network = NETWORKS[name]
    _, gradients = network.by_hand(network.at)
    hidden = [each for each in gradients if each not in network.at]
    parameter = next(each for each in gradients if each in network.at)
    found = adcalc.gradient(network.program, network.at, [*hidden, parameter], backend)
    assert list(found.partials) == [*hidden, parameter]
    for each in (*hidden, parameter):
        assert near(found.partials[each], gradients[each]), each


@pytest.mark.parametrize("backend", ["reverse", "symbolic"])
def test_descent(backend: str) -> None:
    """Forty steps downhill, each from the gradient of the last: the losses by hand and by adcalc stay together."""
    network = NETWORKS["classifier"]
    parameters = [name for name in network.at if name[0] in "Wb"]
    mine, theirs = dict(network.at), dict(network.at)
    function = adcalc.parse(network.program)
    losses = []
    for _ in range(40):
        loss, gradients = network.by_hand(mine)
        found = function.gradient(theirs, parameters, backend)
        assert found.value == pytest.approx(loss, rel=1e-10)
        losses.append(loss)
        mine |= {name: mine[name] - 0.5 * gradients[name] for name in parameters}
        theirs |= {name: theirs[name] - 0.5 * found.partials[name] for name in parameters}
    assert losses[-1] < 0.3 * losses[0]


def test_a_network_is_its_own_jacobian_vector_product() -> None:
    """Forward along a direction, the loss moves as the gradient by hand says."""
    network = NETWORKS["classifier"]
    _, gradients = network.by_hand(network.at)
    random = np.random.default_rng(1)
    tangent = {name: random.normal(size=np.shape(network.at[name])) for name in network.at if name[0] in "Wb"}
    moved = adcalc.parse(network.program).jvp(network.at, tangent).tangent
    assert moved == pytest.approx(sum((gradients[name] * along).sum() for name, along in tangent.items()), rel=1e-12)


def test_curvature_along_a_direction() -> None:
    """The Hessian times a vector, without the Hessian, is the slope of the gradient by hand along the vector."""
    network = NETWORKS["classifier"]
    random = np.random.default_rng(2)
    names = [name for name in network.at if name[0] in "Wb"]
    vector = {name: random.normal(size=np.shape(network.at[name])) for name in names}
    found = adcalc.parse(network.program).hvp(network.at, vector, names)

    def gradient(step: float) -> Data:
        return network.by_hand({**network.at, **{name: network.at[name] + step * vector[name] for name in names}})[1]

    h = 2e-4
    far, near_, back, behind = gradient(2 * h), gradient(h), gradient(-h), gradient(-2 * h)
    for name in names:
        slope = (behind[name] - 8 * back[name] + 8 * near_[name] - far[name]) / (12 * h)
        assert near(found.products[name], slope, 1e-8), name
