"""One command, `docker run` or `podman run`, as a script."""
