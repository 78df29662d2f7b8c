"""The controllers that a backtest can compare: a name and what makes one from the setting it runs in.

A new one (an optimiser, an oracle) is one entry here: it decides once per step from the picture, and may ask
`setting.information` what a buyer of power would know at that instant.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Final

from bems.backtest.information import Information
from bems.backtest.lockstep import Controller, LockstepResult
from bems.backtest.optimiser import Optimiser
from bems.backtest.record_of import record_of
from bems.backtest.variants import LINEAR, VARIANTS, WHOLE, Variant
from control.habits.judge import judged
from control.habits.learned import Learned, cold
from control.observer.estimate import Estimate
from control.observer.observe import observe
from control.picture import Picture, Scene
from control.planning import Knowledge
from control.plant_model import from_site
from control.problem import Plant
from control.record import Record
from control.refit.fitted import NEUTRAL, applied
from control.refit.model import refit
from control.rules.decision import Decision, decide
from control.rules.memory import RuleMemory
from control.strategy import GOOD, NAIVE, Strategy
from models.forecast import PriceForecast, WeatherForecast
from models.site import Site


@dataclass(frozen=True)
class Setting:
    """What a contestant is made from."""

    site: Site
    information: Information
    record: LockstepResult | None
    """Every point over the warm-up, to learn from; None without one."""
    recording: Callable[[], Record]
    """What loads and draws are going to be, for perfect foresight only: a run of the rules over the same days."""
    estimate: Estimate | None = None
    """Of the observer that watched the warm-up."""


@dataclass(frozen=True)
class Contestant:
    """One controller of one run."""

    controller: Controller
    solve_ms: list[float] = field(default_factory=list)
    """Time of each plan [ms], filled by the controller while it runs; rules make none."""


def _rules(strategy: Strategy, _: Setting) -> Contestant:
    return Contestant(partial(decide, strategy=strategy))


def _taught(setting: Setting, *, learning: bool = True) -> tuple[Plant, Learned]:
    """The model and the habits as the warm-up's record has them; the site file's without one, or without learning."""
    site, plant, learned = setting.site, from_site(setting.site), cold(setting.site)
    record = record_of(setting.record, site) if learning and setting.record is not None else None
    if record is None:
        return plant, learned
    learned = judged(site, record, learned).learned
    plant = replace(plant, presence=learned.presence)
    return applied(plant, refit(site, plant, record, NEUTRAL).fitted), learned


def _optimiser(variant: Variant, setting: Setting) -> Contestant:
    plant, learned = _taught(setting, learning=variant.learning)
    see = setting.information
    true_prices, true_weather = _as_they_come(see)

    def known(now: datetime) -> Knowledge:
        if variant.true_forecasts:
            return Knowledge(plant, learned, true_prices, true_weather)
        return Knowledge(plant, learned, see.prices(now), see.weather(now))

    return _planned(known, variant, setting.estimate)


def _oracle(variant: Variant, setting: Setting) -> Contestant:
    """The same optimiser with perfect foresight of weather, prices, draws and loads."""
    plant, learned = _taught(setting)
    known = Knowledge(plant, learned, *_as_they_come(setting.information), setting.recording())
    return _planned(lambda _: known, variant, setting.estimate)


def _as_they_come(see: Information) -> tuple[PriceForecast, WeatherForecast]:
    prices = PriceForecast(see.true_prices, see.true_prices.start, "truth", synthetic=False)
    return prices, WeatherForecast(see.true_weather, see.true_weather.start, "truth")


def _planned(known: Callable[[datetime], Knowledge], variant: Variant, estimate: Estimate | None) -> Contestant:
    controller = Optimiser(known, variant, estimate=estimate)
    return Contestant(controller, controller.solve_ms)


CONTESTANTS: Final[Mapping[str, Callable[[Setting], Contestant]]] = {
    NAIVE.label: partial(_rules, NAIVE),
    GOOD.label: partial(_rules, GOOD),
    **{name: partial(_optimiser, variant) for name, variant in VARIANTS.items()},
    "oracle": partial(_oracle, WHOLE),
    "oracle.linear": partial(_oracle, LINEAR),
}
PLANNERS: Final = frozenset(CONTESTANTS) - {NAIVE.label, GOOD.label}
"""Who begins with what the observer saw of the warm-up."""


@dataclass
class WarmUp:
    """Runs the plant before all of them, so that everybody starts from the same state: the good rules.

    As in the live system an observer watches beside them, so that the first plan knows how warm floors and walls are.
    """

    plant: Plant
    estimate: Estimate | None = None

    def __call__(self, site: Site, picture: Picture, now: datetime, memory: RuleMemory, max_age_s: float) -> Decision:
        """See `bems.backtest.lockstep.Controller`."""
        scene = Scene(site, picture, now, max_age_s, memory.awake_since or now)
        self.estimate = observe(scene, memory, self.plant, self.estimate)
        return decide(site, picture, now, memory, max_age_s, GOOD)
