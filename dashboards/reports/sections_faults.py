"""The section on deviations found and what to do: every finding with its evidence, money, confidence and state."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from dashboards.reports.beside import Beside, Handled, deviation
from dashboards.reports.calc_fault_watch import Seen
from dashboards.reports.calc_faults import FaultKind, Finding
from dashboards.reports.calc_known import Known, added
from dashboards.reports.gathered import Gathered
from dashboards.reports.model import Cell, Section, Table
from dashboards.reports.say import Say
from models.site import Site

NAMES: Final[Mapping[FaultKind, str]] = {
    FaultKind.COP_DRIFT: "report_fault.cop_drift",
    FaultKind.VALVE_LEAK: "report_fault.valve_leak",
    FaultKind.CIRCULATION_LOSS: "report_fault.circulation_loss",
    FaultKind.NIGHT_COOLING: "report_fault.night_cooling",
    FaultKind.PV_LOSS: "report_fault.pv_loss",
    FaultKind.SENSOR: "report_fault.sensor",
    FaultKind.HEATING_AND_COOLING: "report_fault.heating_and_cooling",
}
ACTIONS: Final[Mapping[FaultKind, str]] = {
    FaultKind.COP_DRIFT: "report_action.cop_drift",
    FaultKind.VALVE_LEAK: "report_action.valve_leak",
    FaultKind.CIRCULATION_LOSS: "report_action.circulation_loss",
    FaultKind.NIGHT_COOLING: "report_action.night_cooling",
    FaultKind.PV_LOSS: "report_action.pv_loss",
    FaultKind.SENSOR: "report_action.sensor",
    FaultKind.HEATING_AND_COOLING: "report_action.heating_and_cooling",
}
EVIDENCE: Final[Mapping[str, tuple[str, int]]] = {
    "cop": ("report_evidence.cop", 2),
    "expected_cop": ("report_evidence.expected_cop", 2),
    "steady_h": ("report_evidence.steady_h", 0),
    "ua_w_per_k": ("report_evidence.ua_w_per_k", 0),
    "sound_ua_w_per_k": ("report_evidence.sound_ua_w_per_k", 0),
    "loss_kw": ("report_evidence.loss_kw", 2),
    "fall_k": ("report_evidence.fall_k", 1),
    "dark_h": ("report_evidence.dark_h", 0),
    "collector_degc": ("report_evidence.collector_degc", 1),
    "outdoor_degc": ("report_evidence.outdoor_degc", 1),
    "given_off_kwh": ("report_evidence.given_off_kwh", 0),
    "tank_lost_kwh": ("report_evidence.tank_lost_kwh", 0),
    "days": ("report_evidence.days", 0),
    "lacking_kwh": ("report_evidence.lacking_kwh", 0),
    "shut_h": ("report_evidence.shut_h", 0),
    "leak_kw": ("report_evidence.leak_kw", 2),
    "supply_degc": ("report_evidence.supply_degc", 1),
    "recovered_degc": ("report_evidence.recovered_degc", 1),
    "both_h": ("report_evidence.both_h", 0),
    "cooling_h": ("report_evidence.cooling_h", 0),
    "lost_kwh": ("report_evidence.lost_kwh", 0),
    "difference_k": ("report_evidence.difference_k", 1),
}
"""Names of evidence that calculations give, in words; what is not here stands in the record only."""
PER_CENT: Final = "share"


def deviations(found: Gathered, beside: Beside, say: Say) -> Section | None:
    """None where nothing was looked for."""
    if beside.findings is None or beside.looked_from is None:
        return None
    faults = [one for one in beside.findings if one.found]
    faults.sort(key=lambda one: -(one.nok_per_year.value or 0.0))
    names = names_of(found.site, say)
    opened = [one for one in faults if not _is_closed(beside, one)]
    cost = added(*(one.nok_per_year for one in opened if one.nok_per_year.value is not None)) if opened else Known(0.0)
    figures = (
        say.figure("report_figure.faults", Known(float(len(faults))), "", "report_method.faults"),
        say.figure("report_figure.faults_open", Known(float(len(opened))), "", "report_method.faults_open"),
        say.figure("report_figure.faults_cost", cost, "kr", "report_method.faults_cost"),
    )
    tables = [_looked_for(beside.findings, say)]
    if faults:
        tables = [_found(faults, beside, names, say), _acts(faults, beside, names, say), *tables]
    if beside.passed:
        tables.insert(-1, _passed(beside.passed, names, say))
    notes = [
        say("report_note.looked_at", first=say.day(beside.looked_from), last=say.day(found.days[-1])),
        say("report_note.confidence"),
    ]
    if len(set(beside.seen.values())) > 1 or beside.passed:
        notes.insert(1, say("report_note.stretches"))
    if not faults:
        notes.insert(0, say("report_note.no_faults"))
    return Section("deviations", say("report_section.deviations"), figures, tuple(tables), (), tuple(notes))


def names_of(site: Site, say: Say) -> dict[str, str]:
    """What people call each asset, and each point that a sensor's finding is about."""
    loops = site.hot_water.loops if site.hot_water is not None else ()
    named = (*site.heat_pumps, *site.air_handling, *loops, *site.collectors, *site.pv)
    names = {asset.id: say.of(asset.name) for asset in named}
    devices = {device: asset for asset in named for device in asset.devices}
    for point in site.points.values():
        if point.device.id in devices:
            names[point.id] = f"{say.of(devices[point.device.id].name)}: {say.of(point.spec.label)}"
    return names


