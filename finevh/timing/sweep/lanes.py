"""Lanes: numbers of several conditions side by side, as the compiled sweep computes with them.

A kernel is written once. It takes a ``width``, a tuple of as many zeros as there are lanes, and reads its columns with
:func:`load`. With one lane that gives plain numbers; with more it gives vectors of LLVM, which the processor adds, compares and
chooses from lane by lane: each lane has the bits it would have alone. Columns hold the lanes of a row side by side.

Everything here is for use inside compiled functions.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from decimal import Decimal
from itertools import chain
from typing import Any

import numpy as np
from llvmlite import binding, ir
from numba.core import cgutils as numba_cgutils
from numba.core import config as numba_config
from numba.core import extending
from numba.core import types as numba_types
from numba.core.datamodel import models as numba_models
from numba.core.typing import templates

from finevh.base.callee import callee
from finevh.technology.model import Index

Array = np.ndarray[Any, Any]
# Numba's own types say nothing of its compiler's parts.
intrinsic: Callable[[Callable[..., Any]], Any] = extending.intrinsic
lower_builtin: Any = extending.lower_builtin
register_model: Any = extending.register_model
infer_global: Any = templates.infer_global
signature: Any = templates.signature
cgutils: Any = numba_cgutils
config: Any = numba_config
types: Any = numba_types
models: Any = numba_models
AbstractTemplate: Any = templates.AbstractTemplate

_I32, _I64 = ir.IntType(32), ir.IntType(64)
ALIGNMENT = 64
"""Bytes of a line of a processor's cache: columns of lanes start there."""
Number = Any
"""In kernels: one number, or a vector with one of each lane."""
Width = tuple[Any, ...]
"""In kernels: as many zeros as there are lanes, so that the compiler knows how many; zeros of single precision where the lanes
are to compute in it."""
DOUBLE, SINGLE = 0, np.float32(0.0)
"""What a width is made of."""


class LanesType(types.Type):
    """Type of a vector of ``count`` numbers of a numba type."""

    def __init__(self, dtype: Any, count: int) -> None:
        self.dtype, self.count = dtype, count
        super().__init__(name=f"lanes({dtype} x {count})")


@register_model(LanesType)
class _LanesModel(models.PrimitiveModel):
    """A vector of LLVM."""

    def __init__(self, dmm: Any, fe_type: Any) -> None:
        element = dmm.lookup(fe_type.dtype).get_value_type()
        super().__init__(dmm, fe_type, ir.VectorType(element, fe_type.count))


def _of(dtype: Any, count: int) -> Any:
    """Type of ``count`` numbers: a plain one for a single lane."""
    return dtype if count == 1 else LanesType(dtype, count)


def _count(kind: Any) -> int:
    return kind.count if isinstance(kind, LanesType) else 1


def _precision(width: Any) -> Any:
    """Type of the numbers that lanes of a width compute with."""
    return types.float32 if width.dtype == types.float32 else types.float64


def _constant(values: list[int]) -> Any:
    return ir.Constant(ir.VectorType(_I32, len(values)), values)


def _shuffle(builder: Any, a: Any, b: Any, order: list[int]) -> Any:
    return builder.shuffle_vector(a, b, _constant(order))


def _spread(builder: Any, scalar: Any, count: int) -> Any:
    """The same number in all lanes."""
    vector = ir.VectorType(scalar.type, count)
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), scalar, _I32(0))
    return _shuffle(builder, one, ir.Constant(vector, ir.Undefined), [0] * count)


# Arithmetic and comparisons: lanes with lanes, or with one number for all lanes.
_FLOAT = {
    operator.add: "fadd", operator.sub: "fsub", operator.mul: "fmul", operator.truediv: "fdiv",
    operator.iadd: "fadd", operator.isub: "fsub", operator.imul: "fmul",
}  # fmt: skip
_INTEGER = {
    operator.add: "add", operator.sub: "sub", operator.mul: "mul", operator.iadd: "add", operator.isub: "sub",
    operator.imul: "mul",
}  # fmt: skip
_COMPARE = {
    operator.lt: "<",
    operator.le: "<=",
    operator.gt: ">",
    operator.ge: ">=",
    operator.eq: "==",
    operator.ne: "!=",
}
_LOGIC = {operator.and_: "and_", operator.or_: "or_", operator.xor: "xor"}


