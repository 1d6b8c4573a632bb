"""From LLVM's intermediate representation to a function that can be called: llvmlite does the work.

Machine code is for the processor it is made on, and for no other.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import count
from typing import Any, NamedTuple, TypeAlias

from adcalc.errors import MissingExtra

#: first row, number after the last, and three tables of addresses: columns, uniform numbers, results.
Kernel: TypeAlias = Callable[[Any, Any, Any, int, int], int]


class Host(NamedTuple):
    """The processor that code is made for."""

    triple: str
    name: str
    features: str
    width: int
    """Doubles in a vector register."""
    llvm: str
    """LLVM's version."""


def available() -> bool:
    """Whether machine code can be made: the extra `native` is installed."""
    from importlib.util import find_spec

    return find_spec("llvmlite") is not None


@cache
def host() -> Host:
    """The processor of this machine.

    Raises:
        MissingExtra: llvmlite is not installed.
    """
    llvm = binding()
    try:
        features = llvm.get_host_cpu_features()
    except RuntimeError:
        # LLVM does not know the processor: vectors of two are there on all.
        return Host(llvm.get_process_triple(), "", "", 2, ".".join(map(str, llvm.llvm_version_info)))
    width = 8 if features.get("avx512f") else 4 if features.get("avx2") and features.get("fma") else 2
    return Host(
        llvm.get_process_triple(),
        llvm.get_host_cpu_name(),
        features.flatten(),
        width,
        ".".join(map(str, llvm.llvm_version_info)),
    )


@cache
def binding() -> Any:
    """llvmlite, ready for this processor.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        from llvmlite import binding as llvm
    except (ImportError, OSError):
        message = "machine code is made by llvmlite, which is not installed"
        raise MissingExtra(message, hint="pip install 'adcalc[native]'") from None
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


class _Session(NamedTuple):
    """LLVM's linker in memory, and names for what it links."""

    linker: Any
    numbers: Iterator[int]


@cache
def _session() -> _Session:
    return _Session(binding().create_lljit_compiler(_machine()), count())


def _machine() -> Any:
    """What LLVM knows of the processor."""
    target = binding().Target.from_triple(host().triple)
    return target.create_target_machine(cpu=host().name, features=host().features, opt=2, jit=True)


def object_code(text: str) -> bytes:
    """The machine code of a module.

    Args:
        text: LLVM's intermediate representation.
    """
    llvm = binding()
    machine = _machine()
    module = llvm.parse_assembly(text)
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    # The code is a loop over vectors already.
    options.loop_vectorization = False
    options.slp_vectorization = False
    options.loop_unrolling = False
    passes = llvm.create_pass_builder(machine, options)
    passes.getModulePassManager().run(module, passes)
    found: bytes = machine.emit_object(module)
    return found


class Loaded:
    """Machine code in memory, kept as long as somebody may call it."""

    __slots__ = ("_tracker", "function")

    def __init__(self, code: bytes, name: str, symbols: Mapping[str, int]) -> None:
        """Links the code.

        Args:
            name: of the function to be called.
            symbols: addresses of what it calls and the process does not export itself.
        """
        llvm = binding()
        builder = llvm.JITLibraryBuilder().add_object_img(code).export_symbol(name).add_current_process()
        for symbol, address in symbols.items():
            builder = builder.import_symbol(symbol, address)
        session = _session()
        self._tracker = builder.link(session.linker, f"{name} {next(session.numbers)}")
        pointer = ctypes.c_void_p
        prototype = ctypes.CFUNCTYPE(ctypes.c_int64, pointer, pointer, pointer, ctypes.c_int64, ctypes.c_int64)
        self.function: Kernel = prototype(self._tracker[name])
