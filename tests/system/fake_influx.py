"""A small InfluxDB 2 on loopback: its write answers are what a test says, its buckets and tasks are kept like the real
one's. What a real server answers is tested elsewhere; here it is what to do about every answer."""

import gzip
import itertools
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

Answer = tuple[int, Any, dict[str, str]]
ORG = "00000000000000aa"
DONE: Answer = (204, None, {})


@dataclass
class FakeInflux:
    """What it holds and what it was asked."""

    url: str = ""
    version: str = "2.7.10"
    token: str | None = None
    on_write: Callable[[list[str]], Answer | None] = lambda _: None
    """An answer instead of taking the lines."""
    lines: list[str] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    buckets: dict[str, dict[str, Any]] = field(default_factory=dict)
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    mappings: list[dict[str, Any]] = field(default_factory=list)
    databases: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(0x1000))

    def new_id(self):
        return f"{next(self._ids):016x}"

    def points(self):
        """The lines taken, as InfluxDB keeps them: one for each series and time."""
        return {(line.rsplit(" ", 2)[0], line.rsplit(" ", 1)[1]): line for line in self.lines}

    def answer(self, method, path, query, headers, body) -> Answer:
        if path == "/ping":
            return 204, None, {"X-Influxdb-Version": self.version}
        authorization = {f"Token {self.token}", f"Bearer {self.token}"}
        if self.token is not None and headers.get("Authorization") not in authorization:
            return 401, {"code": "unauthorized", "message": "unauthorized access"}, {}
        if path == "/api/v2/write":
            lines = (gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" else body).decode().split("\n")
            self.batches.append(len(lines))
            answer = self.on_write(lines)
            if answer is None:
                self.lines += lines
            return answer or DONE
        if path == "/api/v3/configure/database":
            wanted = json.loads(body)
            if wanted["db"] in self.databases:
                return 409, {"error": "attempted to create a resource that already exists"}, {}
            self.databases[wanted["db"]] = wanted["retention_period"]
            return 200, None, {}
        return self.managed(method, path.removeprefix("/api/v2/").split("/"), query, json.loads(body or b"{}"))

    def managed(self, method, path, query, body) -> Answer:
        kind = path[0]
        if kind == "orgs":
            return 200, {"orgs": [{"id": ORG, "name": query["org"][0]}]}, {}
        if kind == "dbrps":
            if method == "GET":
                found = [m for m in self.mappings if m["database"] == query["db"][0]]
                return 200, {"content": found}, {}
            self.mappings.append(body | {"id": self.new_id(), "orgID": ORG})
            return 201, self.mappings[-1], {}
        store = self.buckets if kind == "buckets" else self.tasks
        if method == "GET":
            return 200, {"links": {"self": f"/api/v2/{kind}"}, kind: list(store.values())}, {}
        if method == "PATCH":
            store[path[1]] |= body
            return 200, store[path[1]], {}
        new = body | {"id": self.new_id(), "orgID": body.get("orgID", ORG)}
        if kind == "tasks":
            new["name"] = body["flux"].split('name: "')[1].split('"')[0]
        store[new["id"]] = new
        return 201, new, {}


@contextmanager
def fake_influx(**options) -> Iterator[FakeInflux]:
    """A running one on a free port."""
    fake = FakeInflux(**options)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet

        def handle_any(self):
            path, _, query = self.path.partition("?")
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            fake.asked.append(f"{self.command} {path}")
            status, said, headers = fake.answer(self.command, path, parse_qs(query), dict(self.headers), body)
            data = b"" if said is None else (said if isinstance(said, str) else json.dumps(said)).encode()
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = handle_any  # noqa: N815

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        fake.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield fake
        finally:
            server.shutdown()
            thread.join()