def _pair(context: Any, builder: Any, sig: Any, args: Any) -> tuple[Any, Any, Any]:
    """Both operands as vectors, and the type of their numbers."""
    lanes = next(a for a in sig.args if isinstance(a, LanesType))
    values = []
    for kind, value in zip(sig.args, args, strict=True):
        if not isinstance(kind, LanesType):
            value = _spread(builder, context.cast(builder, value, kind, lanes.dtype), lanes.count)
        values.append(value)
    return values[0], values[1], lanes.dtype


def _register(op: Callable[..., Any], result: Callable[[Any], Any], build: Callable[..., Any]) -> None:
    """Teach numba an operator on lanes."""

    class Template(AbstractTemplate):
        def generic(self, args: Any, kws: Any) -> Any:
            lanes = [a for a in args if isinstance(a, LanesType)]
            if len(args) != 2 or not lanes or not all(isinstance(a, (LanesType, types.Number)) for a in args):
                return None
            return signature(LanesType(result(lanes[0].dtype), lanes[0].count), *args)

    infer_global(op)(Template)

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return build(builder, *_pair(context, builder, sig, args))

    for one, other in ((LanesType, LanesType), (LanesType, types.Number), (types.Number, LanesType)):
        lower_builtin(op, one, other)(lower)


def _arithmetic(op: Callable[..., Any]) -> Callable[..., Any]:
    def build(builder: Any, a: Any, b: Any, dtype: Any) -> Any:
        name = _FLOAT[op] if isinstance(dtype, types.Float) else _INTEGER[op]
        return getattr(builder, name)(a, b)

    return build


def _comparison(sign: str) -> Callable[..., Any]:
    def build(builder: Any, a: Any, b: Any, dtype: Any) -> Any:
        if not isinstance(dtype, types.Float):
            return builder.icmp_signed(sign, a, b)
        # As numbers in C: nan differs from everything.
        return (builder.fcmp_unordered if sign == "!=" else builder.fcmp_ordered)(sign, a, b)

    return build


for _op in _FLOAT:
    _register(_op, lambda dtype: dtype, _arithmetic(_op))
for _op, _sign in _COMPARE.items():
    _register(_op, lambda _: types.boolean, _comparison(_sign))
for _op, _name in _LOGIC.items():
    _register(_op, lambda dtype: dtype, lambda builder, a, b, _, name=_name: getattr(builder, name)(a, b))