def _is_closed(beside: Beside, finding: Finding) -> bool:
    handled = beside.handled.get(deviation(finding))
    return handled is not None and handled.closed


def size_said(finding: Finding, say: Say) -> str:
    """How big it is, with its unit; a dash where that is not known."""
    if finding.size.value is None:
        return "–"
    if finding.unit == PER_CENT:
        return f"{say.number(100 * finding.size.value)} %"
    return f"{say.number(finding.size.value, 1)} {finding.unit}"


def _found(faults: list[Finding], beside: Beside, names: Mapping[str, str], say: Say) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (
            say(NAMES[one.kind]),
            names.get(one.asset, one.asset),
            size_said(one, say),
            100 * one.confidence,
            one.nok_per_year.value,
            _state(beside.handled.get(deviation(one)), say),
            _days(beside.seen.get(deviation(one)), say),
        )
        for one in faults
    ]
    columns = say.columns(
        (
            ("report_column.deviation", "", 0),
            ("report_column.where", "", 0),
            ("report_column.size", "", 0),
            ("report_column.confidence", "%", 0),
            ("report_column.yearly", "kr", 0),
            ("report_column.state", "", 0),
            ("report_column.shown_in", "", 0),
        )
    )
    return Table("faults", say("report_table.faults"), columns, tuple(rows))


def _days(days: tuple[date, date] | None, say: Say) -> str:
    """The days a finding rests on."""
    return "–" if days is None else f"{say.day(days[0])} – {say.day(days[1])}"


def _passed(passed: Sequence[Seen], names: Mapping[str, str], say: Say) -> Table:
    """What earlier weeks showed and later ones do not."""
    rows: list[tuple[Cell, ...]] = [
        (
            say(NAMES[one.finding.kind]),
            names.get(one.finding.asset, one.finding.asset),
            size_said(one.finding, say),
            100 * one.finding.confidence,
            _days((one.first, one.last), say),
        )
        for one in passed
    ]
    columns = say.columns(
        (
            ("report_column.deviation", "", 0),
            ("report_column.where", "", 0),
            ("report_column.size", "", 0),
            ("report_column.confidence", "%", 0),
            ("report_column.shown_in", "", 0),
        )
    )
    return Table("faults_passed", say("report_table.faults_passed"), columns, tuple(rows))


def _state(handled: Handled | None, say: Say) -> str:
    if handled is None:
        return say("report_state.open")
    key = "report_state.closed" if handled.closed else "report_state.noted"
    return say(key, by=handled.by, on=say.day(handled.on))


def _acts(faults: list[Finding], beside: Beside, names: Mapping[str, str], say: Say) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for one in faults:
        handled = beside.handled.get(deviation(one))
        done = handled.words if handled is not None and handled.words else say(ACTIONS[one.kind])
        rows.append((f"{say(NAMES[one.kind])}, {names.get(one.asset, one.asset)}", evidence_said(one, say), done))
    columns = say.columns(
        (("report_column.deviation", "", 0), ("report_column.evidence", "", 0), ("report_column.action", "", 0))
    )
    return Table("fault_actions", say("report_table.fault_actions"), columns, tuple(rows))


def evidence_said(finding: Finding, say: Say) -> str:
    """What it rests on, in numbers."""
    said = [
        say("report_evidence.looks", showing=say.number(finding.evidence["looks_showing"]),
            looks=say.number(finding.evidence["looks"]))
    ]  # fmt: skip
    said += [
        say(key, value=say.number(finding.evidence[name], decimals))
        for name, (key, decimals) in EVIDENCE.items()
        if name in finding.evidence
    ]
    return "; ".join(said)


def _looked_for(findings: tuple[Finding, ...], say: Say) -> Table:
    """Each kind: how many were judged sound or faulty, and what could not be told."""
    rows: list[tuple[Cell, ...]] = []
    for kind in FaultKind:
        own = [one for one in findings if one.kind is kind]
        if not own:
            continue
        reasons = sorted({say.why(one.why) for one in own if one.found is None and one.why is not None})
        untold = sum(one.found is None for one in own)
        sound = sum(one.found is False for one in own)
        limit = own[0].limit
        from_size = (
            f"{say.number(100 * limit)} %" if own[0].unit == PER_CENT else f"{say.number(limit, 1)} {own[0].unit}"
        )
        found = sum(one.found is True for one in own)
        rows.append((say(NAMES[kind]), from_size, len(own), found, sound, untold, ", ".join(reasons)))
    columns = say.columns(
        (
            ("report_column.deviation", "", 0),
            ("report_column.from_size", "", 0),
            ("report_column.judged", "", 0),
            ("report_column.found", "", 0),
            ("report_column.sound", "", 0),
            ("report_column.untold", "", 0),
            ("report_column.why", "", 0),
        )
    )
    return Table("faults_looked_for", say("report_table.faults_looked_for"), columns, tuple(rows))
