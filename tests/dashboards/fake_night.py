"""A night and its account to look at, as dashboards.ports.night has them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from dashboards.ports.night import (
    AccountView,
    ContestView,
    NightItemView,
    NightsView,
    NightView,
    ObstacleView,
    SideView,
)
from models.profile import Text
from models.reasons import Code, because

START = datetime(2025, 1, 14, 19, 0, tzinfo=UTC)
END = datetime(2025, 1, 15, 6, 0, tzinfo=UTC)

STORE = NightItemView(
    kind="store",
    assets=("buffer",),
    start=START + timedelta(hours=6),
    end=START + timedelta(hours=9),
    energy_kwh=21.4,
    cost_nok=13.3,
    reason=because(Code.NIGHT_STORE, start="02:00", end="05:00", from_degc=40.0, degc=48.0, price_nok_per_kwh=0.62),
    text=Text(
        nb="Fra 02:00 til 05:00 varmes Akkumulatortank fra 40 til 48 °C mens strømmen koster 0,62 kr.",
        en="From 02:00 to 05:00 Buffer tank is heated from 40 to 48 °C while electricity costs 0.62 NOK.",
    ),
)
MISSED = Text(nb="Ikke gjort: 44 °C, planen var 47 °C.", en="Not done: 44 °C, 47 °C was planned.")


def side(nok, left_nok):
    kwh = {"heat_pumps": 150.0, "hot_water": 80.0, "cars": 44.0, "rest": 256.0}
    paid = {asset: nok / 530 * energy for asset, energy in kwh.items()}
    return SideView((265.0, 265.0), (nok / 2, nok / 2), nok / 2, left_nok, nok + left_nok, kwh, paid, 0.0, 0.4)


CONTEST = ContestView(START - timedelta(days=1), side(486.0, -4.0), side(455.5, 3.5), None)
LOST = ContestView(START - timedelta(days=2), None, None, Text(nb="Målinger mangler.", en="Measurements are missing."))
NIGHTS = NightsView(
    programme=NightView(START, START, END, "made up", 512.0, 430.5, (STORE,), (), 512.0, 430.5),
    accounts=(
        AccountView(
            start=START - timedelta(days=1),
            end=END - timedelta(days=1),
            identity="made up",
            energy_kwh=530.0,
            cost_nok=455.0,
            planned_kwh=512.0,
            planned_nok=430.5,
            saved_nok=31.0,
            uncertainty_nok=8.0,
            saved=Text(nb="Spart: 31 kr, pluss eller minus 8 kr.", en="Saved: 31 NOK, give or take 8 NOK."),
            items=(replace(STORE, state="missed", happened=44.0, outcome=MISSED),),
            obstacles=(
                ObstacleView(
                    "alarm",
                    2,
                    START,
                    Text(nb="Første gang 22:10: Varmepumpen svarer ikke.", en="First at 22:10: lost."),
                ),
            ),
            contest=CONTEST,
        ),
        AccountView(
            start=START - timedelta(days=2),
            end=END - timedelta(days=2),
            identity=None,
            energy_kwh=None,
            cost_nok=None,
            planned_kwh=None,
            planned_nok=None,
            saved_nok=None,
            uncertainty_nok=None,
            saved=Text(nb="Vet ikke.", en="Not known."),
            items=(),
            obstacles=(),
            contest=LOST,
        ),
    ),
)
