"""The version of this package, where everything may read it."""

from __future__ import annotations

__version__ = "0.7.0"
