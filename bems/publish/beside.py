"""What a site has sent out of the house, put beside the loop of the running system."""

from pathlib import Path

from bems.system import System


def publish(system: System, record_path: Path) -> None:
    """Give the system the feeds that its site file asks for. Libraries are loaded only for those."""
    if system.site.influx is not None:
        from bems.publish.influx import influx_feed

        feed = influx_feed(system.site, system.site.influx, system.record, record_path, system.clock.now)
        system.beside = [*system.beside, ("influx", feed.run)]
        system.conditions_beside.append(feed.conditions)
        system.health_beside.append(feed.health)
    if system.site.alerts.recipients:
        from bems.alarming.telling import Teller

        teller = Teller(system)
        system.beside = [*system.beside, ("alerts", teller.run)]
        system.conditions_beside.append(teller.conditions)
        system.health_beside.append(teller.health)
    if system.site.mqtt_out is not None:
        from bems.publish.mqtt import MqttFeed

        told = MqttFeed(system, system.site.mqtt_out, record_path)
        system.beside = [*system.beside, ("mqtt out", told.run)]
        system.conditions_beside.append(told.conditions)
        system.health_beside.append(told.health)
