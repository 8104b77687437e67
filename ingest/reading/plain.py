"""From a file as it lies at its source to the plain text or workbook in it: gzip, zip, and other encodings than UTF-8.

What is unpacked goes into a temporary file without a name, so that memory stays bounded and nothing is left behind.
"""

from __future__ import annotations

import codecs
import errno
import gzip
import lzma
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from typing import IO, BinaryIO, Protocol

from ingest.config import Dataset
from ingest.errors import Refused

_CHUNK = 1 << 20
_GZIP = b"\x1f\x8b"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OF_A_WORKBOOK = "[Content_Types].xml"
_BY_THE_WAY = ("__MACOSX/", ".DS_Store")  # what macOS packs beside the file that was meant
# Beyond so many bytes, text does not shrink to less than this share of its size, and a bomb does.
_RATIO = 250
_HARMLESS = 64 << 20
_DEEPEST = 8  # archives one in another


class _Packed(Protocol):
    def read(self, size: int, /) -> bytes: ...


def plain(file: BinaryIO, dataset: Dataset, depth: int = 0) -> BinaryIO:
    """The file that is in ``file``, itself where it is not packed, at its start; not yet in another encoding.

    Args:
        depth: of how many archives ``file`` was taken out.

    Raises:
        Refused: an archive that is damaged, protected, too large unpacked, or not of exactly one file; archives within
            archives without end; or an Excel file of another kind than the dataset has.
    """
    if depth > _DEEPEST:
        raise Refused(f"is packed more than {_DEEPEST} times, archives within archives; unpack it")
    start = file.read(len(_OLE))
    file.seek(0)
    if start.startswith(_GZIP):
        return plain(_ungzipped(file, dataset), dataset, depth + 1)
    if start.startswith(_ZIP):
        if is_workbook(file):
            if not dataset.sheet:
                raise Refused("is an Excel workbook; name the sheet to read in the configuration (sheet)")
            return file
        return plain(_unzipped(file, dataset), dataset, depth + 1)
    if start == _OLE:
        packed = file.read(_CHUNK)
        file.seek(0)
        if "EncryptedPackage".encode("utf-16-le") in packed or "EncryptedPackage".encode("utf-16-le") in _rest(file):
            raise Refused("is a workbook protected by a password; save it without one")
        raise Refused("is a file of an Excel from before 2007 (.xls); save it as a workbook (.xlsx)")
    if dataset.sheet:
        raise Refused("is not an Excel workbook (.xlsx), as the configuration says (sheet)")
    return file


def _rest(file: BinaryIO) -> bytes:
    """The last bytes of a file, where such a container has its list of contents when it is large."""
    end = file.seek(0, 2)
    file.seek(max(end - 16 * _CHUNK, 0))
    found = file.read()
    file.seek(0)
    return found


def is_workbook(file: BinaryIO) -> bool:
    with unpacking(file) as archive:
        return _OF_A_WORKBOOK in archive.namelist()


@contextmanager
def unpacking(file: BinaryIO, what: str = "a zip file") -> Iterator[zipfile.ZipFile]:
    """A zip file, whatever is wrong with it as one line; ``file`` is at its start after that."""
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except zipfile.BadZipFile as error:
        raise Refused(f"is a damaged or truncated {what.split(' ', 1)[1]}: {error}") from None
    except (zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise Refused(f"is {what} that cannot be unpacked: {error}") from None
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # bz2 has no number, and a place before the start is invalid
            raise
        raise Refused(f"is {what} that cannot be unpacked: {error.strerror or error}") from None
    finally:
        file.seek(0)


def _unzipped(file: BinaryIO, dataset: Dataset) -> BinaryIO:
    with unpacking(file) as archive:
        members = [
            member
            for member in archive.infolist()
            if not member.is_dir() and not member.filename.startswith(_BY_THE_WAY[0])
            if not member.filename.endswith(_BY_THE_WAY[1])
        ]
        if len(members) != 1:
            names = ", ".join(member.filename for member in members[:5]) + (", …" if len(members) > 5 else "")
            what = f"{len(members)} files: {names}" if members else "no file"
            raise Refused(f"is a zip file with {what}; only archives of exactly one file are read")
        member = members[0]
        if member.flag_bits & 1:
            raise Refused("is a zip file protected by a password; pack it without one")
        _check_unpacked(member.file_size, member.compress_size, dataset)
        with opened(archive, member) as packed:
            return _copied(packed, dataset, lambda: member.compress_size)


def opened(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> IO[bytes]:
    """A member of an archive, open for one byte more than it says to have: if there is one, the checksum is wrong."""
    longer = copy(member)
    longer.file_size += 1
    return archive.open(longer)


def _ungzipped(file: BinaryIO, dataset: Dataset) -> BinaryIO:
    try:
        with gzip.GzipFile(fileobj=file, mode="rb") as packed:
            return _copied(packed, dataset, file.tell)
    except EOFError:
        raise Refused("is a truncated gzip file") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise Refused(f"is a damaged gzip file: {error}") from None


def _check_unpacked(size: int, packed: int, dataset: Dataset) -> None:
    if size > dataset.max_bytes:
        raise Refused(f"unpacks to more than the limit of {dataset.max_bytes} bytes (max_bytes)")
    if size > max(_HARMLESS, _RATIO * packed):
        raise Refused(f"unpacks to more than {_RATIO} times its size, as only an archive made to do harm does")


def _copied(packed: _Packed, dataset: Dataset, read: Callable[[], int]) -> BinaryIO:
    """What is packed, in a temporary file; ``read`` says how many packed bytes that has taken so far."""
    size = 0
    out = _scratch()
    while chunk := packed.read(_CHUNK):
        size += len(chunk)
        _check_unpacked(size, read(), dataset)
        _write(out, chunk)
    if not size:
        raise Refused("is empty once unpacked")
    out.seek(0)
    return out


def in_utf8(file: BinaryIO, encoding: str) -> BinaryIO:
    """``file`` from its start on, turned into UTF-8.

    Raises:
        Refused: with the position of the first byte that is none of the encoding.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    out = _scratch()
    offset = 0
    while True:
        chunk = file.read(_CHUNK)
        waiting = len(decoder.getstate()[0])
        try:
            _write(out, decoder.decode(chunk, final=not chunk).encode())
        except UnicodeError as error:
            at = offset - waiting + getattr(error, "start", 0)
            raise Refused(f"is not text in the encoding {encoding}: see the byte at position {at}") from None
        if not chunk:
            break
        offset += len(chunk)
    out.seek(0)
    return out


def _scratch() -> BinaryIO:
    return tempfile.TemporaryFile(prefix="ingest-")


def _write(out: BinaryIO, data: bytes) -> None:
    try:
        out.write(data)
    except OSError as error:
        raise Refused(f"cannot be unpacked: {error.strerror}; the next run tries again", final=False) from None
