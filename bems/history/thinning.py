"""From every sample to one mean a quarter of an hour: pure, on one file of the archive.

Analog values become their mean, weighted by the time each sample held, at the moment from which they are known; a
sample without a value follows where the knowledge ends, so that sums over any quarters stay what they were. Counters
keep their first and last reading of each quarter and those around a fall, states and flags every change: of these no
mean would mean anything. Whoever is neither said to be analog nor a state is treated as a counter.
"""

from typing import Final

import polars as pl

from bems.history.parquet import COLUMNS
from bems.history.schema import QUALITY_CODE
from models.keeping import THINNED_MIN
from models.signals import Quality

STEP_MS: Final = THINNED_MIN * 60_000
_STALE: Final = QUALITY_CODE[Quality.STALE]


def thinned(samples: pl.DataFrame, means: frozenset[str], states: frozenset[str]) -> pl.DataFrame:
    """The samples of a file (see bems.history.parquet) in order of point and time, thinned and in the same order.

    `means` are the ids of analog points, `states` those of flags and of values with named states.
    """
    rows = samples.with_columns(pl.col("point").cast(pl.String), at_ms=pl.col("at_utc").dt.epoch("ms"))
    analog = pl.col("point").is_in(list(means))
    kept = [_means(rows.filter(analog)), _readings(rows.filter(~analog), states)]
    both = pl.concat([table.select("point", "at_ms", "value", "quality", "tick") for table in kept])
    both = both.sort("point", "at_ms", maintain_order=True)
    names = both["point"].unique().sort().to_list()
    return both.with_columns(
        pl.col("point").cast(pl.Enum(names)), at_utc=pl.col("at_ms").cast(pl.Datetime("ms", "UTC"))
    ).select(COLUMNS)


def _means(rows: pl.DataFrame) -> pl.DataFrame:
    step = pl.lit(STEP_MS)
    bucket = pl.col("at_ms") // step
    following = pl.col("at_ms").shift(-1).over("point")
    # The last one of the file ends with its quarter: the next file knows what came then.
    held = rows.with_columns(
        bucket=bucket,
        end=pl.min_horizontal(following, pl.col("at_ms") + step).fill_null((bucket + 1) * step),
        is_last=following.is_null(),
    ).with_columns(
        end=pl.when("is_last").then(pl.min_horizontal("end", (pl.col("bucket") + 1) * step)).otherwise("end")
    )
    edge = (pl.col("bucket") + 1) * step
    here = held.with_columns(begin="at_ms", until=pl.min_horizontal("end", edge))
    beyond = held.filter((pl.col("end") > edge) & pl.col("value").is_not_null()).with_columns(
        begin=edge, until="end", bucket=pl.col("bucket") + 1
    )
    columns = ("point", "bucket", "begin", "until", "value", "quality", "tick")
    pieces = pl.concat([here.select(columns), beyond.select(columns)])
    span = pl.col("until") - pl.col("begin")
    known = pl.col("value").is_not_null() & (span > 0)
    summed = (
        pieces.group_by("point", "bucket")
        .agg(
            known_ms=span.filter(known).sum(),
            weighted=(span * pl.col("value")).filter(known).sum(),
            low=pl.col("value").filter(known).min(),
            high=pl.col("value").filter(known).max(),
            begin=pl.col("begin").filter(known).min(),
            first=pl.col("begin").min(),
            tick=pl.col("tick").min(),
            unknown=pl.col("quality").filter(pl.col("value").is_null()).max(),
        )
        .with_columns(is_last=pl.col("bucket") == pl.col("bucket").max().over("point"))
    )
    mean = (pl.col("weighted") / pl.col("known_ms")).clip("low", "high")
    code = pl.col("unknown").fill_null(_STALE).cast(pl.Int8)
    good = summed.filter(pl.col("known_ms") > 0)
    none = pl.lit(None, pl.Float64)
    values = good.select("point", "tick", at_ms="begin", value=mean, quality=pl.lit(0, pl.Int8))
    ends = good.filter(
        ~pl.col("is_last") & (pl.col("begin") + pl.col("known_ms") < (pl.col("bucket") + 1) * step)
    ).select("point", "tick", at_ms=pl.col("begin") + pl.col("known_ms"), value=none, quality=code)
    nothing = summed.filter(pl.col("known_ms") == 0).select("point", "tick", at_ms="first", value=none, quality=code)
    return pl.concat([table.select("point", "at_ms", "value", "quality", "tick") for table in (values, ends, nothing)])


def _readings(rows: pl.DataFrame, states: frozenset[str]) -> pl.DataFrame:
    bucket = pl.col("at_ms") // STEP_MS
    before, after = (pl.col("value").shift(n).over("point") for n in (1, -1))
    unknown = pl.col("value").is_null()
    return rows.with_columns(bucket=bucket).filter(
        (pl.col("bucket") != pl.col("bucket").shift(1).over("point")).fill_null(value=True)
        | (pl.col("bucket") != pl.col("bucket").shift(-1).over("point")).fill_null(value=True)
        | (unknown != unknown.shift(1).over("point"))
        | pl.when(pl.col("point").is_in(list(states)))
        .then(pl.col("value") != before)
        .otherwise((pl.col("value") < before) | (after < pl.col("value")))
    )
