"""The web application: the pages in two languages, the JSON API, the live stream and the files they need."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from functools import cache, partial
from importlib import resources
from pathlib import Path
from typing import Annotated, Final

from fastapi import Depends, FastAPI
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboards.access import ANONYMOUS, Right, Viewer
from dashboards.api.access import access_router
from dashboards.api.site import REFUSED, api_router
from dashboards.discreet.view import Counted, Discreet
from dashboards.gate import SECURITY_HEADERS, Gate, with_csrf
from dashboards.monitoring import add_monitoring
from dashboards.needs import current_viewer, needs
from dashboards.open_data import add_open_data
from dashboards.pages.display import add_display
from dashboards.pages.doors import add_doors
from dashboards.pages.navigation import address, pages_of
from dashboards.pages.refused import language_of, refused, wants_page
from dashboards.pages.registry import PAGES, Page
from dashboards.ports.people import People
from dashboards.ports.view import SiteView
from dashboards.stream import HEADERS, Feed, stream
from dashboards.words import LANGUAGES, Language

STATIC: Final = Path(str(resources.files("dashboards").joinpath("static")))
ABOUT: Final = (
    "Everything the building energy management system knows. Time is UTC unless a field says otherwise. Residents' "
    "rooms, and what else tells about one resident, are known only to those with the right `see_personal`; for others "
    "the site has none, and what names one is left out."
)
WHAT_COMES: Final = (
    "Event `full` once with the whole state, then `delta` a tick with what changed: tick, at [s since 1970 UTC], "
    "speed, points {id: [value, quality, at or null where read with its connection, last value where not good]}, "
    "connections {id: newest reading}, health {name: [state, age in s]}; alarms, held, price, "
    "decides (who decides: {nb, en}) and taken (how many points people have taken over) when changed."
)
EVENT: Final = {
    "type": "object",
    "properties": {
        "event": {"enum": ["full", "delta"]},
        "id": {"type": "string"},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
    "required": ["event", "id", "data"],
}


class ByRight:
    """Whoever may not see residents' rooms gets the application that has never heard of them; open doors lead there."""

    def __init__(self, app: ASGIApp, discreet: Callable[[], ASGIApp]) -> None:
        self._app, self._discreet = app, cache(discreet)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on to one of the two."""
        viewer = scope.get("viewer")
        sees = isinstance(viewer, Viewer) and viewer.sees_personal
        app = self._app if sees or scope["type"] == "lifespan" else self._discreet()
        await app(scope, receive, send)


class Files(StaticFiles):
    """Static files that a browser asks about each time, so that an update is seen at once."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, to be revalidated by its ETag."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


def create_app(
    view: SiteView,
    guest: Viewer = ANONYMOUS,
    monitoring_token: str | None = None,
    people: People | None = None,
) -> FastAPI:
    """The application over one site. It opens nothing and starts nothing: any ASGI server runs it.

    `guest` is who the demo lets in without a sign-in; without `people` nobody else can. `monitoring_token` opens
    /healthy and /metrics, nothing else. `app.state.guest` has the token that a guest's changes carry.
    """
    counted = Counted(view)
    app = _routes(view, counted, people)
    app.add_middleware(ByRight, discreet=lambda: _routes(Discreet(view), counted, people))
    app.add_middleware(GZipMiddleware, minimum_size=2000)
    if people is None:  # nobody to administer
        guest = replace(guest, rights=guest.all_rights - {Right.ADMINISTER})
    guest = app.state.guest = with_csrf(guest)
    app.add_middleware(
        Gate,
        demo=view.demo,
        guest=guest,
        monitoring_token=monitoring_token,
        people=people,
        display=view.site.access.display,
        open_data=view.site.access.open_data,
    )
    return app


def _routes(view: SiteView, counted: SiteView, people: People | None) -> FastAPI:
    """Every route, over the view of those who get at them; `counted` is what monitoring counts."""
    app = FastAPI(
        title="bems",
        description=ABOUT,
        version="0.1.0",
        openapi_url="/api/openapi.json",
        docs_url=None,  # the usual viewer loads its scripts from elsewhere
        redoc_url=None,
    )
    app.include_router(api_router(view))
    add_monitoring(app, counted)
    _add_stream(app, view, people)
    if people is not None:
        app.include_router(access_router(people))
        add_doors(app, view, people)
    if view.site.access.display:
        add_display(app, view)
    if view.site.access.open_data:
        add_open_data(app, view)
    _add_page(app, view, "/", PAGES["now"], "nb")
    for name in pages_of(view.site):
        for language in LANGUAGES:
            _add_page(app, view, address(name, language), PAGES[name], language)
    app.add_exception_handler(405, _not_that_way)
    for status in (403, 404, 500):
        app.add_exception_handler(status, partial(_refused, status=status, can_sign_in=people is not None))
    app.mount("/static", Files(directory=STATIC), name="static")
    return app


async def _not_that_way(request: Request, error: Exception) -> Response:
    """405 with all methods the address has; each route alone knows only its own."""
    routes: list[Route] = [route for route in request.app.routes if isinstance(route, Route)]
    matching = [route for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    methods = sorted({method for route in matching for method in route.methods or ()})
    detail = error.detail if isinstance(error, HTTPException) else ""
    return JSONResponse({"detail": detail}, 405, {"Allow": ", ".join(methods)})


async def _refused(request: Request, error: Exception, status: int, can_sign_in: bool) -> Response:
    """As a page for a person's browser, as JSON for programs. What broke is told to the log alone."""
    # an answer to what broke does not pass the gate, which adds them to all others
    headers = {name.decode(): value.decode() for name, value in SECURITY_HEADERS} if status == 500 else {}
    if wants_page(request.method, request.headers.get("accept", "")):
        viewer, language = request.scope.get("viewer"), language_of(request.url.path)
        page = refused(status, viewer, can_sign_in, language)
        return HTMLResponse(page, status, {"Cache-Control": "no-store", **headers})
    return JSONResponse({"detail": error.detail if isinstance(error, HTTPException) else ""}, status, headers)


def _add_stream(app: FastAPI, view: SiteView, people: People | None) -> None:
    feed = Feed(view)

    @app.get(
        "/api/stream",
        summary="All changes, live, as server-sent events",
        response_class=StreamingResponse,
        responses={**REFUSED, 200: {"description": WHAT_COMES, "content": {"text/event-stream": {"schema": EVENT}}}},
    )
    async def live(viewer: Annotated[Viewer, Depends(current_viewer)]) -> StreamingResponse:
        messages = stream(view, feed)
        if people is not None:
            messages = _while_let_in(messages, people, viewer)
        return StreamingResponse(messages, media_type="text/event-stream", headers=HEADERS)


async def _while_let_in(
    messages: AsyncGenerator[bytes, None], people: People, viewer: Viewer
) -> AsyncGenerator[bytes, None]:
    """The stream, until the viewer's session ends or their role changes."""
    async with aclosing(messages):
        async for message in messages:
            if not people.is_let_in(viewer):
                return
            yield message


def _add_page(app: FastAPI, view: SiteView, path: str, page: Page, language: Language) -> None:
    @app.get(path, response_class=HTMLResponse, include_in_schema=False)
    def show(viewer: Annotated[Viewer, Depends(needs(page.right))]) -> HTMLResponse:
        return HTMLResponse(page.render(view, viewer, language), headers={"Cache-Control": "no-store"})
