"""Who changed what, as events of the record."""

from datetime import datetime

from bems.history.rows import Event, EventKind


def audited(  # an audit line has all of it
    at: datetime,
    who: str,
    what: str,
    subject: str,
    before: object = None,
    after: object = None,
    reason: str | None = None,
    **more: float,
) -> Event:
    """The event of a change. `what` is a name of the texts' part [audit]; `before` and `after` are numbers or text."""
    data = {"who": who, "what": what, "before": before, "after": after, "reason": reason, **more}
    return Event(at, EventKind.AUDIT, subject, f"{who}: {what} {subject}", data)
