"""How Home Assistant is told what there is: one retained configuration for each entity (its MQTT discovery).

A class or unit that Home Assistant does not know makes it refuse the whole entity, so only those are given that it has
known for years; what has no fitting class goes without one.
"""

import json
import re
from typing import Any, Final

from bems import __version__
from bems.publish.mqtt_messages import TOLD, Messages
from dashboards.words import pick
from models.outgoing import Quantity
from models.site import Site
from models.targets import MqttOut
from models.units import Unit

CLASSES: Final = {
    Unit.DEGC: ("temperature", "°C"),
    Unit.KELVIN: (None, "K"),  # as a temperature it would be shown in °C, 273 too low
    Unit.PCT: (None, "%"),
    Unit.KW: ("power", "kW"),
    Unit.KWH: ("energy", "kWh"),
    Unit.VOLT: ("voltage", "V"),
    Unit.AMPERE: ("current", "A"),
    Unit.HERTZ: ("frequency", "Hz"),
    Unit.RPM: (None, "rpm"),
    Unit.HOUR: ("duration", "h"),
    Unit.SECOND: ("duration", "s"),
    Unit.M3: ("volume", "m³"),
    Unit.M3_PER_H: ("volume_flow_rate", "m³/h"),
    Unit.L_PER_MIN: ("volume_flow_rate", "L/min"),
    Unit.L_PER_H: (None, "L/h"),
    Unit.PPM: (None, "ppm"),
    Unit.LUX: ("illuminance", "lx"),
    Unit.W_PER_M2: ("irradiance", "W/m²"),
    Unit.M_PER_S: ("speed", "m/s"),
    Unit.PASCAL: ("pressure", "Pa"),
    Unit.DEGREE_MINUTES: (None, "°C·min"),
    Unit.NOK_PER_KWH: (None, "kr/kWh"),
    Unit.COUNT: (None, None),
}
"""Class and unit of a sensor. Flags and states have neither."""
BY_NAME: Final = {
    (Unit.PCT, "humidity"): "humidity",
    (Unit.PPM, "co2"): "carbon_dioxide",
    (Unit.M_PER_S, "wind"): "wind_speed",
}
"""Where the unit alone does not tell the class, a word in the signal's name does."""
TOTALS: Final = frozenset({"energy", "volume"})
"""Classes that only a counter may have."""
WORDS: Final = {
    "system": {"nb": "energistyring", "en": "energy management"},
    "alarms": {"nb": "Aktive alarmer", "en": "Active alarms"},
    "alarm": {"nb": "Alarm", "en": "Alarm"},
    "events": {"nb": "Hendelser", "en": "Events"},
}


class Discovery:
    """The configurations for one site, by topic; nothing when the site file wants none."""

    def __init__(self, site: Site, config: MqttOut, messages: Messages) -> None:
        self._site, self._config, self._messages = site, config, messages
        self._hub = f"bems_{site.id}"

    def of_quantity(self, quantity: Quantity) -> dict[str, bytes]:
        """A sensor, or a binary sensor for a flag."""
        language = self._config.language
        equipment, _, signal = pick(quantity.label, language).partition(": ")
        about: dict[str, Any] = {
            "name": signal[:1].upper() + signal[1:],
            "state_topic": self._messages.value_topic(quantity),
            "json_attributes_topic": self._messages.value_topic(quantity),
            "json_attributes_template": "{{ {'quality': value_json.quality} | tojson }}",
            "device": self._device(quantity, equipment),
        }
        point = self._site.points.get(quantity.id)
        if quantity.unit is Unit.BOOL:
            about |= {"value_template": "{{ value_json.state }}", "payload_on": "on", "payload_off": "off"}
            if point is not None and point.spec.alarm:
                about["device_class"] = "problem"
            return self._config_of("binary_sensor", quantity.id, about)
        if quantity.unit is Unit.STATE:
            options = list(dict.fromkeys(self._messages.states(quantity).values()))
            about |= {"value_template": "{{ value_json.state }}", "device_class": "enum", "options": options}
        else:
            about |= {"value_template": "{{ value_json.value }}", **_classes(quantity)}
        return self._config_of("sensor", quantity.id, about)

    def of_system(self) -> dict[str, bytes]:
        """What is told of the system itself: how many alarms stand, and a trigger for each event."""
        alarms, events = self._messages.alarms, self._messages.events
        number = {
            "name": self._word("alarms"),
            "state_topic": alarms,
            "value_template": "{{ value_json.number }}",
            "json_attributes_topic": alarms,
            "state_class": "measurement",
            "icon": "mdi:alarm-light-outline",
            "device": self._hub_device(),
        }
        happened = {
            "name": self._word("events"),
            "state_topic": events,
            "event_types": [kind.value for kind in TOLD],
            "device": self._hub_device(),
        }
        return self._config_of("sensor", "alarms", number) | self._config_of("event", "events", happened)

    def of_alarm(self, name: str) -> dict[str, bytes]:
        """A binary sensor for an alarm; announced when it is first raised."""
        topic = self._messages.alarm_topic(name)
        about = {
            "name": f"{self._word('alarm')} {name}",
            "state_topic": topic,
            "value_template": "{{ value_json.state }}",
            "payload_on": "on",
            "payload_off": "off",
            "device_class": "problem",
            "json_attributes_topic": topic,
            "device": self._hub_device(),
        }
        return self._config_of("binary_sensor", f"alarm.{name}", about)

    def _config_of(self, component: str, name: str, about: dict[str, Any]) -> dict[str, bytes]:
        prefix = self._config.discovery_prefix
        if not prefix:
            return {}
        node = re.sub("[^A-Za-z0-9_]", "-", name)
        said = {
            **about,
            "unique_id": f"{self._hub}-{node}",
            "availability_topic": self._messages.status,
            "qos": 1,
            "origin": {"name": "bems", "sw_version": __version__},
        }
        topic = f"{prefix}/{component}/{self._hub}/{node}/config"
        return {topic: json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()}

    def _device(self, quantity: Quantity, name: str) -> dict[str, Any]:
        point = self._site.points.get(quantity.id)
        if point is not None and quantity.kind == "meter":  # the asset is named after what it meters
            name = pick(point.device.label, self._config.language)
        about: dict[str, Any] = {
            "identifiers": [f"{self._hub}-{quantity.kind}-{quantity.equipment}"],
            "name": name,
            "via_device": self._hub,
        }
        if point is not None and point.device.id == quantity.equipment:
            profile = self._site.profiles[point.device.profile]
            about |= {"manufacturer": profile.vendor, "model": profile.model}
        return about

    def _hub_device(self) -> dict[str, Any]:
        name = f"{pick(self._site.name, self._config.language)}, {self._word('system')}"
        return {"identifiers": [self._hub], "name": name, "manufacturer": "bems", "sw_version": __version__}

    def _word(self, key: str) -> str:
        return WORDS[key][self._config.language]


def _classes(quantity: Quantity) -> dict[str, str]:
    kind, unit = CLASSES[quantity.unit]
    kind = next((k for (of, word), k in BY_NAME.items() if of is quantity.unit and word in quantity.signal), kind)
    if kind in TOTALS and not quantity.counter:
        kind = None
    said = {"device_class": kind, "unit_of_measurement": unit}
    state_class = "total_increasing" if quantity.counter else "measurement"
    return {key: word for key, word in said.items() if word is not None} | {"state_class": state_class}
