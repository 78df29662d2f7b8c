"""`bems demo` as a stranger runs it: real processes, real sockets, a real Ctrl-C."""

import logging
import os
import re
import signal
import socket
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from hil_sim.broker import find_mosquitto
from models.site import load_site
from tests.system.field import free_offset

ROOT = Path(__file__).resolve().parents[2]
SITE = load_site(ROOT / "site.biri.toml")
KEYS = {"id", "tag", "value", "unit", "quality", "at", "age_s", "period_s", "source", "protocol", "writable", "held_by"}
ALIVE_S = 60.0
END_S = 8.0
WATCH_S = 15.0
BACK_S = 20.0
"""The longest back-off of a link is 10 s."""

figures = logging.getLogger("figures")
"""Shown by `pytest -o log_cli=true`."""

pytestmark = pytest.mark.skipif(find_mosquitto() is None, reason="no mosquitto here: apt install mosquitto")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Demo:
    """The process (`bems demo` unless told otherwise), what it says, and what it serves."""

    def __init__(self, folder, port, *verb):
        self.url = f"http://127.0.0.1:{port}"
        self._said = {name: (folder / name).open("w+") for name in ("stdout", "stderr")}
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bems.cli", *(verb or ("demo", "--port", str(port)))],
            cwd=ROOT,
            start_new_session=True,  # a process group of its own, as a terminal gives it
            **self._said,
        )

    def said(self, name):
        self._said[name].seek(0)
        return self._said[name].read()

    def wait_for(self, what, within_s):
        """Poll until it answers without an error of httpx; what it answered."""
        end = time.monotonic() + within_s
        while True:
            assert self.process.poll() is None, self.said("stderr")
            try:
                if answer := what():
                    return answer
            except httpx.TransportError:
                pass
            assert time.monotonic() < end, self.said("stderr")
            time.sleep(0.2)

    def get(self, path):
        answer = httpx.get(f"{self.url}{path}", timeout=10)
        assert answer.status_code == 200, answer.text
        return answer

    def points(self):
        return self.get("/api/points").json()

    def all_good(self):
        points = self.points()
        return points if all(point["quality"] == "good" for point in points) else None

    def interrupt(self):
        """Ctrl-C; returns the wall time until the process had ended [s]."""
        begun = time.monotonic()
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(30)
        return time.monotonic() - begun

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for file in self._said.values():
            file.close()


