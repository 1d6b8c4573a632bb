"""The commands, in the order of the help, with what each says of itself there."""

from __future__ import annotations

#: Every command: one module of this folder each, with the help line shown in the list.
COMMANDS = {
    "eval": "The value of a formula.",
    "grad": "The value and the gradient; without a point, the formulas of the partials.",
    "hessian": "Value, gradient, Hessian, eigenvalues and definiteness.",
    "jacobian": "The value of several entries and all their partial derivatives.",
    "jvp": "The Jacobian times a vector: how the value moves along a tangent.",
    "vjp": "A vector times the Jacobian: what the entries of the value owe to each variable.",
    "hvp": "The Hessian times a vector.",
    "batch": "Value and derivatives for every row of a table.",
    "diff": "The derivative as a formula.",
    "compare": "Every backend side by side.",
    "functions": "What the language can compute, with the derivative rule of each.",
    "backends": "The ways to a derivative.",
    "repl": "An interactive session.",
}
