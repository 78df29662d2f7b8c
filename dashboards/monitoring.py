"""/healthy and /metrics, for whoever watches over the system: a viewer, or a program with the monitoring token."""

from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse, Response

from dashboards.access import Right, Viewer
from dashboards.answers.site import HealthAnswer, HealthyAnswer
from dashboards.api.site import REFUSED
from dashboards.metrics import condition, exposition
from dashboards.needs import needs
from dashboards.ports.view import SiteView

Seen = Annotated[Viewer, Depends(needs(Right.MONITOR))]
FIGURES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "Prometheus' text format, or OpenMetrics'", "content": {"text/plain": {"schema": {}}}}
}
FRESH: Final = {"Cache-Control": "no-store"}


def add_monitoring(app: FastAPI, view: SiteView) -> None:
    """The two routes; neither tells the value of any point."""

    @app.get(
        "/healthy",
        summary="Whether the system works: 200, or 503 when it does not",
        responses={**REFUSED, 503: {"model": HealthyAnswer, "description": "It does not work as it must"}},
    )
    async def healthy(_viewer: Seen) -> HealthyAnswer:
        found = condition(view)
        answer = HealthyAnswer(
            verdict=found.verdict,
            why=list(found.why),
            at=view.now(),
            parts=[
                HealthAnswer(name=p.name, kind=p.kind, state=p.state, age_s=p.age_s, detail=p.detail)
                for p in found.parts
            ],
        )
        status = 503 if found.verdict == "unhealthy" else 200
        return JSONResponse(answer.model_dump(mode="json"), status, FRESH)  # type: ignore[return-value]  # with a status

    @app.get(
        "/metrics",
        summary="Figures of the system for Prometheus",
        response_class=Response,
        responses={**REFUSED, **FIGURES},
    )
    async def metrics(_viewer: Seen, request: Request) -> Response:
        text, media_type = exposition(view, app.version, request.headers.get("accept", ""))
        return Response(text, headers={"Content-Type": media_type, **FRESH})
