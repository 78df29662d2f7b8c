"""All function descriptions of a site."""

from bems.functions.air import cooling, ventilation
from bems.functions.heat import heating
from bems.functions.power import electricity
from bems.functions.rooms import rooms
from bems.functions.water import hot_water
from dashboards.ports.function import FunctionView
from models.site import Site


def functions(site: Site) -> tuple[FunctionView, ...]:
    """In the order of the system numbers; only systems that the site has. A pure function of the site."""
    found = (hot_water(site), heating(site), cooling(site), ventilation(site), electricity(site), rooms(site))
    return tuple(one for one in found if one is not None)
