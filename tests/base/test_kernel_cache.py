"""A kernel is compiled again when anything it was made from has changed, in whatever file, and only then."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from finevh.base import kernel_cache
from finevh.base.kernel_cache import PACKAGE, kernel_digest, sources_of

KERNEL = """from finevh.base.kernel import kernel as kept
from {0}.limits import (
    LIMIT,
)
from {0}.shapes import scaled

@kept("int64(int64)")
def kernel(x):
    return scaled(x) + LIMIT
"""
# Numba's own locators alone would miss an edit of what a kernel calls.
RUN = """import sys
sys.path.insert(0, {folder!r})
from pathlib import Path
from finevh.base import kernel_cache
kernel_cache.PACKAGE = Path({folder!r}) / "other"
from other.kernels import kernel
print(kernel(3), sum(kernel.stats.cache_hits.values()), sum(kernel.stats.cache_misses.values()))
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package with a kernel that calls a function of one module and reads a constant of another."""
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "kernels.py").write_text(KERNEL.format("other"))
    (folder / "limits.py").write_text("LIMIT = 100\n")
    (folder / "shapes.py").write_text("import numba\n\n@numba.njit\ndef scaled(x):\n    return 2 * x\n")
    (folder / "words.py").write_text("TEXT = 'a'\n")
    return folder


def run(package: Path, cache: Path) -> list[int]:
    """Result of the kernel in a process of its own, how often it was found and how often compiled."""
    done = subprocess.run(
        [sys.executable, "-c", RUN.format(folder=str(package.parent))],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "NUMBA_CACHE_DIR": str(cache)},
    )
    return [int(word) for word in done.stdout.split()]


def test_an_edit_of_a_called_function_or_a_constant_in_another_file_is_never_missed(
    package: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    assert run(package, cache) == [106, 0, 1]
    assert run(package, cache) == [106, 1, 0]
    (package / "shapes.py").write_text((package / "shapes.py").read_text().replace("2 * x", "5 * x"))
    assert run(package, cache) == [115, 0, 1]
    (package / "limits.py").write_text("LIMIT = 200\n")
    assert run(package, cache) == [215, 0, 1]
    # What it was made from before is still there, and a module that it does not import is nothing to it.
    (package / "limits.py").write_text("LIMIT = 100\n")
    (package / "words.py").write_text("TEXT = 'b'\n")
    assert run(package, cache) == [115, 1, 0]


def test_names_that_a_package_gives_away_when_asked_for_count_where_they_come_from(package: Path) -> None:
    (package / "__init__.py").write_text(
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from other.words import TEXT\n"
        "    from other.limits import LIMIT\n"
    )
    (package / "kernels.py").write_text("from other import TEXT, shapes\nimport os\n")
    names = {path.name for path in sources_of(package, package / "kernels.py")}
    assert names == {"kernels.py", "__init__.py", "words.py", "shapes.py"}


def test_digests_depend_on_names_and_text_alone(package: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere" / "other"
    copy.mkdir(parents=True)
    for file in package.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    assert kernel_digest(package, package / "kernels.py") == kernel_digest(copy, copy / "kernels.py")


def test_kernels_of_the_package_know_their_callees_signatures_and_constants() -> None:
    sweep = PACKAGE / "timing" / "sweep" / "forward.py"
    names = {path.relative_to(PACKAGE).as_posix() for path in sources_of(PACKAGE, sweep)}
    assert {
        "timing/sweep/lanes.py",
        "timing/delay/effective_capacitance.py",
        "technology/tables/nldm.py",
        "timing/graph/entries.py",
    } <= names
    from finevh.timing.sweep.compiled import compiled

    stamp = compiled().advance._cache._impl.locator.get_source_stamp()
    assert stamp == kernel_digest(PACKAGE, sweep, PACKAGE / "timing" / "sweep" / "compiled.py")
    assert "timing/sweep/arrays.py" in {
        path.relative_to(PACKAGE).as_posix()
        for path in sources_of(PACKAGE, PACKAGE / "timing" / "sweep" / "compiled.py")
    }


def test_every_kernel_that_is_kept_is_kept_by_its_digest() -> None:
    from finevh.timing.graph import levels

    folder = Path(levels._levels._cache.cache_path)
    assert re.fullmatch(r"timing\.graph\.levels-[0-9a-f]{32}", folder.name)


def test_kernels_of_old_sources_are_cleared(tmp_path: Path) -> None:
    for k in range(12):
        old = tmp_path / f"a.b-{k:032x}"
        old.mkdir()
        os.utime(old, (time.time() - 100 * k - 100, time.time() - 100 * k - 100))
    os.utime(tmp_path / f"a.b-{1:032x}", (0, 0))
    (tmp_path / "a.c-0").mkdir()
    kernel_cache._open_folder(tmp_path / "a.b-new", "a.b")
    left = sorted(path.name for path in tmp_path.iterdir())
    kept = [f"a.b-{k:032x}" for k in (0, 2, 3, 4, 5, 6, 7, 8)]
    assert left == sorted([*kept, "a.b-new", "a.c-0"])


def test_a_kernel_that_a_loss_of_power_cut_off_is_compiled_again(package: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    value, found, compiled = run(package, cache)
    assert (found, compiled) == (0, 1)
    files = [path for path in cache.rglob("*") if path.suffix in (".nbi", ".nbc")]
    assert {path.suffix for path in files} == {".nbi", ".nbc"}
    for file in files:
        whole = file.read_bytes()
        for part in (b"", whole[: len(whole) // 2]):
            file.write_bytes(part)
            assert run(package, cache) == [value, 0, 1]
            assert run(package, cache) == [value, 1, 0]
