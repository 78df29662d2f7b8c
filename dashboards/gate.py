"""Who is let in. Deny by default: this stands in front of every route, the static files and the API's description.

Only the demo lets somebody in without a sign-in: a guest from this very machine. A request that a proxy has passed on
is not from this machine, and a host name other than this machine's own is refused, since a web page elsewhere could
otherwise read the answers by pointing its name at 127.0.0.1 (DNS rebinding). A program that watches over the system
brings a token, which opens what it needs and nothing else.
"""

import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboards.access import ANONYMOUS, MONITOR, Right, Viewer, in_both

LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
PROXY_HEADERS: Final = frozenset({b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via"})
MONITORED: Final = frozenset({"/healthy", "/metrics"})
"""What a program that only watches over the system gets at; everything else is for those who may see."""
WRONG_HOST: Final = "The demo answers only to localhost, 127.0.0.1 and [::1]."
SECURITY_HEADERS: Final = (
    (
        b"content-security-policy",
        b"default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why somebody was not let in."""

    status: int
    text: str


def admit(
    demo: bool, client: str | None, headers: Iterable[tuple[bytes, bytes]], guest: Viewer = ANONYMOUS
) -> Viewer | Refusal:
    """Who a request is let in as, or why it is not. `client` is the peer's address, `guest` who needs no sign-in."""
    fields = list(headers)
    proxied = any(name.lower() in PROXY_HEADERS for name, _ in fields)
    if not demo or proxied or not is_loopback(client):
        return Refusal(401, in_both("access.sign_in_first"))
    hosts = [value.decode("latin-1") for name, value in fields if name.lower() == b"host"]
    if len(hosts) != 1 or _without_port(hosts[0]) not in LOCAL_NAMES:
        return Refusal(421, WRONG_HOST)
    return guest


def is_monitor(headers: Iterable[tuple[bytes, bytes]], token: str | None) -> bool:
    """Whether a request brings the monitoring token of the environment."""
    if not token:
        return False
    brought = [value for name, value in headers if name.lower() == b"authorization"]
    return len(brought) == 1 and hmac.compare_digest(brought[0], b"Bearer " + token.encode())


class Gate:
    """The middleware in front of everything; adds the security headers to every answer, refusals included."""

    def __init__(
        self, app: ASGIApp, *, demo: bool, guest: Viewer = ANONYMOUS, monitoring_token: str | None = None
    ) -> None:
        self._app = app
        self._demo = demo
        self._guest = guest
        self._monitoring_token = monitoring_token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is let in."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # no web sockets here; the server closes the connection

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *SECURITY_HEADERS]
            await send(message)

        client = scope.get("client")
        found = admit(self._demo, client[0] if client else None, scope["headers"], self._guest)
        if isinstance(found, Refusal) and is_monitor(scope["headers"], self._monitoring_token):
            found = MONITOR
        if isinstance(found, Viewer) and not found.may(Right.SEE) and scope["path"] not in MONITORED:
            found = Refusal(403, in_both("access.not_allowed"))
        if isinstance(found, Refusal):
            await _refuse(found, send_guarded)
        else:
            await self._app({**scope, "viewer": found}, receive, send_guarded)


async def _refuse(refusal: Refusal, send: Send) -> None:
    body = json.dumps({"detail": refusal.text}, ensure_ascii=False).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if refusal.status == 401:
        headers.append((b"www-authenticate", b'Session realm="bems"'))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def is_loopback(client: str | None) -> bool:
    """Whether an address is this machine's own."""
    try:
        return client is not None and ip_address(client).is_loopback
    except ValueError:
        return False


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).lower()
