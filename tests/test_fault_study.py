"""The study of faults: what counts as kept, and that it runs."""

import pytest

from scripts import fault_study
from scripts.fault_study import CASES, Outcome, _worse, main

KEPT = Outcome(worst_k=-0.4, cold_kh=0.0, supply_degc=66.0, return_degc=62.0, proven=True, kwh=100.0)


@pytest.mark.parametrize(
    ("change", "worse"),
    [
        ({}, False),
        ({"worst_k": -0.6}, False),  # a valve's hunting
        ({"worst_k": -0.8}, True),
        ({"worst_k": 0.5}, False),
        ({"proven": False}, True),
        ({"supply_degc": 65.2}, False),
        ({"supply_degc": 64.0}, True),
        ({"kwh": 500.0}, False),  # money is not what is judged here
    ],
)
def test_what_the_rules_keep_must_be_kept(change, worse):
    assert _worse(KEPT._replace(**change), KEPT) is worse


def test_what_the_rules_cannot_keep_is_not_asked_for():
    lost = KEPT._replace(proven=False, supply_degc=40.0, worst_k=-3.0)
    assert not _worse(lost, lost)
    assert not _worse(lost._replace(supply_degc=39.8, worst_k=-3.2), lost)


def test_every_target_of_every_case_is_there(capsys, monkeypatch):
    everything = [fault for faults in CASES.values() for fault in faults]
    monkeypatch.setitem(CASES, "all", everything)
    assert main(["--only", "all", "--hours", "4", "--controllers", "rules"]) == 0
    assert "| all | rules |" in capsys.readouterr().out


def test_an_unknown_case_is_named(capsys):
    with pytest.raises(SystemExit):
        fault_study.main(["--only", "flood"])
    assert "flood: no such case; there are nothing, hp1_out" in capsys.readouterr().err
