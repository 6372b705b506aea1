"""How AMD's operator for Kubernetes reads a failed container's log, by the words it looks for.

It takes the last 50 lines and asks class after class, in this order, whether a line has the words of one;
what it makes of the service's state hangs on that: a missing source is final, a full disk is not.
https://github.com/amd-enterprise-ai/aim-engine (internal/controller/utils/health_fetchers.go)
"""

from __future__ import annotations

import re
from enum import StrEnum


class Seen(StrEnum):
    """What it takes a line for."""

    INFRASTRUCTURE = "infrastructure"
    MISSING = "not found"
    CLOSED = "authentication"
    FULL = "storage full"


# Words that follow one another in a line, with anything between them; case does not matter.
_WORDS: dict[Seen, tuple[tuple[str, ...], ...]] = {
    Seen.INFRASTRUCTURE: (
        ("rbac:", "not found"),
        ("clusterrole", "not found"),
        ("forbidden", "cannot", "resource"),
        ("serviceaccount", "cannot"),
    ),
    Seen.MISSING: (
        ("repository not found",),
        ("repositorynotfounderror",),
        ("404", "not", "found"),
        ("not", "found", "404"),
        ("nosuchkey",),
        ("nosuchbucket",),
        ("model", "not", "found"),
        ("file", "not", "found"),
        ("s3", "404"),
    ),
    Seen.CLOSED: (
        ("access", "denied", "s3"),
        ("s3", "403"),
        ("invalidaccesskeyid",),
        ("signaturedoesnotmatch",),
        ("s3", "unauthorized"),
        ("aws", "credentials", "not", "found"),
        ("nocredentialproviders",),
        ("access to model ", " is restricted"),
        ("cannot access gated repo",),
        ("invalid", "token", "huggingface"),
        ("huggingface", "authentication", "failed"),
        ("401", "unauthorized", "hf.co"),
        ("403", "forbidden", "hf.co"),
    ),
    Seen.FULL: (
        ("no space left on device",),
        ("disk", "full"),
        ("enospc",),
        ("quota", "exceeded"),
        ("storage", "full"),
    ),
}
_LINES = 50
_PATTERNS = {
    seen: [re.compile(".*".join(map(re.escape, words)), re.IGNORECASE) for words in ways]
    for seen, ways in _WORDS.items()
}


def taken_for(line: str) -> Seen | None:
    """The class of a line, None where it has none of the words."""
    for seen, patterns in _PATTERNS.items():
        if any(pattern.search(line) for pattern in patterns):
            return seen
    return None


def log_taken_for(log: str) -> Seen | None:
    """The class of a whole log: of its last lines, the first class that any of them has."""
    classes = {taken_for(line) for line in log.splitlines()[-_LINES:]}
    return next((seen for seen in Seen if seen in classes), None)
