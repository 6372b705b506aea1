"""A service to measure or check: one that runs already, or one that is started for it by `serve` itself."""
