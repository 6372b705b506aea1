"""A file for docker compose and podman-compose."""
