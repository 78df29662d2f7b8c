"""Heat pumps: seasonal performance factor at stated boundaries, coverage share, balance of the wells.

Method: SEPEMO-Build, D4.2 "Concept for evaluation of SPF", version 2.2 (2012). H1 is the machine alone, H2 adds the
pump of its source, H3 adds the back-up heater and its heat, H4 adds the pumps that carry the heat to the building.
What a machine's own meter cannot tell apart (stand-by, its condenser pump) is in H1, so H1 is a little too low.
"""

from dataclasses import dataclass

from dashboards.reports.calc_known import Known, Why, added, minus, quotient


@dataclass(frozen=True, slots=True)
class HeatPumpEnergy:
    """Metered energies of a period [kWh]; what is not metered says so."""

    heat_kwh: Known
    """Out of the machine, for rooms and water."""
    machine_kwh: Known
    source_pump_kwh: Known
    """Brine pump or outdoor fan."""
    back_up_kwh: Known
    """Electricity of the back-up heater."""
    back_up_heat_kwh: Known
    """Its heat; an electric boiler's is its electricity."""
    distribution_kwh: Known
    """Pumps that carry the heat to the building."""


@dataclass(frozen=True, slots=True)
class Spf:
    """Seasonal performance factors; over an hour or a day they are COPs at the same boundaries."""

    h1: Known
    h2: Known
    h3: Known
    h4: Known
    share_pct: Known
    """Of the heat of machine and back-up heater that the machine made (energidekning)."""


@dataclass(frozen=True, slots=True)
class WellBalance:
    """What the ground gave and got."""

    taken_kwh: Known
    returned_kwh: Known
    net_kwh: Known
    per_metre_kwh: Known
    """Net, of each metre of borehole."""
    closure_pct: Known
    """(heat - machine's electricity - taken) / heat: what heat meter, brine meter and electricity meter disagree by."""


def spf(energy: HeatPumpEnergy) -> Spf:
    """The factors of a period; NOTHING_RAN without electricity."""
    to_h2 = added(energy.machine_kwh, energy.source_pump_kwh)
    to_h3 = added(to_h2, energy.back_up_kwh)
    heat_h3 = added(energy.heat_kwh, energy.back_up_heat_kwh)
    return Spf(
        h1=quotient(energy.heat_kwh, energy.machine_kwh),
        h2=quotient(energy.heat_kwh, to_h2),
        h3=quotient(heat_h3, to_h3),
        h4=quotient(heat_h3, added(to_h3, energy.distribution_kwh)),
        share_pct=quotient(energy.heat_kwh, heat_h3, 100.0),
    )


def well_balance(
    taken_kwh: Known, returned_kwh: Known, heat_kwh: Known, machine_kwh: Known, metres: float
) -> WellBalance:
    """The balance of a period.

    Args:
        taken_kwh: heat out of the wells.
        returned_kwh: heat into them, from cooling and the sun.
        heat_kwh: heat of the machines on them.
        machine_kwh: electricity of these machines.
        metres: of active borehole, all wells together.
    """
    net = added(taken_kwh, minus(returned_kwh))
    left = added(heat_kwh, minus(machine_kwh), minus(taken_kwh))
    per_metre = Known(net.value / metres, net.coverage) if net.value is not None else net
    return WellBalance(taken_kwh, returned_kwh, net, per_metre, quotient(left, heat_kwh, 100.0))


def starts_per_day(starts: Known, days: float) -> Known:
    """Starts of a compressor over the days of a period; NO_DATA for no days."""
    if days <= 0:
        return Known.missing(Why.NO_DATA)
    return starts if starts.value is None else Known(starts.value / days, starts.coverage)
