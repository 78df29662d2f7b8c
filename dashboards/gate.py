"""Who is let in. Deny by default: this stands in front of every route, the static files and the API's description.

Somebody is known by, in this order: a token (`Authorization: Bearer`), a session's cookie, or, in the demo only, by
coming from this very machine. A request that a proxy has passed on is not from this machine, and a host name other than
this machine's own is refused to the demo's guest, since a web page elsewhere could otherwise read the answers by
pointing its name at 127.0.0.1 (DNS rebinding).

A change (anything but GET and HEAD) must come from our own page: `Origin`, where the browser names it, is the host that
was called, and the page's token is in `X-CSRF-Token`. Programs with a token of their own need neither.
"""

import hmac
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from typing import Final
from urllib.parse import quote, urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboards.access import ANONYMOUS, MONITOR, Right, Viewer
from dashboards.pages.refused import language_of, refused, wants_page
from dashboards.ports.people import People
from dashboards.words import LANGUAGES, in_both

LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
PROXY_HEADERS: Final = frozenset({b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via"})
MONITORED: Final = frozenset({"/healthy", "/metrics"})
"""What a program that only watches over the system gets at; everything else is for those who may see."""
OPEN: Final = frozenset(
    {"/api/session", "/api/welcome", *(f"/{lang}/{page}" for lang in LANGUAGES for page in ("sign-in", "welcome"))}
)
"""What anybody may ask for, so that they can sign in; and every static file, which tells nothing of the site."""
DISPLAY: Final = frozenset({"/display", "/en/display", "/api/display"})
"""Open too, where the site file switches the public display on."""
OPEN_DATA: Final = frozenset({"/api/open/energy", "/api/open/energy.csv"})
"""Open likewise, where the site file switches open data on."""
SAFE: Final = frozenset({"GET", "HEAD"})
LONGEST_SECRET: Final = 200
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


def cookie_name(scope: Scope) -> str:
    """Over HTTPS browsers hold a `__Host-` cookie to this very host, to HTTPS, and to no part of the site."""
    return "__Host-bems" if scope["scheme"] == "https" else "bems"


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


def is_from_elsewhere(headers: Mapping[bytes, bytes], viewer: Viewer | None) -> bool:
    """Whether a change may have been sent by a page that is not ours. `viewer` needs no token of their own."""
    host = headers.get(b"host", b"").decode("latin-1")
    origin = headers.get(b"origin")
    if origin is not None and urlsplit(origin.decode("latin-1")).netloc != host:
        return True
    if headers.get(b"sec-fetch-site", b"same-origin") not in (b"same-origin", b"none"):
        return True
    if viewer is None:  # a browser sends JSON elsewhere only after asking, and we never agree
        return headers.get(b"content-type", b"").split(b";")[0].strip() != b"application/json"
    return not hmac.compare_digest(headers.get(b"x-csrf-token", b""), (viewer.csrf or secrets.token_hex()).encode())


class Gate:
    """The middleware in front of everything; adds the security headers to every answer, refusals included."""

    def __init__(  # everything that lets somebody in
        self,
        app: ASGIApp,
        *,
        demo: bool,
        guest: Viewer = ANONYMOUS,
        monitoring_token: str | None = None,
        people: People | None = None,
        display: bool = False,
        open_data: bool = False,
    ) -> None:
        self._app = app
        self._demo = demo
        self._guest = guest
        self._monitoring_token = monitoring_token
        self._people = people
        self._open = OPEN | (DISPLAY if display else frozenset()) | (OPEN_DATA if open_data else frozenset())

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

        headers = {name.lower(): value for name, value in scope["headers"]}
        found = self._found(scope, headers)
        if isinstance(found, Refusal):
            await self._refuse(found, scope, headers, send_guarded)
        else:
            await self._app({**scope, "viewer": found}, receive, send_guarded)

    def _found(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Viewer | Refusal | None:
        """Who it is, why they are not let in, or None for somebody unknown at an open door."""
        path, is_program = scope["path"], b"authorization" in headers
        found: Viewer | Refusal | None = self._by_token(headers) if is_program else self._by_session(scope, headers)
        if found is None and not is_program:
            client = scope.get("client")
            found = admit(self._demo, client[0] if client else None, scope["headers"], self._guest)
        is_open = path in self._open or path.startswith("/static/")
        viewer = found if isinstance(found, Viewer) else None
        if viewer is None and not is_open:
            return found if isinstance(found, Refusal) else Refusal(401, in_both("access.sign_in_first"))
        if viewer is not None and not viewer.may(Right.SEE) and path not in MONITORED and not is_open:
            return Refusal(403, in_both("access.not_allowed"))
        if scope["method"] not in SAFE and not (viewer and is_program) and is_from_elsewhere(headers, viewer):
            return Refusal(403, in_both("access.from_elsewhere"))
        return viewer

    def _by_token(self, headers: Mapping[bytes, bytes]) -> Viewer | None:
        kind, _, brought = headers[b"authorization"].partition(b" ")
        if kind != b"Bearer" or not 0 < len(brought) <= LONGEST_SECRET:
            return None
        if self._monitoring_token and hmac.compare_digest(brought, self._monitoring_token.encode()):
            return MONITOR
        return self._people.by_token(brought.decode("latin-1")) if self._people else None

    def _by_session(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Viewer | None:
        if self._people is None or b"cookie" not in headers:
            return None
        try:
            cookies = SimpleCookie(headers[b"cookie"].decode("latin-1"))
        except CookieError:
            return None
        brought = cookies.get(cookie_name(scope))
        if brought is None or len(brought.value) > LONGEST_SECRET:
            return None
        acts = scope["method"] not in SAFE or not scope["path"].startswith("/api/")
        return self._people.by_session(brought.value, acts)

    async def _refuse(self, refusal: Refusal, scope: Scope, headers: Mapping[bytes, bytes], send: Send) -> None:
        """With words; a browser that wants a page is led to where one signs in."""
        is_page = wants_page(scope["method"], headers.get(b"accept", b"").decode("latin-1"))
        if refusal.status == 401 and is_page and self._people is not None:
            await _redirect(self._sign_in_for(scope["path"]), send)
            return
        if is_page:
            language = language_of(scope["path"])
            kind, body = b"text/html; charset=utf-8", refused(refusal.status, None, self._people is not None, language)
        else:
            kind, body = b"application/json", json.dumps({"detail": refusal.text}, ensure_ascii=False)
        fields = [(b"content-type", kind), (b"content-length", str(len(body.encode())).encode())]
        if refusal.status == 401:
            fields.append((b"www-authenticate", b'Session realm="bems"'))
        await send({"type": "http.response.start", "status": refusal.status, "headers": fields})
        await send({"type": "http.response.body", "body": body.encode()})

    def _sign_in_for(self, path: str) -> str:
        language = language_of(path)
        if self._people is not None and self._people.is_first_run():
            return f"/{language}/welcome"
        return f"/{language}/sign-in?next={quote(path, safe='/')}"


async def _redirect(address: str, send: Send) -> None:
    headers = [(b"location", address.encode()), (b"content-length", b"0"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def with_csrf(guest: Viewer) -> Viewer:
    """A guest whose pages carry a token of this process."""
    return replace(guest, csrf=secrets.token_hex())


def is_loopback(client: str | None) -> bool:
    """Whether an address is this machine's own."""
    try:
        return client is not None and ip_address(client).is_loopback
    except ValueError:
        return False


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).lower()
