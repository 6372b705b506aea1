"""Search for the profile that serves a model best on this machine: real services, one against the other."""
