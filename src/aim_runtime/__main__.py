"""`python -m aim_runtime`."""

from __future__ import annotations

from aim_runtime.cli import main

main()
