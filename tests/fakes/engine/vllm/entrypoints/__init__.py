"""A stand-in for vLLM: put this folder on PYTHONPATH, and the runtime finds and starts it."""
