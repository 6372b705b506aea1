"""nginx: a web server in front of a folder, by http and https. https://nginx.org"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from servers import free_port, program, running

_CONFIGURATION = """
daemon off;
master_process off;
pid {home}/nginx.pid;
error_log {home}/error.log;
events {{ worker_connections 256; }}
http {{
    log_format asked '$remote_user $status "$request_uri" $http_range';
    access_log {home}/access.log asked;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    default_type application/octet-stream;
    server {{
        listen 127.0.0.1:{http};
        listen 127.0.0.1:{https} ssl;
        server_name localhost;
        ssl_certificate {home}/certificate.pem;
        ssl_certificate_key {home}/key.pem;
        root {root};
        location /no-ranges/ {{ alias {root}/; max_ranges 0; }}
        location /closed/ {{ alias {root}/; auth_basic closed; auth_basic_user_file {home}/users; }}
        location /forbidden/ {{ return 403; }}
        location /moved/ {{ rewrite ^/moved/(.*)$ /$1 redirect; }}
        location /elsewhere/ {{ rewrite ^/elsewhere/(.*)$ http://127.0.0.1:{http}/$1 redirect; }}
        location /loop/ {{ return 302 $request_uri; }}
        location /weak/ {{ alias {root}/; etag off; add_header ETag 'W/"1"'; }}
        location /dated/ {{ alias {root}/; etag off; }}
        location /slow/ {{ alias {root}/; limit_rate 12m; }}
        location /page/ {{ default_type text/html; return 200 "<html>Please sign in</html>"; }}
    }}
}}
"""


@dataclass(frozen=True)
class Site:
    """A running server: `root` is what it serves, `authority` who vouches for it."""

    root: Path
    http: str
    https: str
    authority: Path
    home: Path

    def requests(self) -> list[str]:
        """Who asked (`-` for nobody), the answer's status, for what, and for which range."""
        return (self.home / "access.log").read_text().splitlines()


@contextmanager
def site(home: Path) -> Iterator[Site]:
    """Run one whose files are all below `home`, and which serves `home`/site.

    It also serves the site as /no-ranges/, /closed/ (user `ann`, password `s3cr@t`), /forbidden/, /moved/,
    /elsewhere/ (another origin), /loop/, /weak/ (an entity tag that is weak), /dated/ (no entity tag),
    /slow/ (12 MB/s a connection) and /page/ (a web page, whatever is asked for).
    """
    root, http, https = home / "site", free_port(), free_port()
    root.mkdir()
    _certify(home)
    (home / "users").write_text("ann:{PLAIN}s3cr@t\n")
    configuration = home / "nginx.conf"
    configuration.write_text(_CONFIGURATION.format(home=home, root=root, http=http, https=https))
    argv = [program("nginx"), "-p", str(home), "-c", str(configuration), "-e", str(home / "error.log")]
    with running(argv, https, home / "nginx.log"):
        yield Site(
            root, f"http://127.0.0.1:{http}", f"https://127.0.0.1:{https}", home / "authority.pem", home
        )


def _certify(home: Path) -> None:
    """Write an authority that nobody knows, and the certificate of a server that it vouches for."""
    key = [program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    key += ["-nodes", "-days", "2"]
    authority, its_key = str(home / "authority.pem"), str(home / "authority-key.pem")
    for more in (
        ["-subj", "/CN=test authority", "-keyout", its_key, "-out", authority],
        [
            *("-subj", "/CN=test server", "-CA", authority, "-CAkey", its_key),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"),
            *("-keyout", str(home / "key.pem"), "-out", str(home / "certificate.pem")),
        ],
    ):
        subprocess.run([*key, *more], check=True, capture_output=True)
