"""/healthy and /metrics: what they say of a system that works, of one in trouble, and to whom."""

from dataclasses import replace

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from dashboards.access import MONITOR
from dashboards.app import create_app
from dashboards.ports.view import Health
from models.field import Privacy
from tests.dashboards.conftest import HERE, client
from tests.dashboards.fake import LOST, FakeView

TOKEN = "a-long-word-for-the-tests"  # not a secret
BEARER = {"Authorization": f"Bearer {TOKEN}"}


class Changed(FakeView):
    """The made-up site with parts in another state, and further parts."""

    def __init__(self, *more, **states):
        super().__init__()
        self._more = more
        self._states = states

    def health(self):
        parts = [replace(part, state=self._states.get(part.name, part.state)) for part in super().health()]
        return [*parts, *self._more]

    def planning(self):
        return replace(super().planning(), no_plan=None)


async def figures(view, **headers):
    async with client(view) as inside:
        answer = await inside.get("/metrics", headers=headers)
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.text)
    samples = [sample for family in families for sample in family.samples]
    return {(s.name, *sorted(s.labels.values())): s.value for s in samples}, answer


async def healthy(view):
    async with client(view) as inside:
        answer = await inside.get("/healthy")
    return answer.status_code, answer.json()


def outside(token, demo=False):
    app = create_app(FakeView(demo=demo), monitoring_token=token)
    transport = httpx.ASGITransport(app=app, client=("10.0.0.7", 50_000))
    return httpx.AsyncClient(transport=transport, base_url=HERE)


async def test_a_system_that_works_is_healthy_and_names_every_part():
    view = Changed()
    status, said = await healthy(view)
    assert (status, said["verdict"], said["why"]) == (200, "healthy", [])
    kinds = {part["kind"] for part in said["parts"]}
    assert kinds == {"driver", "feed", "record", "loop", "plan"}
    assert {part["name"] for part in said["parts"]} >= {c.id for c in view.site.connections}


async def test_planning_that_fails_degrades_and_says_why(view):
    status, said = await healthy(view)
    assert (status, said["verdict"]) == (200, "degraded")
    assert said["why"][0].endswith("; since then: decides.rules.solver")


async def test_a_wire_that_is_lost_degrades_and_is_named(troubled):
    status, said = await healthy(troubled)
    assert (status, said["verdict"]) == (200, "degraded")
    assert f"{LOST}: connection refused" in said["why"]


@pytest.mark.parametrize(
    ("part", "state"), [("loop", "degraded"), ("loop", "down"), ("record", "down"), ("loop", "starting")]
)
async def test_without_its_loop_or_its_record_the_system_is_unhealthy(part, state):
    status, said = await healthy(Changed(**{part: state}))
    assert (status, said["verdict"]) == (503, "unhealthy")
    assert said["why"][0].startswith(f"{part}: ")


async def test_a_record_that_is_behind_degrades():
    assert (await healthy(Changed(record="degraded")))[0] == 200


async def test_without_any_wire_to_the_plant_the_system_is_unhealthy():
    view = Changed(**{c.id: "down" for c in FakeView().site.connections})
    status, said = await healthy(view)
    assert status == 503
    assert said["why"][0] == "no connection to the plant works"


async def test_a_target_that_is_away_is_no_reason_to_start_anew():
    away = Health("mqtt_out", "target", "down", 40.0, "connection refused", {"waiting": 7.0, "sent_total": 90.0})
    status, said = await healthy(Changed(away))
    assert (status, said["verdict"]) == (200, "degraded")
    assert said["why"] == ["mqtt_out: connection refused"]
    found, _ = await figures(Changed(away))
    assert found["bems_target_waiting", "mqtt_out"] == 7.0
    assert found["bems_target_sent_total", "mqtt_out"] == 90.0
    assert found["bems_part_state", "down", "mqtt_out", "target"] == 1.0


async def test_figures_are_those_of_the_parts(troubled):
    found, answer = await figures(troubled)
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert found["bems_healthy",] == 1.0
    assert found["bems_part_state", "down", "driver", LOST] == 1.0
    assert found["bems_part_state", "driver", LOST, "ok"] == 0.0
    assert found["bems_part_age_seconds", "driver", LOST] == 95.0
    assert found["bems_alarms", "A"] == 1.0
    assert found["bems_site_time_seconds",] == troubled.now().timestamp()
    assert sum(value for key, value in found.items() if key[0] == "bems_points") == len(troubled.site.points)
    assert found["process_resident_memory_bytes",] > 1e6


async def test_openmetrics_is_spoken_to_who_asks_for_it(view):
    async with client(view) as inside:
        answer = await inside.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


async def test_figures_name_no_point_that_tells_about_a_resident(view):
    personal = [point.id for point in view.site.points.values() if point.privacy is Privacy.PERSONAL]
    async with client(view) as inside:
        said = (await inside.get("/metrics")).text + (await inside.get("/healthy")).text
    assert personal
    assert [point for point in personal if point in said] == []


async def test_the_token_opens_monitoring_and_nothing_else():
    async with outside(TOKEN) as monitor:
        assert (await monitor.get("/healthy", headers=BEARER)).status_code == 200
        assert (await monitor.get("/metrics", headers=BEARER)).status_code == 200
        for path in ("/", "/api/points", "/api/openapi.json", "/metrics/", "/healthy/x"):
            assert (await monitor.get(path, headers=BEARER)).status_code == 403, path
    assert not MONITOR.sees_personal


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, f"bearer  {TOKEN}"]
)
async def test_another_word_opens_nothing(authorization):
    async with outside(TOKEN) as stranger:
        assert (await stranger.get("/metrics", headers={"Authorization": authorization})).status_code == 401


@pytest.mark.parametrize("token", [None, ""])
async def test_without_a_token_of_its_own_the_system_takes_none(token):
    async with outside(token) as stranger:
        for word in ("Bearer ", "Bearer None", f"Bearer {TOKEN}"):
            assert (await stranger.get("/healthy", headers={"Authorization": word})).status_code == 401
