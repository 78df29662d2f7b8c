"""Where what leaves the building is sent to. Passwords come from the environment, never from the site file."""

from typing import Literal

from pydantic import Field

from models.field import Strict


class Monitoring(Strict):
    """The `[monitoring]` section: programs that watch over the system, such as Prometheus."""

    token_env: str = Field(default="BEMS_MONITORING_TOKEN", pattern=r"^[A-Z_][A-Z0-9_]*$")
    """The variable of the environment with the token for /healthy and /metrics; none there: no program gets in."""


class MqttOut(Strict):
    """The `[mqtt_out]` section: a broker that readings, states and alarms are told to. Left out: nothing is sent."""

    host: str = Field(min_length=1, examples=["broker.example.org"])
    port: int = Field(default=1883, ge=1, le=65535)
    """Brokers listen for TLS on 8883."""
    tls: bool = False
    """Also on where `tls_ca_file` is given. Without it, a password can be read on the wire."""
    tls_ca_file: str | None = None
    """Certificates to trust, where the broker's is signed by an own authority."""
    username: str | None = None
    password_env: str | None = Field(default=None, pattern=r"^[A-Z_][A-Z0-9_]*$")
    """The variable of the environment that holds the password."""
    prefix: str = Field(default="bems", pattern=r"^[^+#$/\s]+(/[^+#$/\s]+)*$")
    """Begin of every topic; the id of the site follows."""
    discovery_prefix: str = Field(default="homeassistant", pattern=r"^([^+#$/\s]+(/[^+#$/\s]+)*)?$")
    """Where Home Assistant looks for new devices; empty: they are not announced."""
    language: Literal["nb", "en"] = "nb"
    """Of names and states that are announced."""
    every_s: float = Field(default=10.0, ge=1, le=3600)
    """Wall time between two messages of one measurement; states and alarms are told at once."""
    timeout_s: float = Field(default=5.0, gt=0, le=60)
    """Wall time that the broker may take for an answer."""


class Influx(Strict):
    """The `[influx]` section: an InfluxDB with the v2 write interface. Left out: nothing is sent."""

    url: str = Field(pattern=r"^https?://[^\s/]+", examples=["https://influx.example.org:8086"])
    org: str = ""
    """InfluxDB 2 wants it; 3 and most others do without."""
    bucket: str = Field(default="bems", min_length=1)
    """For samples as they are; '<bucket>_15m' and '<bucket>_1h' take what is made of them."""
    token_env: str = Field(default="INFLUX_TOKEN", pattern=r"^[A-Z_][A-Z0-9_]*$")
    """The variable of the environment that holds the token."""
    ca_file: str | None = None
    """Certificates to trust, where the server's is signed by an own authority."""
    raw_days: int = Field(default=90, ge=1, le=36600)
    """The bucket keeps samples so long; older ones are not sent."""
    quarters_days: int = Field(default=1830, ge=1, le=36600)
    """So long '<bucket>_15m' keeps quarters of an hour. Hours are kept for ever."""
    period_s: float = Field(default=10.0, ge=1, le=3600)
    """Wall time between two batches when nothing is overdue."""
    timeout_s: float = Field(default=10.0, ge=1, le=120)
    """Wall time a request may take."""