class ColumnType(types.Type):
    """Type of a column: the memory of an array, which somebody else keeps alive."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype
        super().__init__(name=f"column({dtype})")


@register_model(ColumnType)
class _ColumnModel(models.PrimitiveModel):
    """A pointer."""

    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, dmm.lookup(fe_type.dtype).get_data_type().as_pointer())


@intrinsic
def columns(typingctx: Any, arrays: Any) -> Any:
    """The same named tuple with columns in place of its arrays, rows of several dimensions one behind the other.

    A column is read and written as ``column[i]``, without looking at bounds, and unlike an array it is not counted whenever a
    tuple gives it away. So it does not keep the array: whoever makes columns of own arrays uses these once more at the end.
    """
    kinds = types.NamedTuple([ColumnType(kind.dtype) for kind in arrays.types], arrays.instance_class)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        parts = cgutils.unpack_tuple(builder, args[0])
        data = [_data(context, builder, kind, part) for kind, part in zip(sig.args[0].types, parts, strict=True)]
        return context.make_tuple(builder, sig.return_type, data)

    return kinds(arrays), codegen


def _data(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    """Pointer to the first number of an array or a column."""
    return value if isinstance(kind, ColumnType) else context.make_array(kind)(context, builder, value).data


@infer_global(operator.getitem)
class _GetItem(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        if isinstance(args[0], ColumnType) and isinstance(args[1], types.Integer):
            return signature(args[0].dtype, *args)
        return None


@infer_global(operator.setitem)
class _SetItem(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        if isinstance(args[0], ColumnType) and isinstance(args[1], types.Integer):
            return signature(types.none, args[0], args[1], args[0].dtype)
        return None


@lower_builtin(operator.getitem, ColumnType, types.Integer)
def _get_item(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    pointer = _element(context, builder, sig.args[0], args[0], args[1], sig.args[1], 1)
    return context.unpack_value(builder, sig.args[0].dtype, pointer)


@lower_builtin(operator.setitem, ColumnType, types.Integer, types.Any)
def _set_item(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    pointer = _element(context, builder, sig.args[0], args[0], args[1], sig.args[1], 1)
    context.pack_value(builder, sig.args[0].dtype, args[2], pointer)
    return context.get_dummy_value()


def _element(context: Any, builder: Any, array: Any, value: Any, index: Any, index_type: Any, count: int) -> Any:
    """Pointer to row ``index`` of ``count`` lanes of an array or a column."""
    data = _data(context, builder, array, value)
    at = context.cast(builder, index, index_type, types.int64)
    if count > 1:
        at = builder.mul(at, _I64(count))
    return builder.gep(data, [at])


@intrinsic
def load(typingctx: Any, array: Any, index: Any, width: Any) -> Any:
    """The lanes of row ``index`` (not below zero) of a column."""
    count = width.count

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer = _element(context, builder, sig.args[0], args[0], args[1], sig.args[1], count)
        if count == 1:
            return context.unpack_value(builder, sig.args[0].dtype, pointer)
        kind = context.get_value_type(sig.return_type)
        return builder.load(builder.bitcast(pointer, kind.as_pointer()), align=sig.args[0].dtype.bitwidth // 8)

    return _of(array.dtype, count)(array, index, width), codegen


@intrinsic
def store(typingctx: Any, array: Any, index: Any, value: Any) -> Any:
    """Write the lanes of row ``index`` (not below zero) of a column."""
    count = _count(value)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer = _element(context, builder, sig.args[0], args[0], args[1], sig.args[1], count)
        if count == 1:
            number = context.cast(builder, args[2], sig.args[2], sig.args[0].dtype)
            context.pack_value(builder, sig.args[0].dtype, number, pointer)
        else:
            kind = context.get_value_type(sig.args[2])
            builder.store(args[2], builder.bitcast(pointer, kind.as_pointer()), align=sig.args[0].dtype.bitwidth // 8)
        return context.get_dummy_value()

    if isinstance(value, LanesType) and value.dtype != array.dtype:
        return None
    return types.void(array, index, value), codegen


@intrinsic
def prefetch(typingctx: Any, array: Any, index: Any, width: Any) -> Any:
    """Ask for a row of a column that will be read soon; nothing with one lane."""
    count = width.count

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if count > 1:
            byte = ir.IntType(8).as_pointer()
            kind = ir.FunctionType(ir.VoidType(), [byte, _I32, _I32, _I32])
            function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
            pointer = _element(context, builder, sig.args[0], args[0], args[1], sig.args[1], count)
            for offset in range(0, count, ALIGNMENT * 8 // sig.args[0].dtype.bitwidth):
                line = builder.bitcast(builder.gep(pointer, [_I64(offset)]), byte)
                builder.call(function, [line, _I32(0), _I32(3), _I32(1)])
        return context.get_dummy_value()

    return types.void(array, index, width), codegen


@intrinsic
def ask(typingctx: Any, array: Any, index: Any) -> Any:
    """Ask for the line of the cache that holds number ``index`` of a column, which will be read soon."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        byte = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [byte, _I32, _I32, _I32])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        pointer = _element(context, builder, sig.args[0], args[0], args[1], sig.args[1], 1)
        builder.call(function, [builder.bitcast(pointer, byte), _I32(0), _I32(3), _I32(1)])
        return context.get_dummy_value()

    return types.void(array, index), codegen


@intrinsic
def spread(typingctx: Any, number: Any, width: Any) -> Any:
    """One number in every lane, in their precision."""
    count = width.count
    to = _precision(width) if isinstance(number, types.Float) else number

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        one = context.cast(builder, args[0], sig.args[0], to)
        return one if count == 1 else _spread(builder, one, count)

    return _of(to, count)(number, width), codegen


@intrinsic
def mask(typingctx: Any, bits: Any, width: Any) -> Any:
    """Booleans from a bit set, the lowest bit for the first lane."""
    count = width.count

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if count == 1:
            return builder.icmp_signed("!=", args[0], args[0].type(0))
        narrow = context.cast(builder, args[0], sig.args[0], types.int64)
        kind = ir.VectorType(ir.IntType(1), count)
        return builder.bitcast(builder.trunc(narrow, ir.IntType(count)), kind)

    return _of(types.boolean, count)(bits, width), codegen


