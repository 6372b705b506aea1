"""The tables of docs/scaling.md: from the project's own arithmetic, and constants with their source."""
