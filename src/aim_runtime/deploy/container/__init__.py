"""One container on one machine: what docker, podman, Compose and systemd are told alike."""