@intrinsic
def some(typingctx: Any, condition: Any) -> Any:
    """Bit set of the lanes in which a condition holds."""
    count = _count(condition)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if count == 1:
            return builder.zext(args[0], _I64)
        return builder.zext(builder.bitcast(args[0], ir.IntType(count)), _I64)

    return types.int64(condition), codegen


@intrinsic
def how_many(typingctx: Any, condition: Any) -> Any:
    """Number of lanes in which a condition holds."""
    count = _count(condition)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        bits = args[0] if count == 1 else builder.bitcast(args[0], ir.IntType(count))
        return builder.ctpop(builder.zext(bits, _I64))

    return types.int64(condition), codegen


@intrinsic
def choose(typingctx: Any, condition: Any, one: Any, other: Any) -> Any:
    """``one`` in the lanes in which a condition holds, ``other`` elsewhere; single numbers stand for all lanes."""
    count = _count(condition)
    dtype = next((a.dtype for a in (one, other) if isinstance(a, LanesType)), None)
    if dtype is None:
        dtype = typingctx.unify_types(one, other)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        values = []
        for kind, value in zip(sig.args[1:], args[1:], strict=True):
            if not isinstance(kind, LanesType):
                value = context.cast(builder, value, kind, dtype)
                value = _spread(builder, value, count) if count > 1 else value
            values.append(value)
        return builder.select(args[0], values[0], values[1])

    return _of(dtype, count)(condition, one, other), codegen


@intrinsic
def root(typingctx: Any, value: Any) -> Any:
    """Square root."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = args[0].type
        name = (
            f"llvm.sqrt.v{kind.count}f{64 if isinstance(kind.element, ir.DoubleType) else 32}"
            if _count(value) > 1
            else ("llvm.sqrt.f64")
        )
        function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(kind, [kind]), name)
        return builder.call(function, [args[0]])

    return value(value), codegen


@intrinsic
def absolute(typingctx: Any, value: Any) -> Any:
    """Without the sign."""
    count = _count(value)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = args[0].type
        name = f"llvm.fabs.v{count}f64" if count > 1 else "llvm.fabs.f64"
        function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(kind, [kind]), name)
        return builder.call(function, [args[0]])

    return _of(types.float64, count)(value), codegen


@intrinsic
def _two_to(typingctx: Any, shifted: Any) -> Any:
    """``2**n`` of ``_SHIFT + n``, for whole numbers between -1022 and 1023."""
    count = _count(shifted)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        def whole(number: int) -> Any:
            return _I64(number) if count == 1 else ir.Constant(ir.VectorType(_I64, count), [number] * count)

        # The lowest bits of the sum are the number, and those of a power of two's exponent begin at bit 52.
        bits = builder.bitcast(args[0], whole(0).type)
        return builder.bitcast(builder.shl(builder.add(bits, whole(1023)), whole(52)), args[0].type)

    return _of(types.float64, count)(shifted), codegen


@intrinsic
def single(typingctx: Any, value: Any) -> Any:
    """As numbers of single precision."""
    return _converted(value, types.float32)


@intrinsic
def double(typingctx: Any, value: Any) -> Any:
    """As numbers of double precision."""
    return _converted(value, types.float64)


@intrinsic
def precise(typingctx: Any, value: Any, width: Any) -> Any:
    """As numbers of the precision that the lanes of a width compute with."""
    return _converted(value, _precision(width), width)


def _converted(value: Any, to: Any, *width: Any) -> Any:
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if not isinstance(sig.args[0], LanesType):
            return context.cast(builder, args[0], sig.args[0], to)
        if sig.args[0].dtype == to:
            return args[0]
        kind = context.get_value_type(sig.return_type)
        return (builder.fptrunc if to == types.float32 else builder.fpext)(args[0], kind)

    return _of(to, _count(value))(value, *width), codegen


@intrinsic
def lane(typingctx: Any, value: Any, index: Any) -> Any:
    """The number of one lane."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if not isinstance(sig.args[0], LanesType):
            return args[0]
        return builder.extract_element(args[0], context.cast(builder, args[1], sig.args[1], types.int32))

    return (value.dtype if isinstance(value, LanesType) else value)(value, index), codegen


