"""What the feed needs in an InfluxDB of its own: buckets with their retention, and the tasks that make coarser values.

InfluxDB 2: a bucket for samples, one for quarters of an hour, one for hours; Flux tasks fill the coarse ones with the
fields mean, min, max and last. InfluxDB 3 Core has no Flux and no tasks: there it is one database, and coarser values
are asked for in the query. Running it again changes only what is not as it should be.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import influxdb_client
import urllib3
from influxdb_client.rest import ApiException

from bems.publish.influx_target import Refused, client, told
from models.targets import Influx

DAY_S: Final = 86400
_lib: Any = influxdb_client  # half of it has types, which is worse than none
_FUNCTIONS: Final = ("mean", "min", "max", "last")


@dataclass(frozen=True)
class CoarseTask:
    """One task: what it makes of which bucket, how often, and how far back it looks; it may run as often as it likes.

    Flux durations, e.g. '15m'.
    """

    name: str
    source: str
    target: str
    window: str
    every: str
    offset: str
    back: str
    raw: bool
    """Whether the source holds samples, not values that a task has made."""

    def flux(self, site: str) -> str:
        """The script. The last window is preliminary; the next run writes it again, at the same time."""
        parts = ",\n".join(f"    {self._part(function)}" for function in _FUNCTIONS)
        return (
            f'import "date"\n\n'
            f'option task = {{name: "{self.name}", every: {self.every}, offset: {self.offset}}}\n\n'
            f'data = from(bucket: "{self.source}")\n'
            f"    |> range(start: date.truncate(t: -{self.back}, unit: 1h))\n"
            f'    |> filter(fn: (r) => r.site == "{site}")\n\n'
            f"union(tables: [\n{parts},\n])\n"
            f'    |> to(bucket: "{self.target}")\n'
        )

    def _part(self, function: str) -> str:
        field = "value" if self.raw else function
        return (
            f'data |> filter(fn: (r) => r._field == "{field}")'
            f' |> aggregateWindow(every: {self.window}, fn: {function}, createEmpty: false, timeSrc: "_start")'
            f' |> set(key: "_field", value: "{function}")'
        )


def buckets_of(config: Influx) -> dict[str, int]:
    """The buckets and how long they keep [days]; 0 is for ever."""
    name = config.bucket
    return {name: config.raw_days, f"{name}_15m": config.quarters_days, f"{name}_1h": 0}


def tasks_of(config: Influx, site: str) -> list[CoarseTask]:
    """The tasks: one pair keeps up, one pair goes over the last month at night, for what came late."""
    raw, quarters, hours = buckets_of(config)
    name = f"bems {site} {raw}"
    return [
        CoarseTask(f"{name} 15m", raw, quarters, "15m", "15m", "2m", "2h", raw=True),
        CoarseTask(f"{name} 1h", quarters, hours, "1h", "1h", "5m", "4h", raw=False),
        CoarseTask(f"{name} 15m late", raw, quarters, "15m", "1d", "2h", "32d", raw=True),
        CoarseTask(f"{name} 1h late", quarters, hours, "1h", "1d", "3h", "33d", raw=False),
    ]


def set_up(config: Influx, token: str | None, site: str) -> Iterator[str]:
    """Make what is missing; yields a sentence for each thing done. Refused says what the server does not allow."""
    server = client(config, token)
    try:
        version = _version(server)
        if version[:1] not in ("2", "3"):
            raise Refused(f"says it is version '{version}': set it up by hand, as docs/influx.md says")
        yield f"{config.url} is InfluxDB {version}"
        if version.startswith("2"):
            yield from _buckets(server, config)
            yield from _names_for_influxql(server, config)
            yield from _tasks(server, config, site)
        else:
            yield from _database(server, config, token)
    except ApiException as error:
        raise Refused(told(error)) from error
    except ValueError as error:  # the library's word for an answer of another shape
        raise Refused(f"gives an answer that is not understood ({error})") from error
    except urllib3.exceptions.HTTPError as error:
        raise Refused(f"gives no answer ({error})") from error
    finally:
        server.close()


def _version(server: Any) -> str:
    """E.g. '2.7.10'. The server says it in a header, to whoever asks."""
    said = server.version()
    return str(said or "unknown").removeprefix("v")


def _buckets(server: Any, config: Influx) -> Iterator[str]:
    api = server.buckets_api()
    known = {bucket.name: bucket for bucket in api.find_buckets_iter(org=config.org)}
    for name, days in buckets_of(config).items():
        keeps = f"{days} days" if days else "for ever"
        rules = [_lib.BucketRetentionRules(type="expire", every_seconds=days * DAY_S)]
        bucket = known.get(name)
        if bucket is None:
            api.create_bucket(bucket_name=name, retention_rules=rules, org=config.org)
            yield f"bucket {name} made, keeps {keeps}"
        elif _seconds(bucket) != days * DAY_S:
            bucket.retention_rules = rules
            api.update_bucket(bucket)
            yield f"bucket {name} now keeps {keeps}"
        else:
            yield f"bucket {name} is there, keeps {keeps}"


def _seconds(bucket: Any) -> int:
    return next((int(rule.every_seconds) for rule in bucket.retention_rules or () if rule.every_seconds), 0)


def _names_for_influxql(server: Any, config: Influx) -> Iterator[str]:
    """Grafana asks in InfluxQL, which knows databases; newer servers give every bucket such a name by themselves."""
    api = _lib.DBRPsService(server.api_client)
    for bucket in server.buckets_api().find_buckets_iter(org=config.org):
        if bucket.name in buckets_of(config) and not api.get_dbr_ps(org=config.org, db=bucket.name).content:
            mapping = _lib.DBRPCreate(
                org=config.org, bucket_id=bucket.id, database=bucket.name, retention_policy="autogen", default=True
            )
            api.post_dbrp(mapping)
            yield f"InfluxQL finds bucket {bucket.name} as database {bucket.name}"


def _tasks(server: Any, config: Influx, site: str) -> Iterator[str]:
    api = server.tasks_api()
    for task in tasks_of(config, site):
        flux = task.flux(site)
        known = next((found for found in api.find_tasks(name=task.name) if found.name == task.name), None)
        if known is None:
            api.create_task(task_create_request=_lib.TaskCreateRequest(org=config.org, flux=flux, status="active"))
            yield f"task '{task.name}' made: {task.window} into {task.target}, every {task.every}"
        elif str(known.flux).strip() != flux.strip():
            known.flux = flux
            api.update_task(known)
            yield f"task '{task.name}' changed"
        else:
            yield f"task '{task.name}' is there"


def _database(server: Any, config: Influx, token: str | None) -> Iterator[str]:
    """InfluxDB 3: the library knows nothing of its management interface."""
    try:
        server.api_client.call_api(
            "/api/v3/configure/database",
            "POST",
            header_params={"Content-Type": "application/json", "Authorization": f"Bearer {token or ''}"},
            body={"db": config.bucket, "retention_period": f"{config.raw_days}d"},
            _preload_content=True,
            response_type=None,
        )
        yield f"database {config.bucket} made, keeps {config.raw_days} days"
    except ApiException as error:
        if error.status != 409:
            raise
        yield f"database {config.bucket} is there; its retention stays as it was made"
    yield "no buckets for quarters and hours: InfluxDB 3 has no tasks; queries make them, the local record keeps all"
