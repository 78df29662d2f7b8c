"""What the optimiser may do on a site: nothing but advise, or steer the assets that were given to it."""

from typing import Final, Literal

from models.field import Id, Strict

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


class Control(Strict):
    """Who decides. Whatever is not given to the optimiser is run by the rules, and so is all of it without a plan."""

    optimiser: Literal["shadow", "on"] = "shadow"
    """In shadow it plans and advises, nothing more; both it and the rules are scored on the same hours."""
    promoted: tuple[Promotable, ...] = EVERYTHING
    """Assets that follow its plans while it is on."""
    zones_by_rules: tuple[Id, ...] = ()
    """Zones whose rooms keep the set points of the rules even where rooms are promoted."""

    @property
    def in_force(self) -> tuple[Promotable, ...]:
        """What follows the plans: nothing in shadow."""
        return self.promoted if self.optimiser == "on" else ()
