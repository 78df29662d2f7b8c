"""Nights as pages may read them."""

from dataclasses import asdict

from bems.night.live import Nights
from control.night.account import Account, Done
from control.night.contest import Contest, Side
from control.night.data import Item, Programme
from dashboards.ports.night import (
    AccountView,
    ContestView,
    NightItemView,
    NightsView,
    NightView,
    ObstacleView,
    SideView,
)
from models.naming import in_both
from models.site import Site


def nights_view(of: Nights, site: Site) -> NightsView:
    """The programme, and the accounts newest first."""
    programme = None if of.programme is None else programme_view(of.programme)
    return NightsView(programme, [account_view(one, site) for one in reversed(of.accounts)])


def programme_view(of: Programme) -> NightView:
    """A programme."""
    items = [_item(item, None) for item in of.items]
    return NightView(
        of.made_at,
        of.start,
        of.end,
        of.identity,
        of.energy_kwh,
        of.cost_nok,
        items,
        of.notes,
        of.rest_kwh,
        of.rest_nok,
    )


def account_view(of: Account, site: Site) -> AccountView:
    """An account."""
    return AccountView(
        of.start,
        of.end,
        of.identity,
        of.energy_kwh,
        of.cost_nok,
        of.planned_kwh,
        of.planned_nok,
        of.saved_nok,
        of.uncertainty_nok,
        of.saved,
        [_item(done.item, done) for done in of.done],
        [ObstacleView(one.kind, one.count, one.first_at, one.text) for one in of.obstacles],
        None if of.contest is None else _contest(of.contest, site),
    )


def _contest(of: Contest, site: Site) -> ContestView:
    why = None if of.why is None else in_both(site, of.why)
    return ContestView(of.start, _side(of.rules), _side(of.optimiser), why)


def _side(of: Side | None) -> SideView | None:
    return None if of is None else SideView(**asdict(of), total_nok=of.total_nok)


def _item(item: Item, done: Done | None) -> NightItemView:
    return NightItemView(
        item.kind.value,
        item.assets,
        item.start,
        item.end,
        item.energy_kwh,
        item.cost_nok,
        item.reason,
        item.text,
        None if done is None else done.state,
        None if done is None else done.happened,
        None if done is None else done.text,
    )
