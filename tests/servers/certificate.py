"""A certificate that nobody signed, for the servers that speak TLS on the loopback."""

from __future__ import annotations

import subprocess
from pathlib import Path

from servers import program


def self_signed(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for 127.0.0.1, good for two days, and its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    make = [program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    make += ["-nodes", "-days", "2", "-subj", "/CN=store", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*make, "-out", str(certificate), "-keyout", str(key)], check=True, capture_output=True)
    return certificate, key
