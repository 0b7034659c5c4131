"""Where compiled kernels are kept: in a folder named by the digest of all that they were made from.

Numba keeps a kernel until the file that declares it changes. A kernel also holds the code of the functions it calls and the
constants it reads, wherever they are. So here the key of a kernel is the text of its file and of every module of this
package that the file imports, directly or not, and the versions of numba and of its compiler: a kernel that does not belong
to the sources is never found. Copies of the package that have the same text share their kernels.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import llvmlite
import numba
from numba.core import caching

__all__ = ["KernelLocator", "kernel_digest", "kernel_folders", "sources_of"]

PACKAGE = Path(__file__).resolve().parents[1]
_IMPORT = re.compile(
    r"^(?P<indent>[ \t]*)(?:from[ \t]+(?P<module>[\w.]+)[ \t]+import[ \t]+(?P<names>\([^)]*\)|[^\n]*)"
    r"|import[ \t]+(?P<whole>[\w.]+))",
    re.MULTILINE,
)
_KEPT = 8
"""Digests of a module that are kept beside the newest."""
_UNUSED = 30 * 86400.0  # s; older ones go
_Locator: Any = caching._CacheLocator


class KernelLocator(_Locator):
    """Tells numba where the kernels of this package are kept; of other packages it knows nothing."""

    def __init__(self, folder: Path, digest: str, line: int) -> None:
        self._folder, self._digest, self._line = folder, digest, line

    def get_cache_path(self) -> str:
        """Folder of the kernel."""
        return str(self._folder)

    def get_source_stamp(self) -> str:
        """What must agree for a kernel to be used."""
        return self._digest

    def get_disambiguator(self) -> str:
        """Tells kernels of one name apart."""
        return str(self._line)

    @classmethod
    def from_function(cls, function: Callable[..., Any], file: str) -> KernelLocator | None:
        """The locator of a kernel, None where its file is not of this package or no folder can be written.

        A kernel whose signature is given elsewhere names that file in ``declared_in``.
        """
        source = Path(file).resolve()
        if not source.is_relative_to(PACKAGE):
            return None
        files = source, Path(getattr(function, "declared_in", file)).resolve()
        digest = kernel_digest(PACKAGE, *files)
        module = ".".join(source.relative_to(PACKAGE).with_suffix("").parts)
        for home in kernel_folders():
            folder = home / f"{module}-{digest}"
            with suppress(OSError):
                _open_folder(folder, module)
                found = cls(folder, digest, function.__code__.co_firstlineno)
                found.ensure_cache_path()
                return found
        return None


def kernel_folders() -> list[Path]:
    """Folders to keep kernels in, the first that can be written is taken: ``$NUMBA_CACHE_DIR``, else ``finevh/kernels`` in the
    user's cache folder, else beside the code.
    """
    asked = os.environ.get("NUMBA_CACHE_DIR")
    if asked:
        return [Path(asked) / "finevh"]
    user = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return [user / "finevh" / "kernels", PACKAGE / "__pycache__" / "kernels"]


@lru_cache(maxsize=1024)
def _open_folder(folder: Path, module: str) -> None:
    """Make the folder of a module's kernels or say that it is in use; those that are not used any more go."""
    if folder.is_dir():
        _drop_damaged(folder)
        if time.time() - folder.stat().st_mtime > 86400.0:
            os.utime(folder)
        return
    folder.mkdir(parents=True, exist_ok=True)
    others = [other for other in folder.parent.glob(f"{module}-*") if other != folder]
    ages = sorted((time.time() - other.stat().st_mtime, other) for other in others)
    for place, (age, other) in enumerate(ages):
        if place >= _KEPT or age > _UNUSED:
            shutil.rmtree(other, ignore_errors=True)


def _drop_damaged(folder: Path) -> None:
    """Remove kernels that a loss of power left empty or cut off: numba reads them unchecked, and every command would stop there.

    They are pickles, which end with a full stop (opcode STOP).
    """
    for path in folder.iterdir():
        if path.suffix in (".nbi", ".nbc"):
            with suppress(OSError):  # another process removes it
                with path.open("rb") as stream:
                    size = stream.seek(0, os.SEEK_END)
                    stream.seek(max(0, size - 1))
                    whole = stream.read() == b"."
                if not whole:
                    path.unlink()


@lru_cache(maxsize=1024)
def kernel_digest(package: Path, *files: Path) -> str:
    """Digest, 32 hexadecimal digits, of modules, of all of ``package`` that they import, and of what compiles them."""
    digest = blake2b(f"numba {numba.__version__} llvmlite {llvmlite.__version__}".encode(), digest_size=16)
    for source in sorted(sources_of(package, *files)):
        text = source.read_bytes()
        digest.update(f"\0{source.relative_to(package).as_posix()} {len(text)}\0".encode() + text)
    return digest.hexdigest()


def sources_of(package: Path, *files: Path) -> set[Path]:
    """Modules and all modules of a package that they import at their top level, directly or not."""
    found: set[Path] = set()
    waiting = list(files)
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += _imports(package, file)
    return found


@lru_cache(maxsize=1024)
def _imports(package: Path, file: Path) -> tuple[Path, ...]:
    """Files of a package that a module imports at its top level."""
    return tuple(_imported(package, file.read_text(encoding="utf-8")))


def _imported(package: Path, text: str) -> Iterator[Path]:
    for match in _IMPORT.finditer(text):
        if not match["indent"]:
            yield from _named(package, match["module"] or match["whole"], re.findall(r"\w+", match["names"] or ""))


def _named(package: Path, module: str, names: list[str]) -> Iterator[Path]:
    """Files behind an import: the module, and where a package gives names away those that they come from."""
    if module.split(".")[0] != package.name:
        return
    path = package.parent.joinpath(*module.split("."))
    if path.with_suffix(".py").is_file():
        yield path.with_suffix(".py")
        return
    face = path / "__init__.py"
    if not face.is_file():
        return
    yield face
    for name in names:
        inner = [file for file in (path / f"{name}.py", path / name / "__init__.py") if file.is_file()]
        yield from inner
        if inner:
            continue
        # A package may import its names only when they are asked for; then it says for readers of types where they are.
        for match in _IMPORT.finditer(face.read_text(encoding="utf-8")):
            if match["module"] and match["indent"] and name in re.findall(r"\w+", match["names"]):
                yield from _named(package, match["module"], [name])
