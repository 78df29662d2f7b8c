"""What the optimiser may do on a site: nothing but advise, or steer the assets that were given to it."""

from typing import Final, Literal

from pydantic import Field

from models.field import Id, Strict

OptimiserName = Literal["shadow", "on"]
"""In shadow it plans and advises, nothing more."""
RulesName = Literal["good", "naive"]
Promotable = Literal["heat_pumps", "hot_water", "rooms", "cars", "air", "batteries", "district_heat"]

EVERYTHING: Final[tuple[Promotable, ...]] = (
    "heat_pumps",
    "hot_water",
    "rooms",
    "cars",
    "air",
    "batteries",
    "district_heat",
)


class Co2Weight(Strict):
    """What a kg of CO2 equivalents is to weigh beside money in plans; it is on no bill and in no cost that is shown."""

    nok_per_kg: float = Field(gt=0, le=20)
    electricity_g_per_kwh: float = Field(ge=0, le=2000)
    district_heat_g_per_kwh: float = Field(default=0.0, ge=0, le=2000)


class Control(Strict):
    """Who decides. Whatever is not given to the optimiser is run by the rules, and so is all of it without a plan."""

    optimiser: OptimiserName = "shadow"
    """In shadow it plans and advises, nothing more; it and the good rules are compared over the same nights."""
    rules: RulesName = "good"
    """Which rules run the plant while nothing follows the plans. Plans are always carried out, and stood in for, by the
    good ones; the naive ones are what most sites have, with the same services, guard and hygiene."""
    promoted: tuple[Promotable, ...] = EVERYTHING
    """Assets that follow its plans while it is on."""
    zones_by_rules: tuple[Id, ...] = ()
    """Zones whose rooms keep the set points of the rules even where rooms are promoted."""
    co2: Co2Weight | None = None
    """Left out: plans weigh money alone."""

    @property
    def in_force(self) -> tuple[Promotable, ...]:
        """What follows the plans: nothing in shadow."""
        return self.promoted if self.optimiser == "on" else ()

    @property
    def runs_naive(self) -> bool:
        """Whether the naive rules run the plant."""
        return self.rules == "naive" and not self.in_force
