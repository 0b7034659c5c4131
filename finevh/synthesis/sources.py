"""What goes into synthesis: a list of RTL files with its include folders, macros, parameters and top module."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from finevh.base.files import read_input, read_input_text
from finevh.errors import InputError, ToolMissingError

_VHDL_SUFFIXES = (".vhd", ".vhdl", ".vho")
_HDL_SUFFIXES = (".v", ".sv", ".vh", ".svh")
_VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")


@dataclass(frozen=True)
class Rtl:
    """A design at register-transfer level.

    Attributes
    ----------
    files : Verilog or SystemVerilog files in compile order.
    include_dirs : searched by ```include``.
    defines : macro name to value ('' for a bare definition).
    parameters : overrides of the top module's parameters.
    top : name of the top module; None lets the elaborator find it (see :func:`finevh.synthesis.find_top`).
    """

    files: tuple[Path, ...]
    include_dirs: tuple[Path, ...] = ()
    defines: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, int | str] = field(default_factory=dict)
    top: str | None = None

    def __post_init__(self) -> None:
        if not self.files:
            raise InputError("the design names no RTL file; list at least one .v or .sv file")
        for path in self.files:
            if not path.is_file():
                raise InputError(f"{path}: no such RTL file; correct the file list of the design")
            if path.suffix.lower() in _VHDL_SUFFIXES:
                raise InputError(
                    f"{path}: VHDL is not read here; translate it, for example with GHDL"
                    f" ('ghdl synth --std=08 --out=verilog {path.name} -e TOP > {path.stem}.v'), and name the Verilog file"
                )
        for path in self.include_dirs:
            if not path.is_dir():
                raise InputError(f"{path}: no such include folder; correct the include list of the design")

    def with_top(self, top: str) -> Rtl:
        """Return the same design with its top module named."""
        return replace(self, top=top)

    def texts(self) -> dict[str, bytes]:
        """Return what can enter elaboration by absolute path: sources, include folders (their file names), their files."""
        found = {str(path.absolute()): read_input(path) for path in self.files}
        for folder in self.include_dirs:
            paths = [path for path in sorted(folder.iterdir()) if path.is_file() and path.suffix in _HDL_SUFFIXES]
            found[str(folder.absolute())] = "\n".join(path.name for path in paths).encode()
            for path in paths:
                found.setdefault(str(path.absolute()), read_input(path))
        return found


def read_manifest(path: Path, variables: Mapping[str, str]) -> Rtl:
    """Read a file list (``.flist`` / ``.f``): one source per line, ``+incdir+``, ``+define+``, ``//`` comments.

    Parameters
    ----------
    path : the list; relative entries are taken from its folder.
    variables : values of ``${NAME}`` in the list.

    Raises
    ------
    InputError
        A missing list or file, an undefined variable, an option that is not understood; with file and line.
    """
    try:
        lines = read_input_text(path).splitlines()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; give the path of an RTL file list") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8 text; give the path of an RTL file list") from None
    files: list[Path] = []
    include_dirs: list[Path] = []
    defines: dict[str, str] = {}

    def expand(text: str, where: str) -> Path:
        def value(match: re.Match[str]) -> str:
            name = match[1] or match[2]
            if name not in variables:
                raise InputError(f"{where}: variable '{name}' has no value; known are {', '.join(variables) or 'none'}")
            return variables[name]

        found = path.parent / _VARIABLE.sub(value, text)
        try:
            found.exists()
        except (OSError, ValueError) as error:
            raise InputError(f"{where}: {text[:60]!r} cannot be a path ({error})") from None
        return found

    for number, line in enumerate(lines, start=1):
        entry = re.sub(r"(^|\s)//.*", "", line).strip()
        where = f"{path}:{number}"
        if not entry:
            continue
        if entry.startswith("+incdir+"):
            folder = expand(entry.removeprefix("+incdir+"), where)
            if (
                folder.is_dir()
            ):  # manifests name folders of other deliveries; includes that miss one fail with file and line
                include_dirs.append(folder)
        elif entry.startswith("+define+"):
            name, _, value_text = entry.removeprefix("+define+").partition("=")
            defines[name] = value_text
        elif entry.startswith(("+", "-")):
            raise InputError(
                f"{where}: option '{entry.split()[0]}' is not understood; use +incdir+, +define+ and file names"
            )
        else:
            source = expand(entry, where)
            if not source.is_file():
                raise InputError(f"{where}: no such RTL file '{source}'")
            files.append(source)
    return Rtl(files=tuple(files), include_dirs=tuple(include_dirs), defines=defines)


def cv32e40p() -> Rtl:
    """Return the RI5CY core (its maintained name is CV32E40P) as delivered by the PyPI package ``pythondata-cpu-cv32e40p``.

    The core has the PULP instruction set extension and no floating-point unit. The files are found through the package's
    metadata; the list is the core's own manifest without the test bench and the tracer.

    Raises
    ------
    ToolMissingError
        If the package is not installed.
    """
    package = "pythondata-cpu-cv32e40p"
    try:
        distribution = importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError:
        raise ToolMissingError(
            f"the Python package {package} (RTL of the RI5CY core) is missing; install it with 'pip install {package}'"
        ) from None
    manifests = [file for file in distribution.files or () if file.name == "cv32e40p_manifest.flist"]
    if not manifests:
        raise ToolMissingError(f"the installed {package} holds no cv32e40p_manifest.flist; reinstall it")
    manifest = Path(str(distribution.locate_file(manifests[0])))
    rtl = read_manifest(manifest, {"DESIGN_RTL_DIR": str(manifest.parent / "rtl")})
    simulation_only = ("_tracer_pkg.sv", "_tb_wrapper.sv", "_top.sv")
    return replace(
        rtl,
        files=tuple(file for file in rtl.files if not file.name.endswith(simulation_only)),
        parameters={"COREV_PULP": 1, "FPU": 0},
        top="cv32e40p_core",
    )


FILE_LISTS = {"cv32e40p": cv32e40p}
"""File lists that come with a package, by the name a flow file uses."""
