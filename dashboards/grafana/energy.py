"""Energy and money: where does the energy go, and what decides the bill?"""

from collections.abc import Iterable

from grafana_foundation_sdk.builders.dashboard import CustomVariable
from grafana_foundation_sdk.models.dashboard import VariableOption

from dashboards.grafana import palette
from dashboards.grafana.board import Page
from dashboards.grafana.desk import Desk
from dashboards.grafana.influxql import Query, gained, gained_every, highest_hour, highest_hours
from dashboards.grafana.panels import Row, Spec, arithmetic, compared, figure, listed, trend
from dashboards.grafana.plant import heat_meters_of_pumps, main_meters, month_hour, power_steps, sub_meters
from models.assets import Purpose
from models.tariff import ALL_MONTHS, PeakPerKw, in_force
from models.units import Unit

KW, KWH, NOK, SHARE = palette.UNIT[Unit.KW], palette.UNIT[Unit.KWH], "currencyNOK", "percentunit"
PEAK_RATE, ADDERS = "peak_rate", "adders"


def page(desk: Desk) -> Page:
    """The dashboard."""
    title, question = desk.page("energy")
    word = desk.word
    return Page(
        "energy",
        title,
        question,
        [
            Row(word("range"), [*_money(desk), *_shares(desk)]),
            Row(word("use"), [_by_meter(desk), _heat_by_meter(desk)]),
            Row(word("daily"), [_daily(desk), _sun_daily(desk)]),
            Row(word("peak"), [_hours(desk), _top_hours(desk)]),
        ],
        since="now-30d",
        refresh="15m",
        variables=[v for v in (_peak_rate(desk), _adders(desk)) if v is not None],
    )


def months_in_words(desk: Desk, months: Iterable[int]) -> str:
    """Months as stretches, such as okt–mar."""
    names, wanted = desk.word("months").split(), set(months)
    if wanted == set(ALL_MONTHS):
        return desk.word("all_year")
    stretches = []
    for first in sorted(m for m in wanted if (m - 2) % 12 + 1 not in wanted):
        last = first
        while last % 12 + 1 in wanted:
            last = last % 12 + 1
        stretches.append(names[first - 1] if first == last else f"{names[first - 1]}–{names[last - 1]}")
    return " og ".join(stretches) if desk.language == "nb" else " and ".join(stretches)


def _choice(name: str, label: str, options: dict[str, float], current: str) -> CustomVariable:
    """A list to choose from: what people read, and the number that goes into the queries."""
    chosen = VariableOption(selected=True, text=current, value=f"{options[current]:g}")
    listed_options = ", ".join(f"{text} : {value:g}" for text, value in options.items())
    every = [VariableOption(selected=text == current, text=text, value=f"{value:g}") for text, value in options.items()]
    return CustomVariable(name).label(label).values(listed_options).current(chosen).options(every).multi(False)


def _peak_rate(desk: Desk) -> CustomVariable | None:
    peak = in_force(desk.site.tariff.grid, desk.day).peak
    if not isinstance(peak, PeakPerKw):
        return None
    options = {f"{rate.nok_per_kw:g} ({months_in_words(desk, rate.months)})": rate.nok_per_kw for rate in peak.rates}
    now = next(rate for rate in peak.rates if desk.day.month in rate.months)
    current = f"{now.nok_per_kw:g} ({months_in_words(desk, now.months)})"
    return _choice(PEAK_RATE, desk.word("peak_rate"), options, current)


def _adders(desk: Desk) -> CustomVariable:
    """Each energy rate in force with tax and markup; the one of the month's first fitting rate is chosen."""
    tariff, day = desk.site.tariff, desk.day
    rest = in_force(tariff.tax, day).nok_per_kwh + in_force(tariff.supplier, day).markup_nok_per_kwh
    rates = in_force(tariff.grid, day).energy
    options = {}
    for rate in rates:
        hours = "" if (rate.from_hour, rate.to_hour) == (0, 24) else f" {rate.from_hour:02d}–{rate.to_hour:02d}"
        total = rate.nok_per_kwh + rest
        options[f"{total:.4g} ({months_in_words(desk, rate.months)}{hours})"] = total
    first = next(n for n, rate in enumerate(rates) if day.month in rate.months)
    return _choice(ADDERS, desk.word("adders"), options, list(options)[min(first, len(options) - 1)])


