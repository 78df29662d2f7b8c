"""How a report says things: texts in its language, figures from what calculations found, numbers within sentences."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Final

from dashboards.reports.calc_known import Known, Why
from dashboards.reports.model import Axis, Column, Figure
from dashboards.words import Language, pick, texts
from models.assets import Purpose
from models.profile import Text
from models.site import Site

REASONS: Final[Mapping[Why, str]] = {
    Why.NOT_MEASURED: "report_why.not_measured",
    Why.NO_DATA: "report_why.no_data",
    Why.GAPS: "report_why.gaps",
    Why.TOO_SHORT: "report_why.too_short",
    Why.NOTHING_RAN: "report_why.nothing_ran",
    Why.NO_OCCASION: "report_why.no_occasion",
    Why.NO_SPREAD: "report_why.no_spread",
    Why.NO_FACTOR: "report_why.no_factor",
    Why.NOT_SIGNIFICANT: "report_why.not_significant",
}
PURPOSES: Final[Mapping[Purpose, str]] = {
    Purpose.ROOM_AND_AIR_HEAT: "report_purpose.room_and_air_heat",
    Purpose.HOT_WATER: "report_purpose.hot_water",
    Purpose.COOLING: "report_purpose.cooling",
    Purpose.FANS_AND_PUMPS: "report_purpose.fans_and_pumps",
    Purpose.LIGHT_AND_EQUIPMENT: "report_purpose.light_and_equipment",
    Purpose.LARGE_USERS: "report_purpose.large_users",
    Purpose.VEHICLES: "report_purpose.vehicles",
}
UNITS: Final = {
    "d": "report_unit.days",
    "kWh/person/year": "report_unit.kwh_person_year",
    "GJ/person/year": "report_unit.gj_person_year",
    "ekWh/m2/year": "report_unit.ekwh_area_year",
}
"""Units with a word in them."""
_MONTHS: Final = (
    "report_month.january",
    "report_month.february",
    "report_month.march",
    "report_month.april",
    "report_month.may",
    "report_month.june",
    "report_month.july",
    "report_month.august",
    "report_month.september",
    "report_month.october",
    "report_month.november",
    "report_month.december",
)
NARROW_SPACE: Final = "\u00a0"


def number(value: float, decimals: int, language: Language) -> str:
    """As people write it: 1 234,5 or 1 234.5; never minus nothing."""
    rounded = round(value, decimals) + 0.0
    text = f"{rounded:,.{decimals}f}".replace("-", "−").replace(",", NARROW_SPACE)
    return text.replace(".", ",") if language == "nb" else text


def percent(share: float | None) -> float | None:
    """A coverage in per cent, to a tenth; never rounded up to a whole that it is not."""
    return None if share is None else int(1000 * share + 1e-6) / 10


class Say:
    """The words of one report."""

    def __init__(self, site: Site, language: Language) -> None:
        self.site, self.language = site, language
        self._texts = texts(language)

    def __call__(self, key: str, **facts: object) -> str:
        """The text with these facts in it."""
        return self._texts[key].format(**facts)

    def of(self, text: Text | str) -> str:
        """A name from the site file; a bare one is the same in both languages."""
        return text if isinstance(text, str) else pick(text, self.language)

    def unit(self, unit: str) -> str:
        """As people write it in this language; most are the same in both."""
        return self(UNITS[unit]) if unit in UNITS else unit

    def number(self, value: float, decimals: int = 0) -> str:
        """A number within a sentence."""
        return number(value, decimals, self.language)

    def known(self, known: Known, decimals: int = 0) -> str:
        """A number within a sentence, or a dash."""
        return "–" if known.value is None else self.number(known.value, decimals)

    def why(self, why: Why) -> str:
        """Why there is no value."""
        return self(REASONS[why])

    def day(self, day: date) -> str:
        """A date within a sentence."""
        return f"{day:%d.%m.%Y}" if self.language == "nb" else f"{day:%Y-%m-%d}"

    def moment(self, at: datetime) -> str:
        """A local date and time within a sentence."""
        local = self.local(at)
        return f"{local:%d.%m.%Y %H.%M}" if self.language == "nb" else f"{local:%Y-%m-%d %H:%M}"

    def month(self, day: date) -> str:
        """A month and its year."""
        return f"{self(_MONTHS[day.month - 1])} {day.year}"

    def local(self, at: datetime) -> datetime:
        """Local time without its zone, for cells of tables and axes."""
        return at.astimezone(self.site.zone_info).replace(tzinfo=None)

    def figure(self, key: str, known: Known, unit: str, method: str, decimals: int = 0, **facts: object) -> Figure:
        """A figure of that label and method (keys of texts; `facts` fill in both)."""
        unmetered = known.why is Why.NOT_MEASURED  # what else went into it may be known, but says nothing then
        return Figure(
            id=key.partition(".")[2],
            label=self(key, **facts),
            value=known.value,
            unit=self.unit(unit),
            method=self(method, **facts),
            coverage=None if known.coverage is None or unmetered else min(max(known.coverage, 0.0), 1.0),
            reason=None if known.why is None else self.why(known.why),
            interval=known.interval,
            decimals=decimals,
        )

    def column(self, key: str, unit: str = "", decimals: int = 0) -> Column:
        """A column of that label."""
        return Column(self(key), self.unit(unit), decimals)

    def columns(self, keys: Iterable[tuple[str, str, int]]) -> tuple[Column, ...]:
        """Columns of labels, units and decimals."""
        return tuple(self.column(key, unit, decimals) for key, unit, decimals in keys)

    def axis(self, key: str, unit: str = "") -> Axis:
        """An axis of that label."""
        return Axis(self(key), self.unit(unit))
