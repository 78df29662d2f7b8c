from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from dashboards.reports.calc_co2 import FACTORS, Basis, Factor, co2_kg, factor_on
from dashboards.reports.calc_heat_pumps import HeatPumpEnergy, spf, starts_per_day, well_balance
from dashboards.reports.calc_known import Known, Why
from dashboards.reports.calc_meters import hot_water, meter_list, u4ssc
from dashboards.reports.calc_peaks import month_peaks
from models.assets import Purpose
from models.tariff import EnergyRate, GridTariff, NoPeakCharge, PeakPerKw, PowerRate

NOTHING = Known.missing(Why.NOT_MEASURED)


# --- Heat pumps -----------------------------------------------------------------------------------------------------


def energy(**changed):
    whole = {
        "heat_kwh": 90_000.0,
        "machine_kwh": 20_000.0,
        "source_pump_kwh": 2_500.0,
        "back_up_kwh": 10_000.0,
        "back_up_heat_kwh": 10_000.0,
        "distribution_kwh": 1_500.0,
    }
    return HeatPumpEnergy(**{name: Known(value, 1.0) for name, value in whole.items()} | changed)


def test_the_factor_falls_from_boundary_to_boundary():
    """SEPEMO's definitions by hand: 90/20, 90/22.5, 100/32.5, 100/34."""
    found = spf(energy())
    assert found.h1.value == pytest.approx(4.5)
    assert found.h2.value == pytest.approx(4.0)
    assert found.h3.value == pytest.approx(100 / 32.5)
    assert found.h4.value == pytest.approx(100 / 34)
    assert found.share_pct.value == pytest.approx(90.0)


def test_without_a_back_up_heater_h3_is_h2():
    """As SEPEMO says of monovalent systems."""
    found = spf(energy(back_up_kwh=Known(0.0), back_up_heat_kwh=Known(0.0)))
    assert found.h3.value == found.h2.value


def test_a_boundary_with_something_not_metered_is_not_known():
    found = spf(energy(distribution_kwh=NOTHING))
    assert found.h3.value is not None
    assert (found.h4.value, found.h4.why) == (None, Why.NOT_MEASURED)
    stood = spf(energy(machine_kwh=Known(0.0)))
    assert stood.h1.why is Why.NOTHING_RAN


def test_the_wells_balance_and_the_meters_are_checked_against_each_other():
    found = well_balance(Known(68_000.0), Known(8_000.0), Known(90_000.0), Known(20_000.0), 14 * 250.0)
    assert found.net_kwh.value == 60_000
    assert found.per_metre_kwh.value == pytest.approx(60_000 / 3500)
    assert found.closure_pct.value == pytest.approx(100 * 2_000 / 90_000)
    assert starts_per_day(Known(310.0), 31).value == 10


# --- Meters ---------------------------------------------------------------------------------------------------------


def meters(**extra):
    given = {
        "el_hp1": (Purpose.ROOM_AND_AIR_HEAT, Known(30_000.0, 1.0)),
        "el_boiler": (Purpose.ROOM_AND_AIR_HEAT, Known(5_000.0, 1.0)),
        "el_hot_water": (Purpose.HOT_WATER, Known(15_000.0, 1.0)),
        "el_fans": (Purpose.FANS_AND_PUMPS, Known(10_000.0, 1.0)),
        "el_light": (Purpose.LIGHT_AND_EQUIPMENT, Known(38_000.0, 1.0)),
    }
    return given | extra


def test_the_purchasers_list_by_name_with_its_residual():
    """Bought 95 000, sold 5 000, own sun 12 000: used 102 000; the lines have 98 000, so 3.9 % is not metered."""
    found = meter_list(Known(95_000.0, 1.0), Known(5_000.0, 1.0), Known(12_000.0, 1.0), meters())
    lines = {line.purpose: line for line in found.lines}
    assert found.used_kwh.value == 102_000
    assert lines[Purpose.ROOM_AND_AIR_HEAT].energy_kwh.value == 35_000
    assert lines[Purpose.ROOM_AND_AIR_HEAT].meters == ("el_hp1", "el_boiler")
    assert lines[Purpose.COOLING].energy_kwh.why is Why.NOT_MEASURED
    assert found.residual_kwh.value == 4_000
    assert found.residual_pct.value == pytest.approx(400 / 102)
    assert found.within_limit is True


def test_a_residual_above_five_per_cent_and_one_that_is_not_known():
    too_much = meter_list(Known(110_000.0), Known(5_000.0), Known(12_000.0), meters())
    assert too_much.within_limit is False
    gap = meters(el_fans=(Purpose.FANS_AND_PUMPS, Known.missing(Why.GAPS, 0.7)))
    unknown = meter_list(Known(95_000.0, 1.0), Known(5_000.0), Known(12_000.0), gap)
    assert (unknown.residual_pct.why, unknown.within_limit) == (Why.GAPS, None)
    assert unknown.residual_pct.coverage == 0.7


