"""Who the process in a container is, whatever starts the container."""

from __future__ import annotations

# The image's own user; gid 0 owns what it writes, so that any other uid can as well.
USER, GROUP = 1000, 0
# Who may open /dev/kfd and /dev/dri/renderD*: `video`, and the numbers that distributions give to `render`.
GPU_GROUPS = [44, 104, 105, 106, 107, 108, 109, 110, 992, 993]
