"""Nights as pages may read them."""

from bems.night import Nights
from control.night.account import Account, Done
from control.night.data import Item, Programme
from dashboards.ports.night import AccountView, NightItemView, NightsView, NightView, ObstacleView


def nights_view(of: Nights) -> NightsView:
    """The programme, and the accounts newest first."""
    programme = None if of.programme is None else programme_view(of.programme)
    return NightsView(programme, [account_view(one) for one in reversed(of.accounts)])


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


def account_view(of: Account) -> AccountView:
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
    )


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
