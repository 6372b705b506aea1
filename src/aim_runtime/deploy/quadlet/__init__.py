"""Units from which podman makes a service of systemd: a container and its volume."""
