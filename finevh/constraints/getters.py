"""The commands of SDC that name objects: ``get_*``, ``all_*`` and those that handle what they return."""

from __future__ import annotations

from collections.abc import Callable

from finevh.constraints.arguments import Arguments
from finevh.constraints.interpreter import Interpreter
from finevh.constraints.model import Clock, Objects
from finevh.constraints.objects import Names, match_names
from finevh.constraints.tcl_commands import safe_pattern
from finevh.constraints.values import Collection, Handler, TclError, Value
from finevh.errors import InputError

_GETTERS = {
    "get_ports": "port", "get_port": "port", "get_pins": "pin", "get_pin": "pin", "get_clocks": "clock", "get_clock": "clock",
    "get_cells": "cell", "get_cell": "cell", "get_nets": "net", "get_net": "net",
}  # fmt: skip
_OTHERS = """all_inputs all_outputs all_clocks all_registers get_lib_cells get_lib_pins get_libs current_design current_instance
get_object_name sizeof_collection foreach_in_collection remove_from_collection add_to_collection append_to_collection
index_collection filter_collection get_property get_attribute query_objects"""
_GLOB = set("*?")


class Getters:
    """Getters for one reading of constraints.

    Parameters
    ----------
    names
        The netlist's objects, or None: then collections are patterns that cannot be looked into.
    clocks
        The clocks made so far.
    missing
        Called with a message where a name matches nothing; may raise.
    """

    def __init__(
        self, names: Names | None, clocks: Callable[[], tuple[Clock, ...]], missing: Callable[[str], None]
    ) -> None:
        self.names, self.clocks, self.missing = names, clocks, missing
        self.tcl: Interpreter

    def bind(self, tcl: Interpreter) -> None:
        """Take the interpreter, whose place messages name."""
        self.tcl = tcl

    @property
    def where(self) -> str:
        """``file:line``."""
        return self.tcl.where

    def handlers(self) -> dict[str, Handler]:
        """Commands by name."""
        found: dict[str, Handler] = {}
        for name, kind in _GETTERS.items():
            found[name] = self._getter(name, kind)
        for name in _OTHERS.split():
            found[name] = getattr(self, name)
        found |= {"get_lib_cell": self.get_lib_cells, "get_lib_pin": self.get_lib_pins, "get_lib": self.get_libs}
        return found | {"get_name": self.get_object_name, "get_full_name": self.get_object_name}

    # ---- collections

    def need_names(self, what: str) -> Names:
        """The netlist's objects; an error where there is no netlist."""
        if self.names is None:
            raise TclError(f"{what} needs the netlist, which is not known where these constraints are read")
        self.names.set_clocks(self.clocks())
        return self.names

    def elements(self, collection: Collection) -> list[Collection]:
        """Single objects of a collection."""
        found = []
        for item in collection.objects:
            plain = item.exact or not (set("".join(item.patterns)) & _GLOB or item.regexp)
            if item.kind == "clocks":
                found += [Objects("clock", (c.name,), item.where, True) for c in self.clocks()]
            elif item.patterns and plain:
                found += [Objects(item.kind, (name,), item.where, True) for name in item.patterns]
            else:
                names = self.need_names("looking into a collection")
                found += [names.named(item.kind, [row], item.where) for row in names.rows(item)]
        return [Collection((item,)) for item in found]

    def names_of(self, collection: Collection) -> list[str]:
        """Names of the objects of a collection."""
        return [item.objects[0].patterns[0] for item in self.elements(collection)]

    def objects(self, value: Value, kind: str = "any") -> tuple[Objects, ...]:
        """Objects that a value names: a collection, or patterns of ``kind``."""
        if isinstance(value, Collection):
            return value.objects
        found: list[Objects] = []
        patterns: list[str] = []
        for item in self.tcl.items(value):
            if isinstance(item, str):
                if item:
                    patterns.append(item)
            else:
                found += self.objects(item, kind)
        if patterns:
            found.append(Objects(kind, tuple(patterns), self.where))
        return tuple(found)

    def _resolved(self, item: Objects, text: str, quiet: bool) -> Collection:
        """Objects by name where the netlist is known, else as they are; what matches nothing is reported."""
        if item.kind == "clock":
            return self._clocks(item, quiet)
        if self.names is None:
            if text:
                raise TclError("-filter needs the netlist, which is not known where these constraints are read")
            return Collection((item,))
        names = self.names
        rows: list[int] = []
        for pattern in item.patterns:
            one = Objects(item.kind, (pattern,), item.where, item.exact, item.regexp, item.nocase, item.hierarchical)
            try:
                rows += names.rows(one)
            except InputError as error:
                if not quiet:
                    self.missing(str(error))
        rows = list(dict.fromkeys(rows))
        if text:
            rows = names.keep(item.kind, rows, text, item.where)
        return Collection((names.named(item.kind, rows, item.where),) if rows else ())

    def _clocks(self, item: Objects, quiet: bool) -> Collection:
        """Clocks made so far, by name."""
        index = {clock.name: k for k, clock in enumerate(self.clocks())}
        found: dict[str, None] = {}
        for pattern in item.patterns:
            one = Objects("clock", (pattern,), item.where, item.exact, item.regexp, item.nocase)
            try:
                rows = match_names(one, index, "clock")
            except InputError as error:
                if not quiet:
                    self.missing(str(error))
                continue
            found.update(dict.fromkeys(name for name, row in index.items() if row in rows))
        return Collection((Objects("clock", tuple(found), item.where, True),) if found else ())

    def _getter(self, name: str, kind: str) -> Handler:
        def get(words: list[Value]) -> Value:
            a = Arguments(self.tcl, words, "quiet regexp nocase hierarchical exact", "filter of_objects hsc")
            text, quiet = a.text("filter"), "quiet" in a.flags
            if "of_objects" in a.values:
                names = self.need_names("-of_objects")
                rows = [
                    row
                    for item in self.objects(a.values["of_objects"], "cell" if kind == "pin" else "any")
                    for row in names.related(kind, _certain(item, names))
                ]
                if text:
                    rows = names.keep(kind, rows, text, self.where)
                return Collection((names.named(kind, dict.fromkeys(rows), self.where),) if rows else ())
            patterns = [p for word in a.rest for p in self._patterns(word, "regexp" in a.flags)]
            if not patterns and a.rest:
                return Collection()
            hierarchical = "hierarchical" in a.flags
            if not patterns:
                if kind in ("cell", "pin", "net") and not (hierarchical or text):
                    raise TclError("has no name")
                patterns = ["*/*"] if kind == "pin" else ["*"]
            item = Objects(
                kind,
                tuple(patterns),
                self.where,
                "exact" in a.flags,
                "regexp" in a.flags,
                "nocase" in a.flags,
                hierarchical,
            )
            return self._resolved(item, text, quiet)

        return get

    def _patterns(self, word: Value, regexp: bool = False) -> list[str]:
        if regexp:
            # Backslashes belong to the expression.
            found = self.tcl.text(word).split()
            for pattern in found:
                safe_pattern(pattern)
            return found
        return [self.tcl.text(item) for item in self.tcl.items(word) if item != ""]

    # ---- all_*

    def _all(self, words: list[Value], kind: str) -> Value:
        a = Arguments(self.tcl, words, "no_clocks", "")
        if a.rest:
            raise TclError("with arguments is not understood")
        chosen = "inputs_no_clocks" if "no_clocks" in a.flags and kind == "inputs" else kind
        if self.names is None:
            return Collection((Objects(chosen, (), self.where),))
        names = self.need_names("")
        rows = names.find_ports((Objects(chosen, (), self.where),))
        return Collection((names.named("port", rows, self.where),) if rows else ())

    def all_inputs(self, words: list[Value]) -> Value:
        """Input ports."""
        return self._all(words, "inputs")

    def all_outputs(self, words: list[Value]) -> Value:
        """Output ports."""
        return self._all(words, "outputs")

    def all_clocks(self, words: list[Value]) -> Value:
        """Clocks made so far."""
        names = tuple(clock.name for clock in self.clocks())
        return Collection((Objects("clock", names, self.where, True),) if names else ())

    def all_registers(self, words: list[Value]) -> Value:
        """Registers, or their pins."""
        a = Arguments(
            self.tcl, words, "cells data_pins clock_pins async_pins output_pins level_sensitive edge_triggered no_hierarchy",
            "clock rise_clock fall_clock",
        )  # fmt: skip
        if a.values.keys() - {"clock"}:
            raise TclError("of one edge of a clock is not understood")
        names = self.need_names("all_registers")
        what = [w for w in ("data", "clock", "async", "output") if f"{w}_pins" in a.flags]
        level = {"level_sensitive": True, "edge_triggered": False}
        chosen = [level[f] for f in level if f in a.flags]
        kind, rows = names.registers(what[0] if what else "cells", chosen[0] if len(chosen) == 1 else None)
        if "clock" in a.values:
            rows = self._clocked(kind, rows, a.values["clock"])
        return Collection((names.named(kind, rows, self.where),) if rows else ())

    def _clocked(self, kind: str, rows: list[int], word: Value) -> list[int]:
        """Registers, or pins of registers, that one of the clocks reaches."""
        names = self.need_names("all_registers")
        chosen = {pattern for item in self.objects(word, "clock") for pattern in item.patterns}
        unknown = chosen - {clock.name for clock in self.clocks()}
        if unknown:
            raise TclError(f"no clock '{min(unknown)[:60]}'; create_clock comes first")
        cells = names.clocked_cells(chosen, self.clocks())
        owner = names.netlist.pin_cell
        return [row for row in rows if (row if kind == "cell" else int(owner[row])) in cells]

    # ---- library objects and the design

    def get_lib_cells(self, words: list[Value]) -> Value:
        """Library cells, which commands take by name."""
        a = Arguments(self.tcl, words, "quiet regexp nocase hierarchical", "filter of_objects hsc")
        if a.values:
            raise TclError("with -filter or -of_objects is not understood")
        return Collection((Objects("lib_cell", tuple(p for w in a.rest for p in self._patterns(w)), self.where),))

    def get_lib_pins(self, words: list[Value]) -> Value:
        """Pins of library cells."""
        a = Arguments(self.tcl, words, "quiet regexp nocase hierarchical", "filter of_objects hsc")
        if a.values:
            raise TclError("with -filter or -of_objects is not understood")
        return Collection((Objects("lib_pin", tuple(p for w in a.rest for p in self._patterns(w)), self.where),))

    def get_libs(self, words: list[Value]) -> Value:
        """Libraries, by name."""
        return self.tcl.listed(words)

    def current_design(self, words: list[Value]) -> Value:
        """Name of the design."""
        if words:
            return self.tcl.text(words[0])
        return self.names.netlist.name if self.names is not None else "current_design"

    def current_instance(self, words: list[Value]) -> Value:
        """Only the top."""
        if words and self.tcl.text(words[0]):
            raise TclError("below the top is not understood; write names from the top")
        return ""

    # ---- collections as other tools handle them

    def get_object_name(self, words: list[Value]) -> Value:
        """Names of objects."""
        return self.tcl.listed([x for w in words for x in self._texts(w)])

    def _texts(self, value: Value) -> list[str]:
        return (
            self.names_of(value) if isinstance(value, Collection) else [self.tcl.text(x) for x in self.tcl.items(value)]
        )

    def sizeof_collection(self, words: list[Value]) -> Value:
        """How many objects there are."""
        return str(sum(len(self.tcl.items(w)) for w in words))

    def foreach_in_collection(self, words: list[Value]) -> Value:
        """A loop over objects."""
        return self.tcl.commands["foreach"](words)

    def add_to_collection(self, words: list[Value]) -> Value:
        """Objects of two collections."""
        a = Arguments(self.tcl, words, "unique", "")
        return Collection(tuple(dict.fromkeys(item for w in a.rest for item in self.objects(w))))

    def append_to_collection(self, words: list[Value]) -> Value:
        """Add objects to the collection that a variable holds."""
        a = Arguments(self.tcl, words, "unique", "")
        name = self.tcl.text(a.rest[0])
        old = self.tcl.get(name) if self.tcl.exists(name) else ""
        return self.tcl.set(name, self.add_to_collection([old, *a.rest[1:]]))

    def remove_from_collection(self, words: list[Value]) -> Value:
        """Objects of one collection that another does not hold."""
        a = Arguments(self.tcl, words, "intersect", "")
        if len(a.rest) != 2:
            raise TclError("takes two collections")
        gone = set(self._texts(a.rest[1]))
        items = self.tcl.items(a.rest[0])
        return self.tcl.listed([item for item in items if (self.tcl.text(item) in gone) == ("intersect" in a.flags)])

    def index_collection(self, words: list[Value]) -> Value:
        """One object by its place."""
        return self.tcl.commands["lindex"](words)

    def filter_collection(self, words: list[Value]) -> Value:
        """Objects that a filter keeps."""
        names = self.need_names("filter_collection")
        if len(words) != 2 or not isinstance(words[0], Collection):
            raise TclError("takes a collection and a filter")
        found = []
        for item in words[0].objects:
            rows = names.keep(item.kind, names.rows(item), self.tcl.text(words[1]), self.where)
            found += [names.named(item.kind, rows, self.where)] if rows else []
        return Collection(tuple(found))

    def get_property(self, words: list[Value]) -> Value:
        """A property of an object; of a clock its period in the SDC's unit."""
        a = Arguments(self.tcl, words, "quiet", "object_type")
        if len(a.rest) != 2:
            raise TclError("takes an object and a property")
        value, name = (a.rest[0], a.rest[1]) if isinstance(a.rest[0], Collection) else (a.rest[1], a.rest[0])
        if not isinstance(value, Collection):
            value, name = Collection(self.objects(a.rest[0], "clock")), a.rest[1]
        texts = []
        for item in value.objects:
            if item.kind == "clock" and self.tcl.text(name) == "period":
                periods = {c.name: c.period for c in self.clocks()}
                texts += [self.tcl.period_text(periods[p]) for p in item.patterns if p in periods]
                continue
            names = self.need_names("get_property")
            texts += [names.property(item.kind, row, self.tcl.text(name), self.where) for row in names.rows(item)]
        return self.tcl.listed(texts) if len(texts) != 1 else texts[0]

    def get_attribute(self, words: list[Value]) -> Value:
        """As ``get_property``."""
        return self.get_property(words)

    def query_objects(self, words: list[Value]) -> Value:
        """Print names: nothing here."""
        return ""


def _certain(item: Objects, names: Names) -> Objects:
    """Objects that were named without a getter, with their kind."""
    if item.kind != "any":
        return item
    first = item.patterns[0]
    kind = "pin" if "/" in first and first not in names.instances else "cell" if first in names.instances else "net"
    return Objects(kind, item.patterns, item.where, item.exact)
