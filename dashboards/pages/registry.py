"""Every page by its name: how it is made, and the right it needs. A page that stands here has its address and link."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from dashboards.access import Right, Viewer
from dashboards.pages.alarms import alarms
from dashboards.pages.devices import devices
from dashboards.pages.energy import energy
from dashboards.pages.house_rooms import house_rooms
from dashboards.pages.log import log
from dashboards.pages.night import night
from dashboards.pages.now import now
from dashboards.pages.people import people
from dashboards.pages.plan import plan
from dashboards.pages.reports import reports
from dashboards.pages.settings import settings
from dashboards.pages.systems import systems
from dashboards.pages.water import water
from dashboards.pages.water_file import water_file
from dashboards.ports.view import SiteView
from dashboards.words import Language


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the navigation; `render` gives the whole document."""

    render: Callable[[SiteView, Viewer, Language], str]
    right: Right = Right.SEE


PAGES: Final[Mapping[str, Page]] = {
    "devices": Page(devices),
    "settings": Page(settings),
    "alarms": Page(alarms),
    "now": Page(now),
    "people": Page(people, Right.ADMINISTER),
    "plan": Page(plan),
    "energy": Page(energy),
    "water": Page(water),
    "water_file": Page(water_file),
    "log": Page(log),
    "night": Page(night),
    "reports": Page(reports),
    "rooms": Page(house_rooms),
    "systems": Page(systems),
}
