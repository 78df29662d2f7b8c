"""The legionella file in a report: what was to be done and was, readings, results, deviations closed by name."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from dashboards.reports.calc_known import Known, Why
from dashboards.reports.gathered import Gathered
from dashboards.reports.model import Cell, Figure, Section, Table
from dashboards.reports.say import Say
from dashboards.water_file_words import ORGANISMS, WATERS, WORKS, fact_said, found_said, place_name, verdict_said
from models.legionella import Place, Work
from models.local_time import local_date
from models.water_facts import (
    BAD,
    Closing,
    Entry,
    OpenOrClosed,
    Reading,
    Result,
    Verdict,
    WaterFile,
    verdict,
    work_of,
)


@dataclass(frozen=True, slots=True)
class Routine:
    """What is done at a place again and again, as it was in a period."""

    place: Place
    work: Work
    every_days: int
    times: int
    longest_days: int | None
    """Longest time without, in local days, from the last time before the period to its end; None: never done."""

    @property
    def is_kept(self) -> bool:
        """Whether it was never later than the routine says."""
        return self.longest_days is not None and self.longest_days <= self.every_days


def routines(found: Gathered) -> list[Routine]:
    """Every routine of the site's places, in the order of the site file."""
    done: dict[tuple[str, Work], list[datetime]] = {}
    for entry in found.water_file.current():
        key = work_of(entry.fact)
        if key is not None and entry.fact.at < found.end:
            done.setdefault(key, []).append(entry.fact.at)
    result = []
    for place in found.site.legionella.places:
        for work, days in place.every_days.items():
            times = sorted(done.get((place.id, work), []))
            inside = [at for at in times if at >= found.start]
            before = [at for at in times if at < found.start][-1:]
            result.append(Routine(place, work, days, len(inside), _longest(before or inside[:1], inside, found.end)))
    return result


def _longest(first: list[datetime], inside: list[datetime], end: datetime) -> int | None:
    if not first:
        return None
    days = [local_date(at) for at in (*first, *inside, end - timedelta(seconds=1))]
    return max((later - earlier).days for earlier, later in pairwise(days))


def water_file(found: Gathered, say: Say) -> Section | None:
    """The section; None where the site file has no register of taps."""
    told = found.site.legionella
    if not told.places:
        return None
    own = [one for one in found.water_file.current() if found.start <= one.fact.at < found.end]
    kept = routines(found)
    notes = [_responsible(found, say), say("report_note.file_entries")]
    unsound = _gone(found.water_file, found)
    if unsound:
        notes.append(say("report_note.file_corrected", number=unsound))
    tables = (_routines(kept, say), _readings(own, found, say), _results(own, found, say), _deviations(found, say))
    return Section(
        "water_file", say("report_section.water_file"), _figures(own, kept, found, say), tables, (), tuple(notes)
    )


def _responsible(found: Gathered, say: Say) -> str:
    told = found.site.legionella
    if told.risk_assessment is None:
        return say("report_note.no_assessment")
    at = f", {told.risk_assessment_at}" if told.risk_assessment_at else ""
    return say("report_note.assessment", day=say.day(told.risk_assessment), at=at, who=told.responsible or "–")


def _gone(file: WaterFile, found: Gathered) -> int:
    """Entries about the period that were corrected or struck out: told, so that nobody thinks there were none."""
    return sum(not file.counts(one) for one in file.entries if found.start <= one.fact.at < found.end)


def _figures(own: list[Entry], kept: list[Routine], found: Gathered, say: Say) -> tuple[Figure, ...]:
    judged = [_verdict(one, found) for one in own if isinstance(one.fact, Reading)]
    counted = [one for one in judged if one is not Verdict.EARLY]
    good = sum(one not in BAD for one in counted)
    share = Known(100.0 * good / len(counted)) if counted else Known.missing(Why.NO_DATA)
    late = sum(not one.is_kept for one in kept)
    still = [one for one in _concerned(found) if one.closing is None or one.closing.fact.at >= found.end]
    return (
        say.figure("report_figure.tap_readings", Known(float(len(judged))), "", "report_method.tap_readings"),
        say.figure("report_figure.tap_good", share, "%", "report_method.tap_good", 0),
        say.figure("report_figure.routines_late", Known(float(late)), "", "report_method.routines_late"),
        say.figure("report_figure.open_deviations", Known(float(len(still))), "", "report_method.open_deviations"),
    )


