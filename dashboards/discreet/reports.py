"""Reports for those who may not see residents' rooms: each room is told as one of its zone."""

from collections.abc import Sequence
from dataclasses import replace

from dashboards.discreet.unnamed import Unnamed
from dashboards.ports.report import Deviations, DeviationState
from dashboards.ports.view import SiteView
from dashboards.reports.formats import Format
from dashboards.reports.model import Period
from dashboards.words import Language


class DiscreetReports:
    """dashboards.ports.report.Reports over another one."""

    def __init__(self, view: SiteView, unnamed: Unnamed) -> None:
        self._view, self._unnamed = view, unnamed

    def offered(self) -> Sequence[Period]:
        """See Reports."""
        return self._view.reports.offered()

    async def file(self, period: str, kind: Format, language: Language, *, rooms: bool = False) -> bytes:  # noqa: ARG002
        """See Reports; never with rooms, whatever is asked for."""
        return await self._view.reports.file(period, kind, language, rooms=False)

    def deviations(self) -> Deviations:
        """See Reports; without people's words on one, where they name a room."""
        told = self._view.reports.deviations()
        handled = {
            name: replace(one, words="") if self._unnamed.names(one.words) else one
            for name, one in told.handled.items()
        }
        return replace(told, handled=handled)

    def handle(self, who: str, deviation: str, state: DeviationState, words: str) -> None:
        """See Reports."""
        self._view.reports.handle(who, deviation, state, words)
