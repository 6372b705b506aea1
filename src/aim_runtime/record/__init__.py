"""RECORD: what one run of `serve` was, written down so that it can be repeated and compared."""
