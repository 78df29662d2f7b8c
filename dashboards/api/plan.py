"""The part of the JSON API that tells about plans: who decides, what is planned, what was learned."""

from dataclasses import asdict

from fastapi import APIRouter

from dashboards.answers.plan import ModelAnswer, PlanAnswer, PlanningAnswer, SaidAnswer, ScoreAnswer
from dashboards.ports.view import SiteView
from dashboards.words import said_in_both
from models.signals import Reason
from models.site import Site


def add_plan(router: APIRouter, view: SiteView) -> None:
    """The routes about plans."""

    @router.get("/plan", summary="Who decides, the newest plan, and plan against payment hour by hour")
    async def plan() -> PlanningAnswer:
        known = view.planning()
        if known is None:
            decides = said_answer(view.site, view.decides())
            return PlanningAnswer(decides=decides, promoted=[], no_plan=None, plan=None, scores=[])
        return PlanningAnswer(
            decides=said_answer(view.site, known.decides),
            promoted=list(known.promoted),
            no_plan=None if known.no_plan is None else said_answer(view.site, known.no_plan),
            plan=None if known.plan is None else PlanAnswer.model_validate(asdict(known.plan)),
            scores=[ScoreAnswer.model_validate(asdict(score)) for score in known.scores],
        )

    @router.get("/model", summary="Habits and parameters learned from the record")
    async def model() -> ModelAnswer:
        known = view.model()
        if known is None:
            return ModelAnswer(
                learned_version=0, learned_until=None, learned_parts=[],
                fitted_version=0, fitted_until=None, fitted_parts={}, nights=[],
            )  # fmt: skip
        return ModelAnswer.model_validate(asdict(known))


def said_answer(site: Site, reason: Reason) -> SaidAnswer:
    """A reason with its words."""
    return SaidAnswer(code=reason.code, facts=dict(reason.facts), text=said_in_both(site, reason))
