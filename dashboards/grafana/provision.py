"""The folder that Grafana provisions itself from: the datasource, where the dashboards lie, and the dashboards.

No address and no secret stands in a file: Grafana puts INFLUX_URL, INFLUX_DB and INFLUX_TOKEN in from its environment.
"""

import json
from datetime import date
from typing import Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards.grafana import energy, heat_pumps, hot_water, plant, quality
from dashboards.grafana.board import SOURCE_UID, Page, board
from dashboards.grafana.desk import Desk
from dashboards.words import Language
from models.site import Site

DATASOURCE: Final = """\
# InfluxDB by InfluxQL: 1.x with its own database, 2.x by a mapping of a bucket to a database (DBRP), 3.x as it is.
# Grafana replaces $INFLUX_URL, $INFLUX_DB and $INFLUX_TOKEN by its environment. The token may only read.
apiVersion: 1
datasources:
  - name: {name}
    uid: {uid}
    type: influxdb
    access: proxy
    url: $INFLUX_URL
    database: $INFLUX_DB
    isDefault: false
    editable: false
    jsonData:
      version: InfluxQL
      dbName: $INFLUX_DB
      httpMode: POST
      timeInterval: {interval}
      httpHeaderName1: Authorization
    secureJsonData:
      httpHeaderValue1: Token $INFLUX_TOKEN
"""
PROVIDER: Final = """\
apiVersion: 1
providers:
  - name: {name}
    folder: {name}
    type: file
    disableDeletion: true
    allowUiUpdates: false
    updateIntervalSeconds: 60
    options:
      path: {path}
"""


def pages(desk: Desk) -> list[Page]:
    """The dashboards that the site has something to show on."""
    made = [plant.page(desk), heat_pumps.page(desk), hot_water.page(desk), energy.page(desk), quality.page(desk)]
    return [page for page in made if page is not None and any(spec for row in page.rows for spec in row.panels)]


def files(site: Site, language: Language, day: date, seen_at: str) -> dict[str, str]:
    """Texts by path within the folder.

    Args:
        site: the checked site.
        language: of titles and explanations.
        day: local date whose tariff is shown.
        seen_at: where Grafana sees the folder.
    """
    desk = Desk(site, language, day)
    found = pages(desk)
    titles = [(page.key, page.title) for page in found]
    texts = {
        f"dashboards/{page.key}.json": json.dumps(
            board(desk, page, titles).build(), cls=JSONEncoder, indent=2, ensure_ascii=False
        )
        + "\n"
        for page in found
    }
    # A JSON string is a YAML string too, whatever a name or a path contains; but Grafana looks for $ in it.
    name = json.dumps(f"BEMS {site.id}")
    path = json.dumps(f"{seen_at.rstrip('/')}/dashboards".replace("$", "$$"), ensure_ascii=False)
    source = DATASOURCE.format(name=name, uid=SOURCE_UID, interval=f"{max(site.record.every_s, 1):.0f}s")
    return {
        "provisioning/datasources/bems.yaml": source,
        "provisioning/dashboards/bems.yaml": PROVIDER.format(name=name, path=path),
        **texts,
    }
