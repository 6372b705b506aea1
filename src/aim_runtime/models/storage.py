"""The models room: what a model's weights lie on, and how much of them is in memory already, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# Names of file systems in /proc/self/mountinfo (man 5 filesystems and the drivers' own documentation).
_NETWORK = frozenset(
    [
        *("nfs", "nfs4", "cifs", "smb", "smbfs", "smb3", "ceph", "lustre", "gpfs", "beegfs", "wekafs"),
        *("afs", "pvfs2", "glusterfs"),
        # What a hypervisor shares with its guest: each read leaves the machine that is seen from here.
        *("9p", "virtiofs"),
    ]
)
_MEMORY = frozenset(["tmpfs", "ramfs", "hugetlbfs"])
_LOCAL = frozenset(
    [
        *("ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "bcachefs"),
        *("overlay", "erofs", "squashfs", "fuseblk"),
    ]
)
# From this share on, what is missing is read faster than another way of loading would save.
WARM = 0.8


class Medium(StrEnum):
    """What is behind a file system, as far as its name tells."""

    LOCAL = "a local disk"
    NETWORK = "a network file system"
    MEMORY = "memory"
    UNKNOWN = "a file system of unknown kind"


def medium(filesystem: str) -> Medium:
    """Return what a kind of file system lies on; every one in user space may reach over a network."""
    if filesystem in _LOCAL:
        return Medium.LOCAL
    if filesystem in _MEMORY:
        return Medium.MEMORY
    if filesystem in _NETWORK or filesystem.partition(".")[0] == "fuse":
        return Medium.NETWORK
    return Medium.UNKNOWN


@dataclass(frozen=True)
class Storage:
    """Where one model lies.

    `filesystem` is the kernel's name of its kind, empty where it is not known; `weights_bytes` the size
    of the weights, 0 while they are not there; `resident` the share of them that the page cache holds,
    None where the kernel does not tell this user; `available_bytes` the memory that nobody uses, limits
    of the cgroup included, None where it is not known; `safetensors` whether all of the weights are in
    that format.
    """

    filesystem: str
    weights_bytes: int = 0
    resident: float | None = None
    available_bytes: int | None = None
    safetensors: bool = True

    @property
    def medium(self) -> Medium:
        """What the file system lies on."""
        return medium(self.filesystem)

    @property
    def warm(self) -> bool:
        """Whether reading the weights is reading memory."""
        return self.medium is Medium.MEMORY or (self.resident or 0.0) > WARM

    def fits(self, share: float) -> bool:
        """Whether the weights take at most this share of the memory that nobody uses."""
        return self.available_bytes is not None and self.weights_bytes <= share * self.available_bytes


NOT_LOOKED_AT = Storage("")