@intrinsic
def with_lane(typingctx: Any, value: Any, index: Any, number: Any) -> Any:
    """The same numbers but for one lane."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = sig.args[0]
        number = context.cast(builder, args[2], sig.args[2], kind.dtype if isinstance(kind, LanesType) else kind)
        if not isinstance(kind, LanesType):
            return number
        return builder.insert_element(args[0], number, context.cast(builder, args[1], sig.args[1], types.int32))

    return value(value, index, number), codegen


@intrinsic
def rows(typingctx: Any, array: Any, index: Any) -> Any:
    """Eight numbers of single precision from row ``index`` of each lane: one row of eight per lane, eight lanes out."""
    count = _count(index)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = _data(context, builder, sig.args[0], args[0])
        if count == 1:
            at = builder.shl(context.cast(builder, args[1], sig.args[1], types.int64), _I64(3))
            found = [builder.load(builder.gep(data, [builder.add(at, _I64(k))])) for k in range(8)]
            return context.make_tuple(builder, sig.return_type, found)
        # Addresses go through memory: one store and a load each cost less than taking lanes out of a register.
        slot = cgutils.alloca_once(builder, args[1].type)
        builder.store(args[1], slot)
        numbers = builder.bitcast(slot, _I32.as_pointer())
        kind = ir.VectorType(ir.FloatType(), 8)
        lines = []
        for k in range(count):
            number = builder.zext(builder.load(builder.gep(numbers, [_I32(k)])), _I64)
            pointer = builder.gep(data, [builder.shl(number, _I64(3))])
            lines.append(builder.load(builder.bitcast(pointer, kind.as_pointer()), align=4))
        return context.make_tuple(builder, sig.return_type, _columns(builder, lines))

    return types.UniTuple(_of(types.float32, count), 8)(array, index), codegen


def _columns(builder: Any, lines: list[Any]) -> list[Any]:
    """Eight columns of 8 or 16 rows of eight numbers: shuffles within quarters of a register, then of quarters."""
    parts = []
    for base in range(0, len(lines), 8):
        wide = [_shuffle(builder, lines[base + k], lines[base + k + 4], list(range(16))) for k in range(4)]
        quarters = range(0, 16, 4)
        low = [[q, 16 + q, q + 1, 17 + q] for q in quarters]
        high = [[q + 2, 18 + q, q + 3, 19 + q] for q in quarters]
        order_low, order_high = list(chain(*low)), list(chain(*high))
        a0, a1 = (_shuffle(builder, wide[0], wide[1], order) for order in (order_low, order_high))
        b0, b1 = (_shuffle(builder, wide[2], wide[3], order) for order in (order_low, order_high))
        even = list(chain(*([q, q + 1, 16 + q, 17 + q] for q in quarters)))
        odd = list(chain(*([q + 2, q + 3, 18 + q, 19 + q] for q in quarters)))
        parts.append([_shuffle(builder, x, y, order) for x, y in ((a0, b0), (a1, b1)) for order in (even, odd)])
    # Each part holds, per pair of columns (k, k + 4): rows 0 to 3 of either, then rows 4 to 7 of either.
    first = [0, 1, 2, 3, 8, 9, 10, 11]
    if len(parts) == 1:
        orders = (first, [k + 4 for k in first])
        return [_shuffle(builder, parts[0][k], parts[0][k], order) for order in orders for k in range(4)]
    orders = (first + [k + 16 for k in first], [k + 4 for k in first] + [k + 20 for k in first])
    return [_shuffle(builder, parts[0][k], parts[1][k], order) for order in orders for k in range(4)]


def _permutes() -> bool:
    """Whether the processor looks eight numbers up in sixteen with one instruction."""
    if config.CPU_NAME == "generic" or not config.ENABLE_AVX:
        return False
    if config.CPU_FEATURES is not None:
        return "+avx512f" in config.CPU_FEATURES
    return bool(binding.get_host_cpu_features().get("avx512f"))


def _look_up(builder: Any, first: Any, second: Any, index: Any) -> Any:
    """Entry ``index`` (eight int64) of sixteen numbers in two registers."""
    kind, integers = ir.VectorType(ir.DoubleType(), 8), ir.VectorType(_I64, 8)
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(kind, [kind, integers, kind]), "llvm.x86.avx512.vpermi2var.pd.512"
    )
    return builder.call(function, [first, index, second])


PERMUTES = _permutes()
"""Whether :func:`seek8` and :func:`seek16` exist here."""


def _table(builder: Any, data: Any, start: Any, block: int) -> Any:
    """Eight points of an axis, from ``8 * block`` on."""
    pointer = builder.gep(data, [builder.add(start, _I64(8 * block))])
    return builder.load(builder.bitcast(pointer, ir.VectorType(ir.DoubleType(), 8).as_pointer()), align=8)


def _seek(typingctx: Any, points: Any, first: Any, second: Any, chosen: Any, x: Any, blocks: int) -> Any:
    """See :func:`seek8`."""
    count = _count(x)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if not PERMUTES:
            return context.get_constant_null(sig.return_type)
        if x.dtype == types.float32:
            return context.make_tuple(builder, sig.return_type, _seek_single(context, builder, sig, args, blocks))
        data = _data(context, builder, sig.args[0], args[0])
        starts = [context.cast(builder, args[k], sig.args[k], types.int64) for k in (1, 2)]
        axes = [[_table(builder, data, start, block) for block in range(blocks)] for start in starts]
        wide = ir.VectorType(_I64, 8)
        found, below = [], []
        for base in range(0, count, 8):
            order = list(range(base, base + 8))
            value, pick = (_shuffle(builder, args[k], args[k], order) for k in (4, 3))

            def point(index: Any, pick: Any = pick) -> Any:
                if blocks == 1:
                    beyond = builder.or_(index, ir.Constant(wide, [8] * 8))
                    return _look_up(builder, axes[0][0], axes[1][0], builder.select(pick, beyond, index))
                one, other = (_look_up(builder, axis[0], axis[1], index) for axis in axes)
                return builder.select(pick, other, one)

            index = ir.Constant(wide, [0] * 8)
            for step in (4, 2, 1) if blocks == 1 else (8, 4, 2, 1):
                trial = builder.or_(index, ir.Constant(wide, [step] * 8))
                index = builder.select(builder.fcmp_ordered(">=", value, point(trial)), trial, index)
            below.append(point(index))
            found.append(builder.trunc(index, ir.VectorType(_I32, 8)))
        if count == 16:
            both = [_shuffle(builder, half[0], half[1], list(range(16))) for half in (found, below)]
        else:
            both = [found[0], below[0]]
        return context.make_tuple(builder, sig.return_type, both)

    return types.Tuple([LanesType(types.int32, count), x])(points, first, second, chosen, x), codegen


def _seek_single(context: Any, builder: Any, sig: Any, args: Any, blocks: int) -> list[Any]:
    """:func:`seek8` and :func:`seek16` of sixteen lanes in single precision: one instruction looks all of them up."""
    kind, whole = ir.VectorType(ir.FloatType(), 16), ir.VectorType(_I32, 16)
    data = _data(context, builder, sig.args[0], args[0])
    axes = []
    for k in (1, 2):
        start = context.cast(builder, args[k], sig.args[k], types.int64)
        axes += [
            builder.fptrunc(_table(builder, data, start, block), ir.VectorType(ir.FloatType(), 8))
            for block in range(blocks)
        ]
    pairs = [_shuffle(builder, axes[k], axes[k + 1], list(range(16))) for k in range(0, 2 * blocks, 2)]
    if blocks == 1:
        # Both axes in one register: where a lane takes the second, eight is added.
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(kind, [kind, whole]), "llvm.x86.avx512.permvar.sf.512"
        )
        beyond = ir.Constant(whole, [8] * 16)
    else:
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(kind, [kind, whole, kind]), "llvm.x86.avx512.vpermi2var.ps.512"
        )
        beyond = ir.Constant(whole, [16] * 16)
    base = builder.select(args[3], beyond, ir.Constant(whole, [0] * 16))

    def point(index: Any) -> Any:
        at = builder.or_(index, base)
        return builder.call(function, [pairs[0], at] if blocks == 1 else [pairs[0], at, pairs[1]])

    index = ir.Constant(whole, [0] * 16)
    for step in (4, 2, 1) if blocks == 1 else (8, 4, 2, 1):
        trial = builder.or_(index, ir.Constant(whole, [step] * 16))
        index = builder.select(builder.fcmp_ordered(">=", args[4], point(trial)), trial, index)
    return [index, point(index)]


@intrinsic
def seek8(typingctx: Any, points: Any, first: Any, second: Any, chosen: Any, x: Any) -> Any:
    """For each lane the number of the last point at or below ``x``, 0 if there is none, and that point.

    ``first`` and ``second`` say where two axes of at most eight points begin in ``points``, each padded with infinity to eight;
    lanes that are ``chosen`` take the second. By halves, with instructions that look numbers up in registers: only where
    ``PERMUTES``.
    """
    return _seek(typingctx, points, first, second, chosen, x, 1)


@intrinsic
def seek16(typingctx: Any, points: Any, first: Any, second: Any, chosen: Any, x: Any) -> Any:
    """As :func:`seek8` in axes of at most sixteen points, padded to sixteen."""
    return _seek(typingctx, points, first, second, chosen, x, 2)


@callee(forceinline=True, error_model="numpy")
def larger(a: Number, b: Number) -> Number:
    """The larger of two numbers, the first where they do not compare."""
    return choose(b > a, b, a)


_SHIFT = 1.5 * 2.0**52
"""Adding this to a number leaves the nearest whole number in the lowest bits."""
_LN2 = Decimal("0.693147180559945309417232121458176568")
_PER_LN2 = float(1 / _LN2)
_LN2_HIGH = math.floor(float(_LN2) * 2.0**32) / 2.0**32
"""The product with a whole number below 2**21 is exact."""
_LN2_LOW = float(_LN2 - Decimal(_LN2_HIGH))
_LEAST = -708.0
"""Exponentials below this exponent are zero."""
_C2, _C3, _C4, _C5, _C6, _C7 = (1.0 / math.factorial(k) for k in range(2, 8))
_C8, _C9, _C10, _C11, _C12, _C13 = (1.0 / math.factorial(k) for k in range(8, 14))


@callee(forceinline=True, error_model="numpy")
def exponential(x: Number) -> Number:
    """``e**x`` for ``x`` up to 709, off by less than one unit in the last place; 0 below -708.

    Of ``x = n ln 2 + r`` the power of two is exact and that of ``r``, at most ``ln 2 / 2``, its Taylor series. It takes
    additions and products alone, so each lane has the bits that it has alone, on every processor.
    """
    shifted = x * _PER_LN2 + _SHIFT
    n = shifted - _SHIFT
    r = (x - n * _LN2_HIGH) - n * _LN2_LOW
    r2 = r * r
    r4 = r2 * r2
    low = (_C2 + _C3 * r) + (_C4 + _C5 * r) * r2
    middle = (_C6 + _C7 * r) + (_C8 + _C9 * r) * r2
    high = (_C10 + _C11 * r) + (_C12 + _C13 * r) * r2
    series = low + middle * r4 + high * (r4 * r4)
    return choose(x < _LEAST, 0.0, (1.0 + (r + r2 * series)) * _two_to(shifted))


def scratch(rows: Index, width: Width) -> Array:
    """Memory for rows of lanes, in their precision, that begins at a line of the cache; for use in kernels."""
    raise NotImplementedError


@extending.overload(scratch, jit_options={"nogil": True, "error_model": "numpy"})
def _scratch(rows: Any, width: Any) -> Callable[..., Array]:
    dtype = np.float32 if _precision(width) == types.float32 else np.float64
    size = np.dtype(dtype).itemsize

    # Numba wants the very parameters of the function that chooses.
    def memory(rows: Any, width: Any) -> Array:
        raw = np.empty(rows * len(width) + ALIGNMENT // size, dtype)
        start = (-raw.ctypes.data % ALIGNMENT) // size
        return raw[start : start + rows * len(width)]

    return memory


_ROUND = 1.5 * 2.0**42
"""Adding and taking away this number leaves a multiple of 2**-10."""


def rounded(x: Number) -> Number:
    """The nearest multiple of ``2**-10``; numbers of single precision as they are; for use in kernels."""
    raise NotImplementedError


@extending.overload(rounded, jit_options={"nogil": True, "error_model": "numpy", "forceinline": True})
def _rounded(x: Any) -> Callable[..., Number]:
    # Numba wants the very parameters of the function that chooses.
    def same(x: Any) -> Any:
        return x

    def near(x: Any) -> Any:
        return (x + _ROUND) - _ROUND

    return same if (x.dtype if isinstance(x, LanesType) else x) == types.float32 else near


def aligned(n: int, dtype: Any, fill: float | None = None) -> Array:
    """A one-dimensional array that starts at a line of the cache."""
    size = np.dtype(dtype).itemsize
    raw = np.empty(n * size + ALIGNMENT, dtype=np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    found: Array = raw[start : start + n * size].view(dtype)
    if fill is not None:
        found[:] = fill
    return found
