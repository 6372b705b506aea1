"""Is a service what it claims to be: checks of its plan and of its answers on the wire."""
