"""Alarms of a site without a plant: the real desk over a system that stands still."""

from types import SimpleNamespace

from bems.alarming.alarms import Condition, device_lost
from bems.alarming.service import Alarming
from bems.desk.alarms import SystemAlarms
from bems.history.rows import Event, EventKind


class NoHistory:
    """Says that each alarm that stands came four times."""

    def __init__(self, alarms):
        self._alarms = alarms

    def events(self, start, end, kinds):
        return [
            Event(alarm.raised_at, EventKind.ALARM_UP, alarm.id, alarm.text.code,
                  {"code": alarm.text.code, "severity": alarm.severity, **alarm.text.facts})
            for alarm in self._alarms() for _ in range(4)
        ]  # fmt: skip


class FakeAlarms(SystemAlarms):
    """The desk; what stands is asked of the site each time, and a lost wire has silent devices behind it."""

    def __init__(self, site, now, alarms):
        self.audit = []
        system = SimpleNamespace(
            site=site, alarming=Alarming(site, None), clock=SimpleNamespace(now=now), note=self.audit.append
        )
        super().__init__(system, NoHistory(alarms))
        self._alarms = alarms

    def rows(self):
        conditions = [Condition(alarm.id, alarm.severity, alarm.text, alarm.point) for alarm in self._alarms()]
        if conditions:
            conditions += [device_lost(f"charger_{number}", 6) for number in range(1, 4)]
        system = self._system
        system.alarming.watch(conditions, system.clock.now(), may_end=True)
        return super().rows()
