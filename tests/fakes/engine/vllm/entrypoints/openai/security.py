"""The stand-in's TLS, by the arguments that vLLM has for it."""

from __future__ import annotations

import ssl
import sys
from http.server import HTTPServer


def secured(server: HTTPServer) -> HTTPServer:
    """Speak TLS where the arguments name a certificate; ask clients for one where they say so."""
    if "--ssl-certfile" in sys.argv:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(_value("--ssl-certfile"), _value("--ssl-keyfile"))
        if _value("--ssl-cert-reqs") == "2":
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(_value("--ssl-ca-certs"))
        server.socket = context.wrap_socket(server.socket, server_side=True)
    return server


def _value(name: str) -> str:
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else ""
