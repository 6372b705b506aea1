#!/opt/aim/bin/python -I
"""What an image runs: `aim-runtime`, which serves when it is given no arguments."""

from aim_runtime.cli import main

main()