def descendants(parent):
    """Process ids of all that it has started, directly or not."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents[int(stat.parent.name)] = int(fields[1])
    found, front = set(), {parent}
    while front := {pid for pid, of in parents.items() if of in front} - found:
        found |= front
    return found


def living(pids):
    return {pid for pid in pids if Path(f"/proc/{pid}").exists()}


def gone(pids, within_s=2.0):
    end = time.monotonic() + within_s
    while living(pids) and time.monotonic() < end:
        time.sleep(0.05)
    return not living(pids)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    demo = Demo(tmp_path_factory.mktemp("demo"), free_port())
    try:
        demo.wait_for(lambda: demo.get("/"), ALIVE_S)
        figures.info("page alive after %.1f s", time.monotonic() - demo.started)
        yield demo
    finally:
        if demo.process.poll() is None:
            demo.interrupt()
        demo.close()


def test_the_page_is_alive_within_a_minute(demo):
    page = demo.wait_for(lambda: demo.get("/"), ALIVE_S)
    assert page.headers["content-type"].startswith("text/html")
    assert SITE.name.nb in page.text


def test_every_point_of_the_site_is_listed_good_and_young(demo):
    points = demo.wait_for(demo.all_good, ALIVE_S)
    assert [point["id"] for point in points] == list(SITE.points)
    assert all(set(point) >= KEYS for point in points)
    end = time.monotonic() + WATCH_S
    while time.monotonic() < end:
        points = demo.points()
        assert {point["id"] for point in points if point["quality"] != "good"} == set()
        assert {point["id"] for point in points if not point["age_s"] <= 3 * point["period_s"]} == set()
        time.sleep(1)


def test_what_control_holds_is_named_with_its_priority(demo):
    held = demo.wait_for(lambda: [p for p in demo.points() if p["held_by"] is not None], ALIVE_S)
    assert all(point["writable"] for point in held)
    assert all(re.fullmatch(r"(rules|guard)@\d+", point["held_by"]) for point in held)


def test_health_names_every_part_with_state_and_age(demo):
    demo.wait_for(demo.all_good, ALIVE_S)

    def all_ok():
        health = demo.get("/api/health").json()
        return health if all(part["state"] == "ok" for part in health) else None

    health = demo.wait_for(all_ok, ALIVE_S)
    drivers = {part["name"] for part in health if part["kind"] == "driver"}
    assert drivers == {connection.id for connection in SITE.connections}
    assert {part["name"] for part in health if part["kind"] == "feed"} == {"prices", "weather"}
    assert {part["kind"] for part in health} == {"driver", "feed", "record", "loop"}
    assert all(part["age_s"] < 10 for part in health)


def test_site_time_runs_at_sixty_times_wall_time(demo):
    demo.wait_for(demo.all_good, ALIVE_S)

    def newest():
        return max(datetime.fromisoformat(point["at"]) for point in demo.points()), time.monotonic()

    (at, wall_s), _ = newest(), time.sleep(16)
    later, later_wall_s = newest()
    assert (later - at).total_seconds() / (later_wall_s - wall_s) == pytest.approx(60, rel=0.15)


@pytest.mark.parametrize("connection", ["mb_sun", "mqtt_broker"])
def test_a_device_is_taken_away_through_the_control_port_and_comes_back(demo, connection):
    demo.wait_for(demo.all_good, ALIVE_S)
    port = int(re.search(r"control port 127\.0\.0\.1:(\d+)", demo.said("stdout"))[1])
    wire = connection.removesuffix("_broker")
    its = {point.id for point in SITE.points.values() if point.device.connection == wire}

    def say(line):
        with socket.create_connection(("127.0.0.1", port), 5) as wire, wire.makefile("rw") as talk:
            talk.write(f"{line}\n")
            talk.flush()
            return talk.readline().strip()

    def not_good():
        return {point["id"] for point in demo.points() if point["quality"] != "good"}

    def alarms():
        return {alarm["id"] for alarm in demo.get("/api/alarms").json()}

    assert say(f"stop {connection}") == f"ok stop {connection}"
    try:
        demo.wait_for(lambda: not_good() == its, BACK_S)
        demo.wait_for(lambda: f"connection.{wire}" in alarms(), BACK_S)
    finally:
        assert say(f"start {connection}") == f"ok start {connection}"
    demo.wait_for(demo.all_good, BACK_S)
    demo.wait_for(lambda: f"connection.{wire}" not in alarms(), BACK_S)


def test_a_demo_that_is_killed_takes_its_simulator_and_broker_with_it(tmp_path):
    demo = Demo(tmp_path, free_port())
    try:
        demo.wait_for(lambda: "simulator ready" in demo.said("stdout"), ALIVE_S)
        children = descendants(demo.process.pid)
        assert len(children) >= 2
        demo.process.kill()
        demo.process.wait()
        assert gone(children, END_S)
    finally:
        demo.close()


def test_ctrl_c_gives_the_points_back_and_leaves_nothing_behind(tmp_path):
    demo = Demo(tmp_path, free_port())
    try:
        demo.wait_for(lambda: sum(p["held_by"] is not None for p in demo.points()) > 50, ALIVE_S)
        time.sleep(3)  # what is held has been written
        children = descendants(demo.process.pid)
        assert len(children) >= 2  # the simulator and its broker
        took_s = demo.interrupt()
        stderr = demo.said("stderr")
        assert demo.process.returncode == 0, stderr
        assert took_s < END_S
        figures.info("ended %.1f s after Ctrl-C", took_s)
        assert "Traceback" not in stderr
        assert "never retrieved" not in stderr
        given_back = re.search(r"(\d+) points given back", stderr)
        assert given_back, stderr
        assert int(given_back[1]) > 50
        assert gone(children)
        assert "Ended" in demo.said("stdout")
    finally:
        demo.close()


@pytest.mark.parametrize("after", ["Building the simulated plant", "mb_heat", "simulator ready"])
def test_ctrl_c_during_start_up_is_clean(tmp_path, after):
    demo = Demo(tmp_path, free_port())
    try:
        demo.wait_for(lambda: after in demo.said("stdout"), ALIVE_S)
        children = descendants(demo.process.pid)
        took_s = demo.interrupt()
        assert demo.process.returncode == 0, demo.said("stderr")
        assert took_s < END_S
        assert "Traceback" not in demo.said("stderr")
        assert gone(children)
    finally:
        demo.close()


def test_a_taken_port_is_a_clear_error(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        demo = Demo(tmp_path, port)
        try:
            children = set()
            while demo.process.poll() is None:
                assert time.monotonic() - demo.started < ALIVE_S
                children |= descendants(demo.process.pid)
                time.sleep(0.1)
            assert demo.process.returncode == 1
            stderr = demo.said("stderr")
            assert f"port {port} cannot be opened" in stderr
            assert "choose another one (--port, PORT=...)" in stderr
            assert "Traceback" not in stderr
            assert gone(children)
        finally:
            demo.close()


def test_the_simulator_alone_ends_cleanly(tmp_path):
    sim = Demo(tmp_path, 0, "sim", "site.biri.toml", "--port-offset", str(free_offset()))
    try:
        sim.wait_for(lambda: "simulator ready" in sim.said("stdout"), ALIVE_S)
        children = descendants(sim.process.pid)
        assert sim.interrupt() < END_S
        assert sim.process.returncode == 0, sim.said("stderr")
        assert sim.said("stderr") == ""
        assert gone(children)
    finally:
        sim.close()


def test_a_control_port_that_is_taken_is_a_clear_error(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        sim = Demo(tmp_path, 0, "sim", "site.biri.toml", "--port-offset", str(free_offset()), "--control-port", port)
        try:
            assert sim.process.wait(ALIVE_S) == 1
            assert f"bems: control port {port} cannot be opened" in sim.said("stderr")
            assert "Traceback" not in sim.said("stderr")
        finally:
            sim.close()
