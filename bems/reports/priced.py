"""The tariff a report reckons with: the site file's, followed by those people chose, each from its day on."""

import logging
from pathlib import Path

from bems.history.query import History
from bems.order_book import ORDERS_KEY
from control.orders import Orders, priced
from models.site import Site

log = logging.getLogger(__name__)


def as_priced(site: Site, record: Path) -> Site:
    """As the record at `record` keeps people's choices. Raises RecordError."""
    kept = History(record).state(ORDERS_KEY)
    if kept is None:
        return site
    try:
        return priced(site, Orders.from_json(kept["orders"]))
    except (ValueError, KeyError, TypeError) as error:
        log.warning("people's choice of tariff cannot be read, the site file's counts: %s", error)
        return site