def _money(desk: Desk) -> list[Spec | None]:
    site, imported = desk.site, desk.each(main_meters(desk), "import_kwh")
    if not imported:
        return []
    main = desk.word("main")
    bought = gained(site.id, imported, main)
    charged = Query(bought.text.replace('SELECT sum("gain")', f'SELECT sum("gain") * ${ADDERS}', 1), desk.word("cost"))
    peak = _peak_rate(desk)
    cost = [highest_hour(site.id, imported, desk.word("cost"), f"${PEAK_RATE}")] if peak is not None else []
    return [
        figure(desk.look("imported", KWH, 0), [bought]),
        figure(desk.look("adders", NOK, 0), [charged]),
        month_hour(desk),
        figure(desk.look("peak_cost", NOK, 0), cost, time_from="now/M"),
    ]


def _shares(desk: Desk) -> list[Spec | None]:
    site, word = desk.site, desk.word
    made, out = desk.each(site.pv, "ac_energy_kwh"), desk.each(main_meters(desk), "export_kwh")
    sun = [gained(site.id, made, word("made")), gained(site.id, out, word("exported"))] if made and out else []
    here = arithmetic(
        (word("used"), word("made"), "-", word("exported")),
        (word("share"), word("used"), "/", word("made")),
        keep=[word("share")],
    )
    boilers = [m for boiler in site.boilers for m in desk.meters("electricity", measuring=boiler.id)]
    pumps, burnt = heat_meters_of_pumps(desk, "energy_kwh"), desk.each(boilers, "import_kwh")
    heat = [gained(site.id, pumps, word("heat")), gained(site.id, burnt, word("boiler"))] if pumps and burnt else []
    covered = arithmetic(
        (word("all_heat"), word("heat"), "+", word("boiler")),
        (word("share"), word("heat"), "/", word("all_heat")),
        keep=[word("share")],
    )
    return [
        figure(desk.look("self_use", SHARE, 0), sun, transform=here),
        figure(desk.look("coverage", SHARE, 0), heat, transform=covered),
    ]


def _by_meter(desk: Desk) -> Spec | None:
    meters = desk.each([m for m in sub_meters(desk) if m.purpose is not Purpose.SOURCE], "import_kwh")
    queries = [gained(desk.site.id, meters)] if meters else []
    return compared(desk.look("by_meter", KWH, 0, desk.by_equipment(meters)), queries, height=10)


def _heat_by_meter(desk: Desk) -> Spec | None:
    meters = desk.each(desk.meters("heat"), "energy_kwh")
    queries = [gained(desk.site.id, meters)] if meters else []
    return compared(desk.look("heat_by_meter", KWH, 0, desk.by_equipment(meters)), queries, height=10)


def _daily(desk: Desk) -> Spec | None:
    site, queries, names = desk.site, [], {}
    for purpose in (purpose for purpose in Purpose if purpose is not Purpose.SOURCE):
        meters = desk.each([m for m in sub_meters(desk) if m.purpose is purpose], "import_kwh")
        if meters:
            queries.append(gained_every(site.id, meters, "1d", site.place.time_zone, purpose.value))
            names[purpose.value] = desk.word("purpose", purpose.value)
    return trend(desk.look("daily", KWH, 0, names), queries, bars=True, stacked=True)


def _sun_daily(desk: Desk) -> Spec | None:
    site, zone = desk.site, desk.site.place.time_zone
    made, out = desk.each(site.pv, "ac_energy_kwh"), desk.each(main_meters(desk), "export_kwh")
    if not made:
        return None
    queries = [gained_every(site.id, made, "1d", zone, desk.word("made"))]
    queries += [gained_every(site.id, out, "1d", zone, desk.word("exported"))] if out else []
    names = {desk.word(key): desk.word(key) for key in ("made", "exported")}
    return trend(desk.look("sun_daily", KWH, 0, names), queries, bars=True)


def _hours(desk: Desk) -> Spec | None:
    site, main = desk.site, desk.word("main")
    imported = desk.each(main_meters(desk), "import_kwh")
    queries = [gained_every(site.id, imported, "1h", site.place.time_zone, main)] if imported else []
    steps = [(limit, palette.NONE if colour == palette.TEXT else colour) for limit, colour in power_steps(desk)]
    look = desk.look("hours", KW, 0, {main: main}, fuse_kw=site.electricity.fuse_kw)
    return trend(look, queries, bars=True, steps=steps, width=16)


def _top_hours(desk: Desk) -> Spec | None:
    imported = desk.each(main_meters(desk), "import_kwh")
    if not imported:
        return None
    headings = {"Time": desk.word("hour"), "top": desk.word("kw")}
    query = highest_hours(desk.site.id, imported, 10)
    return listed(desk.look("top_hours", KW, 0), query, headings, sort=(headings["top"], True), width=8)
