"""The tables of docs/scaling.md: each number from the project's own arithmetic, or from a constant with its source."""
