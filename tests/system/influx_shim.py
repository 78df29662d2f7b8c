"""The v2 write interface in front of InfluxDB 1.6, which has none: the same bytes go on to its own one.

Only for tests. The answers (204, 400 with 'partial write', 404) are those of the real server behind it.
"""

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs


@dataclass
class Shim:
    """`url` for the feed; `status` answers instead of the server while it is set."""

    url: str = ""
    status: int | None = None
    requests: int = 0


@contextmanager
def influx_shim(server_url: str) -> Iterator[Shim]:
    """A running one on a free port."""
    shim = Shim()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            shim.requests += 1
            status, said = (shim.status, b"") if shim.status is not None else self.forward(body)
            self.send_response_only(status)
            if status != 204:
                self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def forward(self, body):
            path, _, query = self.path.partition("?")
            assert path == "/api/v2/write"
            asked = parse_qs(query)
            request = urllib.request.Request(
                f"{server_url}/write?db={asked['bucket'][0]}&precision={asked['precision'][0]}", body
            )
            if (coding := self.headers.get("Content-Encoding")) is not None:
                request.add_header("Content-Encoding", coding)
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return answer.status, b""
            except urllib.error.HTTPError as error:
                with error:
                    return error.code, error.read()
            except urllib.error.URLError:
                return 502, b"nobody behind it"

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        shim.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield shim
        finally:
            server.shutdown()
            thread.join()