def _verdict(entry: Entry, found: Gathered) -> Verdict | None:
    return verdict(entry.fact, found.site.legionella, found.site.hygiene)


def _routines(kept: list[Routine], say: Say) -> Table:
    columns = say.columns(
        (
            ("report_column.place", "", 0),
            ("report_column.work", "", 0),
            ("report_column.every", "d", 0),
            ("report_column.done_times", "", 0),
            ("report_column.longest_without", "d", 0),
            ("report_column.state", "", 0),
        )
    )
    rows: list[tuple[Cell, ...]] = []
    for one in kept:
        key = "report_column.kept" if one.is_kept else "report_column.late"
        work = say(WORKS[one.work])
        rows.append((say.of(one.place.name), work, float(one.every_days), float(one.times), one.longest_days, say(key)))
    return Table("routines", say("report_table.routines"), columns, tuple(rows))


def _readings(own: list[Entry], found: Gathered, say: Say) -> Table:
    columns = say.columns(
        (
            ("report_column.time", "", 0),
            ("report_column.place", "", 0),
            ("report_column.water", "", 0),
            ("report_column.temperature", "°C", 1),
            ("report_column.ran", "s", 0),
            ("report_column.state", "", 0),
            ("report_column.who", "", 0),
            ("report_column.number", "", 0),
        )
    )
    rows: list[tuple[Cell, ...]] = []
    for one in sorted(own, key=lambda entry: entry.fact.at):
        if isinstance(one.fact, Reading):
            fact, place = one.fact, place_name(found.site, one.fact.place, say.language)
            said = verdict_said(_verdict(one, found), say.language)
            water = say(WATERS[fact.water])
            at = say.local(fact.at)
            rows.append((at, place, water, fact.temp_degc, float(fact.after_s), said, one.who, float(one.number)))
    return Table("tap_readings", say("report_table.tap_readings"), columns, tuple(rows))


def _results(own: list[Entry], found: Gathered, say: Say) -> Table:
    columns = say.columns(
        (
            ("report_column.sampled", "", 0),
            ("report_column.place", "", 0),
            ("report_column.organism", "", 0),
            ("report_column.count", "CFU/l", 0),
            ("report_column.state", "", 0),
            ("report_column.laboratory", "", 0),
            ("report_column.who", "", 0),
            ("report_column.number", "", 0),
        )
    )
    rows: list[tuple[Cell, ...]] = []
    for one in sorted(own, key=lambda entry: entry.fact.at):
        if isinstance(one.fact, Result):
            fact, place = one.fact, place_name(found.site, one.fact.place, say.language)
            said = verdict_said(_verdict(one, found), say.language)
            count: Cell = found_said(fact) if fact.below else fact.cfu_per_l
            laboratory = f"{fact.laboratory} {fact.reference}".strip()
            organism = say(ORGANISMS[fact.organism])
            rows.append((fact.sampled_on, place, organism, count, said, laboratory, one.who, float(one.number)))
    return Table("lab_results", say("report_table.lab_results"), columns, tuple(rows))


def _concerned(found: Gathered) -> list[OpenOrClosed]:
    """Deviations that were open at some time of the period, the oldest first."""
    return [
        one
        for one in found.water_file.deviations()[::-1]
        if one.deviation.at < found.end and (one.closing is None or one.closing.fact.at >= found.start)
    ]


def _deviations(found: Gathered, say: Say) -> Table:
    columns = say.columns(
        (
            ("report_column.number", "", 0),
            ("report_column.opened", "", 0),
            ("report_column.opened_by", "", 0),
            ("report_column.place", "", 0),
            ("report_column.what", "", 0),
            ("report_column.closed", "", 0),
            ("report_column.closed_by", "", 0),
            ("report_column.done", "", 0),
        )
    )
    rows: list[tuple[Cell, ...]] = []
    for one in _concerned(found):
        closing = one.closing
        text = fact_said(found.site, one.deviation, say.language, found.water_file)
        ended: tuple[Cell, ...] = (None, None, say("report_column.still_open"))
        if closing is not None and isinstance(closing.fact, Closing) and closing.fact.at < found.end:
            ended = (say.local(closing.fact.at), closing.who, closing.fact.text)
        place = place_name(found.site, one.deviation.place, say.language)
        opened = say.local(one.deviation.at)
        rows.append((float(one.entry.number), opened, one.entry.who, place, text, *ended))
    return Table("water_deviations", say("report_table.water_deviations"), columns, tuple(rows))
