"""Figures of what solar cells could have given: expected energy, snow loss with its doubt."""

from dashboards.reports.beside import Beside
from dashboards.reports.calc_known import Known, Why, added, known_sum
from dashboards.reports.calc_snow import SnowLoss, snow_loss
from dashboards.reports.model import Figure
from dashboards.reports.say import Say


def snow_figures(beside: Beside, say: Say) -> list[Figure]:
    """Of all arrays together."""
    peaks = {array.id: array.peak_kw for array in say.site.pv}
    lacking = Known.missing(Why.NOT_MEASURED)
    expected, lost = lacking, lacking
    days, warm = 0, 0
    if len(beside.arrays) == len(peaks):
        expected = added(*(known_sum(array.expected_kwh, 0.0) for array in beside.arrays))
        losses = [snow_loss(a.made_kwh, a.expected_kwh, a.outdoor_degc, peaks[a.id]) for a in beside.arrays]
        lost = _together(losses)
        days, warm = max(one.days for one in losses), min(one.warm_days for one in losses)
    return [
        say.figure("report_figure.pv_expected", expected, "kWh", "report_method.pv_expected"),
        say.figure("report_figure.snow_loss", lost, "kWh", "report_method.snow_loss", days=days, warm=warm),
    ]


def _together(losses: list[SnowLoss]) -> Known:
    """The ends of the interval added up: what is wrong with the irradiance is wrong for all arrays alike."""
    total = added(*(one.lost_kwh for one in losses))
    ends = [one.lost_kwh.interval for one in losses if one.lost_kwh.interval is not None]
    if total.value is None or len(ends) < len(losses):
        return total
    return Known(total.value, total.coverage, interval=(sum(low for low, _ in ends), sum(high for _, high in ends)))