def test_hot_water_by_resident_by_hand():
    """32 residents, 30 days, 57 m3 at 62 degC from 7 degC: 57 * 1.16 * 55 = 3636.6 kWh; 59.4 l each day; at 60 degC
    3636.6 / (1.16 * 53) = 59.15 m3, 61.6 l each; circulation 4 320 kWh = 6 kW = 187.5 W each.
    """
    drawn = 57 * 1.16 * 55
    found = hot_water(Known(57.0), Known(drawn), Known(4320.0), Known(7.0), residents=32, area_m2=5000, days=30)
    assert found.litres_per_resident_day.value == pytest.approx(59.375)
    assert found.litres_60degc_per_resident_day.value == pytest.approx(61.616, abs=1e-3)
    assert found.kwh_per_resident_year.value == pytest.approx(drawn / 32 * 365.25 / 30)
    assert found.kwh_per_m2_year.value == pytest.approx(drawn / 5000 * 365.25 / 30)
    assert found.circulation_w_per_resident.value == pytest.approx(187.5)
    assert found.circulation_share_pct.value == pytest.approx(100 * 4320 / (4320 + drawn))


def test_u4ssc_indicators_by_code():
    found = u4ssc(
        electricity_kwh=Known(64_000.0),
        delivered_kwh=Known(60_000.0),
        renewable_kwh=Known(40_000.0),
        heat_kwh=Known(50_000.0),
        people=32,
        area_m2=5500,
        days=365.25,
    )
    assert {one.code: one.value.value for one in found} == pytest.approx(
        {"EN: E: E: 1C": 40.0, "EN: E: E: 2C": 2000.0, "EN: E: E: 3C": 5.625, "EN: E: E: 4A": 60_000 / 5500}
    )


# --- CO2 ------------------------------------------------------------------------------------------------------------


def test_each_years_energy_has_that_years_factor():
    """NVE: 17 g/kWh in 2019, 8 in 2020."""
    found = co2_kg({date(2019, 12, 31): 1000.0, date(2020, 1, 1): 500.0}, Basis.LOCATION)
    assert found.value == pytest.approx(17.0 + 4.0)


def test_a_year_without_a_factor_has_no_figure():
    found = co2_kg({date(2020, 6, 1): 300.0, date(2024, 6, 1): 100.0}, Basis.LOCATION)
    assert (found.value, found.why, found.coverage) == (None, Why.NO_FACTOR, 0.75)
    own = (*FACTORS, Factor(Basis.LOCATION, date(2024, 1, 1), date(2024, 12, 31), 12.0, "the site"))
    assert co2_kg({date(2024, 6, 1): 100.0}, Basis.LOCATION, own).value == pytest.approx(1.2)
    assert factor_on(Basis.MARKET, date(2020, 6, 1)).g_per_kwh == 402


# --- Peaks ----------------------------------------------------------------------------------------------------------

JANUARY = datetime(2025, 12, 31, 23, tzinfo=UTC)


def grid(peak):
    return GridTariff(
        valid_from=date(2025, 1, 1), fixed_nok_per_month=500, energy=(EnergyRate(nok_per_kwh=0.05),), peak=peak
    )


PER_KW = PeakPerKw(
    kind="per_kw",
    basis="highest_hour",
    rates=(PowerRate(nok_per_kw=92, months=(1, 2, 3, 10, 11, 12)), PowerRate(nok_per_kw=38, months=(4, 5, 6, 7, 8, 9))),
)


def test_peaks_with_their_hour_cause_and_cost():
    hourly, boiler, cars = np.full(31 * 24, 40.0), np.zeros(31 * 24), np.full(31 * 24, 5.0)
    for hour, kw in ((100, 95.0), (101, 90.0), (300, 80.0), (500, 70.0)):
        hourly[hour] = kw
    boiler[100] = 40.0
    cars[300] = 44.0
    found = month_peaks(grid(PER_KW), JANUARY, hourly, {"boiler": boiler, "cars": cars})
    assert found.basis_kw.value == 95
    assert found.charge_nok.value == 95 * 92
    assert found.avoidable_nok.value == 15 * 92  # down to the next day's 80 kW, the hour beside it included
    assert [peak.power_kw for peak in found.highest] == [95, 80, 70]
    assert found.highest[0].start == JANUARY + timedelta(hours=100)
    assert [share.part for share in found.highest[0].parts] == ["boiler", "cars"]
    assert found.highest[0].parts[0].above_usual_kw == 40
    assert found.highest[1].parts[0].part == "cars"


def test_a_month_that_is_not_known_has_no_peak_and_some_tariffs_no_charge():
    unknown = month_peaks(grid(PER_KW), JANUARY, np.full(48, np.nan), {})
    assert (unknown.basis_kw.why, unknown.highest) == (Why.NO_DATA, ())
    free = month_peaks(grid(NoPeakCharge(kind="none")), JANUARY, np.array([3.0, np.nan]), {})
    assert (free.charge_nok.value, free.avoidable_nok.value, free.basis_kw.coverage) == (0.0, 0.0, 0.5)
