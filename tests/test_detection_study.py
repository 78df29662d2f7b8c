"""Faults injected into the simulated plant are found in what its instruments show, and sound parts are left alone.

A week each in summer and winter; `python -m scripts.detection_study` runs more seasons, seeds and sizes.
"""

from pathlib import Path

import pytest

from dashboards.reports.calc_faults import FaultKind as Looked
from models.site import load_site
from scripts.detection_study import INJECTED, one_run, print_table

ROOT = Path(__file__).resolve().parents[1]
SMALL, LARGE = 0, 1
TARGETS = {(one.looked_for, one.target) for one in INJECTED}
HIDDEN = {
    "summer": {Looked.COP_DRIFT},  # no machine runs for half an hour on end
    "winter": {Looked.NIGHT_COOLING, Looked.PV_LOSS, Looked.HEATING_AND_COOLING},  # cold tank, snow, no free cooling
}


@pytest.fixture(scope="module")
def site():
    return load_site(ROOT / "site.biri.toml")


@pytest.mark.parametrize("season", ["summer", "winter"])
def test_worn_parts_are_found_and_only_they(site, season):
    worn = one_run(site, season, 1, LARGE, 6)
    found = {(f.kind, f.asset) for f in worn.findings if f.found}
    assert found == {(kind, target) for kind, target in TARGETS if kind not in HIDDEN[season]}
    for finding in worn.findings:
        if (finding.kind, finding.asset) in found:
            assert finding.confidence > 0.8
            assert finding.evidence["looks_showing"] >= 3
            cost = finding.nok_per_year.value
            assert cost is None if finding.kind is Looked.SENSOR else cost > 500
        elif finding.found is None:
            assert finding.why is not None


def test_a_sound_plant_gives_no_alarm_and_the_table_counts(site, capsys):
    runs = [one_run(site, "summer", 2, size, 6) for size in (None, SMALL)]
    assert [f for f in runs[0].findings if f.found] == []
    print_table(runs, 6)
    table = capsys.readouterr().out
    assert "2 runs of 6 days" in table
    (row,) = [line for line in table.splitlines() if line.startswith("| circulation_loss | 0.4")]
    assert row.split("|")[3:6] == [" 1 ", " 1 ", " 1 "]
