"""The tables of docs/scaling.md: what fits, how replicas are added, how weights reach a thousand pods.

    python benchmarks/scaling.py [--only PART] [--write PAGE | --check PAGE]
    python benchmarks/scaling.py --arrivals FILE

Computes all of it from the catalogue and the constants of benchmarks/scale/given.py: nothing is measured, and
a run gives the same on every machine. --arrivals plays recorded requests against the autoscaler: a CSV with
the columns arrived_s, input_tokens and output_tokens, or one of Azure's LLM inference traces.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from autoscaling.arrivals import recorded
from scale import apart, fits, given, scaler_tables, spread
from scale.markdown import filled, table


def constants() -> str:
    return table(["", "value", "from"], ([each.name, each.shown, each.source] for each in given.ALL))


PARTS: dict[str, Callable[[], str]] = {
    "constants": constants,
    "fits": fits.fits,
    "node": fits.node,
    "stages": fits.stages,
    "sent": apart.sent,
    "disturbed": apart.disturbed,
    "shares": apart.shares,
    "windows": apart.without_windows,
    "starts": scaler_tables.starting,
    "signals": scaler_tables.signals,
    "patterns": scaler_tables.by_pattern,
    "day": scaler_tables.through_the_day,
    "by-start": scaler_tables.by_start,
    "by-route": scaler_tables.by_route,
    "by-drain": scaler_tables.by_drain,
    "measured": scaler_tables.of_measurement,
    "spread": spread.spread,
    "gets": spread.gets,
}


def parse() -> argparse.Namespace:
    description, _, _ = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--only", choices=PARTS, action="append", help="one part; again for more")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--write", type=Path, metavar="PAGE", help="a page whose tables are replaced")
    what.add_argument(
        "--check", type=Path, metavar="PAGE", help="only say, by the exit code, whether it is stale"
    )
    what.add_argument("--arrivals", type=Path, metavar="FILE", help="recorded requests, as CSV")
    return parser.parse_args()


def main() -> int:
    args = parse()
    try:
        if args.arrivals:
            print(scaler_tables.replayed(recorded(args.arrivals), args.arrivals))
            return 0
        texts = {part: PARTS[part]() for part in args.only or PARTS}
        page = args.write or args.check
        if not page:
            print("\n\n".join(f"## {part}\n\n{text}" for part, text in texts.items()))
            return 0
        now = page.read_text(encoding="utf-8")
        new = filled(now, texts)
    except (OSError, ValueError) as error:
        sys.exit(str(error))
    if args.write:
        page.write_text(new, encoding="utf-8")
    elif new != now:
        print(f"stale: {page}; run: python benchmarks/scaling.py --write {page}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
