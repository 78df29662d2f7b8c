"""What the internet feeds share: one polite GET, and a last-good cache on disk."""

import asyncio
import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from drivers.errors import Unreachable

log = logging.getLogger(__name__)


class Web:
    """GET requests to one service, each naming us and within one total time-out. ValueError without a contact."""

    def __init__(self, base_url: str, contact: str, timeout_s: float) -> None:
        if not contact.strip():
            raise ValueError("the services ask for a contact (e-mail or web address) in the User-Agent")
        self._timeout_s = timeout_s
        self._client = httpx.AsyncClient(
            base_url=base_url,
            headers={"User-Agent": f"bems/1 ({contact.strip()})"},
            timeout=timeout_s,
            follow_redirects=True,
        )

    async def get(
        self, path: str, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """The whole response, whatever its status. Unreachable when none came in time."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._client.get(path, params=params, headers=headers)
        except TimeoutError as error:
            raise Unreachable(f"no answer within {self._timeout_s:g} s") from error
        except httpx.HTTPError as error:
            raise Unreachable(f"{type(error).__name__}: {error}") from error

    async def close(self) -> None:
        """Close the connections; harmless when closed."""
        await self._client.aclose()


def load_json(path: Path) -> Any | None:
    """What was stored, or None when there is nothing readable: a cache may always be lost."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None


def store_json(path: Path, content: Any) -> None:
    """Replace the file in one step, so that a reader or a crash sees the old content or the new, never half of it.

    A cache that cannot be written (full disk, missing rights) costs a log line and nothing else.
    """
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps(content), "utf-8")
        beside.replace(path)
    except OSError as error:
        log.warning("cache %s not written: %s", path, error)
