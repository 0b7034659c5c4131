"""Packed files in, their bytes out; one that would fill the memory from a few kilobytes is refused."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from finevh.base.files import require_regular

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_MAGIC = b"\x1f\x8b"
_MARK = b"\xef\xbb\xbf"  # what editors of another system put before a text in UTF-8
_SMALL = 128 << 20  # bytes; what unpacks to less is no danger
_RATIO = 200
"""Of unpacked to packed bytes; deflate's limit is 1032, netlists, libraries and recordings are packed by 5 to 100."""
_BLOCK = 1 << 24


class PackedError(OSError):
    """A packed file that is damaged, cut off, or a bomb: an error of the file, as others that reading raises."""


def unpack(data: bytes) -> bytes:
    """Return the bytes of a gzip file's content; those of any other file as they are, without a byte-order mark.

    Raises
    ------
    PackedError
        If they are damaged, cut off or grow too far.
    """
    if data[:2] != _MAGIC:
        return data.removeprefix(_MARK)
    parts, size = [], 0
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            while part := stream.read(_BLOCK):
                parts.append(part)
                size += len(part)
                _check(size, len(data))
    except PackedError:
        raise
    except (OSError, EOFError, zlib.error) as error:
        raise PackedError(f"damaged or truncated gzip: {error}") from None
    return b"".join(parts).removeprefix(_MARK)


def open_bytes(path: Path) -> io.BufferedReader:
    """Open a file, packed by gzip or not, as a stream of bytes.

    Raises
    ------
    OSError
        If it cannot be opened; :class:`PackedError` while it is read.
    """
    require_regular(path)
    with path.open("rb") as stream:
        packed = stream.read(2) == _MAGIC
    return io.BufferedReader(_Bounded(path), _BLOCK >> 4) if packed else path.open("rb")


def open_text(path: Path, encoding: str = "ascii") -> TextIO:
    """Open a text file, packed by gzip or not, as a stream; characters of another encoding are replaced.

    Raises
    ------
    OSError
        If it cannot be opened; :class:`PackedError` while it is read.
    """
    return io.TextIOWrapper(open_bytes(path), encoding=encoding, errors="replace")


def check_archive(path: Path) -> None:
    """Check that a zip archive, such as numpy's, does not grow too far.

    Raises
    ------
    PackedError
        If it does.
    OSError, zipfile.BadZipFile
        If it is none.
    """
    require_regular(path)
    with zipfile.ZipFile(path) as archive:
        _check(sum(member.file_size for member in archive.infolist()), path.stat().st_size)


class _Bounded(io.RawIOBase):
    """A gzip file as a raw stream that counts what comes out."""

    def __init__(self, path: Path) -> None:
        self._packed = path.stat().st_size
        self._stream = gzip.GzipFile(path, "rb")
        self._size = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        try:
            data = self._stream.read1(len(view))
        except (OSError, EOFError, zlib.error) as error:
            raise PackedError(f"damaged or truncated gzip: {error}") from None
        view[: len(data)] = data
        self._size += len(data)
        _check(self._size, self._packed)
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _check(size: int, packed: int) -> None:
    if size > _SMALL and size > _RATIO * packed:
        raise PackedError(
            f"{packed} bytes that unpack to more than {_RATIO} times as much, which no design file does; unpack it by hand if"
            " it is meant"
        )
