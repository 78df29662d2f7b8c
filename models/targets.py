"""Where what leaves the building is sent to. Passwords come from the environment, never from the site file."""

from pydantic import Field

from models.field import Strict


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
