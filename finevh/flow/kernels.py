"""Compiles the kernels of all stages before anything waits for them: once per installation, on several cores, and says so."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from importlib import import_module
from pathlib import Path

from finevh.base.children import Beside, Say, beside, in_turn
from finevh.base.kernel_types import KernelTable, compile_table
from finevh.timing import warm

_PLAN, _STATE = "Plan:iiiillIuuk", "State:uIiIiliiliiil"
_EVENTS = "EventPlan:IuIk", "EventState:uIiwiiw"
_SIZES = "Library:bibiiibbiffflililf", "Network:iiiil"
_LADDER = "_Tables:flililiif", "_Measured:ifffff"
_LEAKS, _MEMO = "_Cells:lifllllFLsy", "_Memo:lIpff"
_LAYOUT: KernelTable = {
    "layout.steiner": {"build_trees": ("lffllffl",)},
    "base.order": {"topological_order": ("iii",)},
    "optimize.lagrangian": {
        "gate_order": (*_SIZES, "i"),
        "spread_multipliers": (*_SIZES, "iiiFFfFFx"),
        "choose_drives": (*_SIZES, "Rungs:iii", "iiFFfxx"),
    },
    "layout.legalize": {"_legalize": ("ffiiiiiifil",)},
    "layout.electrostatic": {
        "wire_slope": ("iiffxFf",), "add_charge": ("fffffF",), "take_force": ("fffffFFf",), "_move": ("fffxxffq",),
        "_combine": ("ffffxff",),
    },
    "layout.supply.touching": {"_join": ("llLiklL",), "_roots": ("l",)},
    "optimize.clock": {"_propagate": (*_LADDER, "iff"), "_choose": (*_LADDER, "fliixxxk")},
}  # fmt: skip
_POWER: KernelTable = {
    "power.simulation.network": {"_topological_levels": ("liilib",), "_forward_cone": ("lilibk",), "_feeds_clocks": ("lihlibh",)},
    "power.simulation.zero_delay": {
        "settle_all": (_PLAN, _STATE, "i"), "clear_counts": (_PLAN, _STATE, "k"), "flush": (_PLAN, _STATE, "k"),
    },
    "power.simulation.simulator": {
        "_pack": ("uiiww",), "_cycle_step": (f"zero_delay.{_PLAN}", f"zero_delay.{_STATE}", "kkiiwwukiiww"),
    },
    "power.glitches.wiring": {"_fill_ticks": ("lhlJJIh",)},
    "power.glitches.inertial_events": {"start": (*_EVENTS, "u"), "settle": (*_EVENTS, "uk"), "replay": (*_EVENTS, "UUUfIf")},
    "power.glitches.parallel_cycles": {"replay_words": ("WordPlan:iiiiw", "WordState:wiwwwwiwiwiiwiwiiw", "wwwkfIf")},
    "power.tiles.tile_cycles": {"_tally": ("aifif",)},
    "power.tiles.tile_terms": {
        "_supports": ("iliIl",), "_tabulate": ("lIkililffG",), "_values": ("lilfO",), "_flips": ("lilfhfF",),
    },
    "power.internal_energy": {"internal_energy": ("iiihIFifFLILILf",)},
    "power.tile_droop": {"_summarise": ("FFFkFFFFF",), "_keep_largest": ("Fkx",)},
    "power.dynamic": {"_gather": ("ikkFFfifli",)},
    "power.leakage": {"_leakage": (_LEAKS, "iiiiffl"), "_fill_pair": (_LEAKS, _MEMO), "_leakage_of_pair": ("l", _MEMO, "iikff")},
}  # fmt: skip
_SELECTION: KernelTable = {
    "selection.cuts": {
        "_needs": ("lIGhf",), "_own_tiles": ("IkIi",), "_flip_needs": ("lGIlihfkF",), "_raise_needs": ("xxkkifflFfF",),
        "_keep_missed": ("lfliF",),
    },
    "selection.annealing": {
        "_most": ("jjF",), "_groups_by_tile": ("kli",), "_terms_by_tile": ("klIGf",), "_cuts_by_tile": ("liiFk",),
        "_anneal": ("lIGfliiFllilflilkkxxxh",),
    },
}  # fmt: skip
_LAYOUT_PARTS: Mapping[str, Callable[[], None]] = {
    "one condition": warm.compile_single,
    "layout and sizing": partial(compile_table, _LAYOUT),
}
_PARTS: Mapping[str, Callable[[], None]] = {
    **_LAYOUT_PARTS,
    "power": partial(compile_table, _POWER),
    "least delays": warm.compile_least_delays,
    "lanes": warm.compile_lanes,
    "selection": partial(compile_table, _SELECTION),
}
"""What is compiled side by side: first what the first stages call, the longest before the others.

