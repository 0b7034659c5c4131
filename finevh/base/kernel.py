"""Kernels: functions that are compiled once per installation, kept on disk and loaded without what compiles.

Numba makes itself ready to compile whenever it loads what it kept: it registers what it knows of Python, numpy and its own
containers, and reads the LLVM code of each kernel, in case another one that is compiled calls it. Both take longer than to load
the machine code, and neither is called for where all that is asked for is kept.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar

import llvmlite.binding
import numba
from numba.core import caching, codegen

from finevh.base.kernel_cache import KernelLocator

__all__ = ["kernel"]

_Function = TypeVar("_Function", bound=Callable[..., Any])
# Numba's own types say nothing of its parts.
_njit: Any = numba.njit
_Library: Any = codegen.JITCodeLibrary
_Cache: Any = caching.FunctionCache
_Results: Any = caching.CompileResultCacheImpl
_runtime: Any = import_module("numba.core.runtime").rtsys


def kernel(*signature: Any, **options: Any) -> Callable[[_Function], _Function]:
    """Decorate a function that Python calls and numba compiles; it is kept on disk.

    Parameters
    ----------
    signature : types of its arguments and result, where it is compiled or loaded at once and for these alone.
    options : as of ``numba.njit``.
    """

    def decorate(function: _Function) -> _Function:
        made: Any = _njit(**options)(function)
        locator = KernelLocator.from_function(function, inspect.getfile(function))
        if locator is not None:  # else no folder can be written, and every process compiles for itself
            made._cache = _KernelCache(function, locator)
        for types in signature:
            made.compile(types)
        if signature:
            made.disable_compile()
        same: _Function = made
        return same

    return decorate


class _KernelCache(_Cache):
    """Finds what is kept of one function."""

    def __init__(self, function: Callable[..., Any], locator: KernelLocator) -> None:
        self._impl_class = lambda py_func: _KeptResults(py_func, locator)
        super().__init__(function)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """As numba's, without all that a compiler knows: whoever compiles asks for that himself."""
        _runtime.initialize(target_context)
        with self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)


class _KeptResults(_Results):
    """Turns a compiled kernel into what is kept, and back."""

    def __init__(self, function: Callable[..., Any], locator: KernelLocator) -> None:
        """Take the kernel's place as ours alone says it, whatever the environment asks of numba."""
        self._lineno, self._locator = function.__code__.co_firstlineno, locator
        self._filename_base = self.get_filename_base(function.__qualname__, "")

    def reduce(self, cres: Any) -> Any:
        """As numba's, and the names that the code defines."""
        (name, form, parts), *others = super().reduce(cres)
        module = cres.library._get_module_for_linking()
        named = [
            one.name for group in (module.functions, module.global_variables) for one in group if not one.is_declaration
        ]
        return ((name, form, (*parts, frozenset(named))), *others)

    def rebuild(self, target_context: Any, payload: Any) -> Any:
        """As numba's, into a library that leaves its LLVM code unread. Numba's lock of its compiler is held."""
        makes = target_context.codegen()
        usual, makes._library_class = makes._library_class, _KeptLibrary
        try:
            return super().rebuild(target_context, payload)
        finally:
            makes._library_class = usual


class _KeptLibrary(_Library):
    """Machine code from disk; its LLVM code is read when another kernel that is compiled calls it."""

    _bitcode = b""
    _shared_module: Any

    @classmethod
    def _unserialize(cls, codegen: Any, state: Any) -> _KeptLibrary:
        name, _, (machine_code, bitcode, named) = state
        library = cls(codegen, name)
        library.enable_object_caching()
        library._set_compiled_object(machine_code)
        library._bitcode = bitcode
        library._finalize_final_module()
        codegen._engine._defined_symbols |= named
        return library

    def _get_module_for_linking(self) -> Any:
        if self._shared_module is None:
            self._shared_module = llvmlite.binding.parse_bitcode(self._bitcode)
        return super()._get_module_for_linking()
