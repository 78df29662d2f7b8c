"""Numbers and moments in the words of people, where no page rounds them to what its readers need."""

from datetime import datetime

from dashboards.words import Language
from models.local_time import OSLO

DECIMALS = 3


def plain_number(value: float, language: Language) -> str:
    """Every digit before the point, and what matters of those behind it."""
    text = f"{round(value, DECIMALS) + 0.0:.15g}"
    return text.replace(".", ",") if language == "nb" else text


def day_and_clock(at: datetime, language: Language) -> str:
    """A moment by the clock on the wall, with its year; one that no wall has seen as it was written."""
    if not 1900 < at.year < 3000:
        return at.isoformat()
    local = at.astimezone(OSLO)
    return f"{local:%d.%m.%Y} kl. {local:%H.%M}" if language == "nb" else f"{local:%Y-%m-%d %H:%M}"
