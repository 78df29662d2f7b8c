"""What can go wrong with a device, seen from its caller.

DriverError
├── Unreachable   no answer: back off with jitter and try again
├── Nonsense      it answered, but what it said cannot be decoded: mark the point bad, go on
└── Refused       the device, or we on its behalf, said no to a write: tell the operator
"""


class DriverError(Exception):
    """Base of the three; the text reads '<device>/<point>: <what happened>', each layer adding one noun."""


class Unreachable(DriverError):
    """The other side did not answer in time, or the connection could not be opened."""


class Nonsense(DriverError):
    """An answer arrived that does not fit the profile."""


class Refused(DriverError):
    """A value was not accepted: outside the profile's limits, or rejected by the device."""
