"""Set-up does each step once, and leaves the machine's services alone."""

import contextlib
import subprocess
import sys

import pytest

from scripts.prepare import FORBID_ALL, CannotGoOnError, follow, once, services_stay_off


def step(folder, made_from: bytes, **more: bool) -> bool:
    """Run one step that does nothing; returns whether it was needed."""
    with once("step", made_from, stamps=folder, **more) as needed:
        return needed


def test_a_step_is_done_once_until_its_input_changes(tmp_path):
    assert [step(tmp_path, b"a"), step(tmp_path, b"a"), step(tmp_path, b"b"), step(tmp_path, b"b")] == [
        True,
        False,
        True,
        False,
    ]


def test_a_step_whose_result_is_gone_is_done_again(tmp_path):
    step(tmp_path, b"a")
    assert step(tmp_path, b"a", intact=False)


def test_a_step_that_failed_is_still_due(tmp_path):
    with pytest.raises(CannotGoOnError), once("step", b"a", stamps=tmp_path):
        raise CannotGoOnError("no network")
    assert step(tmp_path, b"a")


def test_services_are_forbidden_to_start_only_while_packages_are_installed(tmp_path):
    policy = tmp_path / "policy-rc.d"
    with services_stay_off(["some-service"], policy):
        assert subprocess.run([policy, "some-service", "start"], check=False).returncode == 101
    assert not policy.exists()


def test_the_machines_own_policy_comes_back_even_when_the_installation_fails(tmp_path):
    policy = tmp_path / "policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 0\n")
    policy.chmod(0o755)
    with contextlib.suppress(CannotGoOnError), services_stay_off(["some-service"], policy):
        assert subprocess.run([policy, "some-service", "start"], check=False).returncode == 101
        raise CannotGoOnError("no network")
    assert policy.read_text() == "#!/bin/sh\nexit 0\n"


def test_a_policy_left_behind_by_a_killed_set_up_is_cleared_away(tmp_path):
    policy = tmp_path / "policy-rc.d"
    policy.write_text(FORBID_ALL)
    policy.chmod(0o755)
    with services_stay_off(["some-service"], policy):
        assert policy.exists()
    assert not policy.exists()


def test_a_policy_that_forbids_services_already_is_not_touched(tmp_path):
    policy = tmp_path / "policy-rc.d"
    policy.write_text("#!/bin/sh\n# the administrator's\nexit 101\n")
    policy.chmod(0o755)
    with services_stay_off(["some-service"], policy):
        assert "administrator" in policy.read_text()
    assert "administrator" in policy.read_text()


def test_a_failed_command_is_told_with_its_last_words():
    program = "import sys; print('working'); print('disk full', file=sys.stderr); sys.exit(3)"
    with pytest.raises(CannotGoOnError, match=r"copying failed:\n    working\n    disk full"):
        list(follow([sys.executable, "-c", program], "copying failed"))
