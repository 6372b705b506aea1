"""The checks, one file a family; `validate/listed.py` has them in their order."""