What has callees in common is one part, or follows in the order in which two processes take them: they would be compiled twice.
"""
_SOURCES = tuple(f"{name.replace('.', '/')}.py" for table in (_LAYOUT, _POWER, _SELECTION) for name in table)
_LAYOUT_READY = "layout"
_LOADS_MOST = "finevh.flow.stages.operating_points"
"""Module by way of which nearly all others come: loaded once before the children are there, not by each for itself."""


def load_kernels(*parts: str) -> None:
    """Load kernels that children are going to call, so that each of them does not load them for itself."""
    for part in parts:
        _PARTS[part]()


class Kernels:
    """Compiles in a child, beside stages that call no kernels, unless this was done for these sources and this processor."""

    def __init__(self, children: ExitStack, workers: int) -> None:
        self._children, self._workers = children, workers
        self._task: Beside[None] | None = None
        self._begun = 0.0
        self._ready: set[str] = {"none"}

    def begin(self, say: Callable[[str], None]) -> None:
        """Begin to compile, unless that was done or is under way."""
        if self._begun:
            return
        self._begun = time.perf_counter()
        marks = _marks()
        if any(mark.is_file() for mark in marks):
            self._ready |= {"layout", "all"}
            return
        say("kernels: compiled once per installation, beside the first stages")
        task = beside(partial(_compile, marks, self._workers), self._workers, "compiling kernels")
        self._task = self._children.enter_context(task)

    def wait(self, kernels: str, say: Callable[[str], None]) -> None:
        """Wait until the kernels that a stage calls are compiled: ``none``, those of ``layout``, or ``all``."""
        if kernels in self._ready or self._task is None:
            return
        if kernels == "layout":
            if not self._task.has_said(_LAYOUT_READY):
                say("kernels: those of timing and layout are waited for")
            self._task.until(_LAYOUT_READY)
            self._ready.add("layout")
            return
        if not any(mark.is_file() for mark in _marks()):
            say("kernels: waited for")
        self._task()
        self._ready |= {"layout", "all"}
        say(f"kernels: ready {time.perf_counter() - self._begun:.0f} s after the first stage began")


@contextmanager
def kernels_beside(workers: int) -> Iterator[Kernels]:
    """What compiles kernels in ``workers`` processes beside a run; what is not compiled at its end is left to the next."""
    with ExitStack() as children:
        yield Kernels(children, workers)


def _compile(marks: Sequence[Path], workers: int, say: Say) -> None:
    """Compile all parts; say when those of layout are ready, and leave a mark."""
    import_module(_LOADS_MOST)
    names = list(_PARTS)
    missing = set(_LAYOUT_PARTS)

    def done(number: int) -> None:
        missing.discard(names[number])
        if not missing:
            say(_LAYOUT_READY)

    # A child compiles part after part: what all kernels need of the compiler is made ready once in each.
    in_turn([partial(_part, name) for name in names], workers, done, "compiler of kernels")
    _mark(marks)


def _part(name: str) -> None:
    with _no_collection():
        _PARTS[name]()


@contextmanager
def _no_collection() -> Iterator[None]:
    """Leave garbage where it is: what a compiler makes mostly stays, and looking for what does not takes a sixth of its time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _marks() -> list[Path]:
    """Where it is noted that all kernels are compiled."""
    # The compiler is loaded where kernels are called: a run of which nothing changed calls none.
    from llvmlite import binding

    from finevh.base.kernel_cache import PACKAGE, kernel_digest, kernel_folders

    digest = kernel_digest(PACKAGE, Path(__file__), *(PACKAGE / name for name in (*warm.SOURCES, *_SOURCES)))
    return [home / f"kernels-{digest}-{binding.get_host_cpu_name()}.done" for home in kernel_folders()]


def _mark(marks: Sequence[Path]) -> None:
    """Note it in the first folder that can be written; nowhere costs the line of the next run."""
    for mark in marks:
        with suppress(OSError):
            mark.parent.mkdir(parents=True, exist_ok=True)
            for old in (*mark.parent.glob("kernels-*.done"), *mark.parent.glob("timing-*.done")):
                if time.time() - old.stat().st_mtime > 30 * 86400.0:
                    old.unlink()
            mark.touch()
            return
