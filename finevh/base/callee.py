"""Functions that compiled kernels call and Python does not: their machine code exists in their callers alone.

Numba makes a library of every function: optimised, turned into machine code, wrapped for Python and for C; then each caller takes
the optimised function in and optimises it once more. For a function that only kernels call all but the last is in vain, and it
takes a third of the time that kernels take to compile. A callee is lowered to LLVM's language and handed to its callers as it is.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar

import numba
import numpy as np
from numba.core import codegen, compiler, compiler_machinery, typed_passes

__all__ = ["callee", "constants"]

_Function = TypeVar("_Function", bound=Callable[..., Any])
# Numba's own types say nothing of its compiler's parts.
_make_function: Any = import_module("numba._dynfunc").make_function
_njit: Any = numba.njit
_register: Any = compiler_machinery.register_pass
_Library: Any = codegen.JITCodeLibrary
_Compiler: Any = compiler.Compiler
_Lowering: Any = typed_passes.NativeLowering
_REFUSE = ctypes.cast(ctypes.pythonapi.PyObject_CallNoArgs, ctypes.c_void_p).value
"""What Python runs when it calls a callee: it calls the object that stands for the compiled code, which is no function."""


def callee(**options: Any) -> Callable[[_Function], _Function]:
    """Decorate a function that only kernels call; options as of ``numba.njit``, of which the kernel alone needs ``nogil``.

    Called from Python it raises TypeError. It must not need Python's objects, as printing does.
    """
    decorate: Callable[[_Function], _Function] = _njit(
        pipeline_class=_CalleeCompiler, no_cpython_wrapper=True, no_cfunc_wrapper=True, **options
    )
    return decorate


def constants(*numbers: int) -> tuple[int, ...]:
    """Constants that callees take as arguments: plain ones are literals, and numba compiles a callee once for each of these."""
    found: Any = tuple(np.int64(number) for number in numbers)
    same: tuple[int, ...] = found
    return same


class _CalleeLibrary(_Library):
    """Code that waits for a caller."""

    def finalize(self) -> None:
        """Take in what the callee calls; neither optimise nor make machine code."""
        self._raise_if_finalized()
        for library in dict.fromkeys(self._linking_libraries):
            if hasattr(self, "_reload_init"):  # not in numba 0.62
                self._reload_init.update(library._reload_init)
            self._final_module.link_in(library._get_module_for_linking(), preserve=True)
        self._finalize_dynamic_globals()
        self._finalized = True


@_register(mutates_CFG=True, analysis_only=False)
class _CalleeLowering(_Lowering):
    """Lowers a callee into a library of its own kind and tells numba where callers find it."""

    _name = "callee_lowering"

    def run_pass(self, state: Any) -> bool:
        """Numba's lowering, without what makes the function ready to run."""
        context, name = state.targetctx, state.func_id.func_qualname
        state.library = library = _CalleeLibrary(context.codegen(), name)
        state.flags.no_compile = True
        super().run_pass(state)
        lowered = state["cr"]
        module = lowered.fndesc.lookup_module()
        # Numba tells the versions of a function by this object.
        entry = _make_function(module, name, "Called from kernels alone.", _REFUSE, lowered.env, (library,))
        context.insert_user_function(entry, lowered.fndesc, [library])
        state["cr"] = lowered._replace(cfunc=entry)
        return True


class _CalleeCompiler(_Compiler):
    """Numba's compiler with the lowering of callees."""

    def define_pipelines(self) -> Any:
        """Numba's passes, one of them replaced."""
        (passes,) = super().define_pipelines()
        passes.passes = [
            (_CalleeLowering if step is typed_passes.NativeLowering else step, text) for step, text in passes.passes
        ]
        passes.finalize()
        return [passes]
