"""The models room: how much of a file the kernel holds in memory already."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

_CACHESTAT = (
    451  # the same number on every architecture (linux: include/uapi/asm-generic/unistd.h), since 6.5
)
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
# mincore() is asked about a sample: this many windows of this many pages, spread over the file.
_WINDOWS, _WINDOW_PAGES = 64, 64
_PROT_READ, _MAP_SHARED = 1, 1
_MAP_FAILED = ctypes.c_void_p(-1).value


class _Range(ctypes.Structure):
    """struct cachestat_range; a length of 0 is "to the end"."""

    _fields_ = (("off", ctypes.c_uint64), ("len", ctypes.c_uint64))


class _CacheStat(ctypes.Structure):
    """struct cachestat: numbers of pages."""

    _fields_ = tuple(
        (name, ctypes.c_uint64)
        for name in ("nr_cache", "nr_dirty", "nr_writeback", "nr_evicted", "nr_recently_evicted")
    )


def resident_share(path: Path) -> float | None:
    """Return the share (0 to 1) of a file that is in the page cache; None where the kernel does not tell.

    It tells who owns the file or may write it; others it refuses (cachestat) or tells that everything is
    there (mincore: linux, mm/mincore.c, can_do_mincore, after CVE-2019-5489), so they are not asked for.
    Raises OSError when the file cannot be opened.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        size_bytes = os.fstat(descriptor).st_size
        if not size_bytes:
            return 1.0
        if os.fstat(descriptor).st_uid != os.geteuid() and not os.access(path, os.W_OK):
            return None
        pages = cached_pages(descriptor)
        if pages is not None:
            return min(1.0, pages * _PAGE_BYTES / size_bytes)
        return sampled_share(descriptor, size_bytes)
    finally:
        os.close(descriptor)


def cached_pages(descriptor: int) -> int | None:
    """Return how many pages of an open file are in the page cache; None on a kernel without cachestat."""
    libc = ctypes.CDLL(None, use_errno=True)
    found = _CacheStat()
    whole = _Range(0, 0)
    failed = libc.syscall(_CACHESTAT, descriptor, ctypes.byref(whole), ctypes.byref(found), 0)
    return None if failed else int(found.nr_cache)


def sampled_share(descriptor: int, size_bytes: int) -> float | None:
    """Return the share of an open file's pages that mincore() finds in memory, by a sample."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    libc.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]
    pages = -(-size_bytes // _PAGE_BYTES)
    looked_at = resident = 0
    for first in sorted({(pages * window // _WINDOWS) for window in range(_WINDOWS)}):
        count = min(_WINDOW_PAGES, pages - first)
        length = count * _PAGE_BYTES
        address = libc.mmap(None, length, _PROT_READ, _MAP_SHARED, descriptor, first * _PAGE_BYTES)
        if address == _MAP_FAILED:
            return None  # a file system without memory maps
        answer = ctypes.create_string_buffer(count)
        failed = libc.mincore(address, length, answer)
        libc.munmap(address, length)
        if failed:
            return None
        looked_at += count
        resident += sum(byte & 1 for byte in answer.raw)
    return resident / looked_at
