"""The dependency by which each route names the right it needs.

Deny by default: `dashboards.gate` lets nobody through it does not know, and a route without `needs` does not exist
(tests/dashboards/test_access.py looks at each of them).
"""

from collections.abc import Callable
from functools import cache
from typing import Final

from fastapi import HTTPException, Request

from dashboards.access import Right, Viewer
from dashboards.words import in_both


@cache
def needs(right: Right) -> Callable[[Request], Viewer]:
    """The dependency of a route that needs `right`; gives the viewer. 401 for nobody, 403 for who may not."""

    def viewer(request: Request) -> Viewer:
        found = request.scope.get("viewer")
        if not isinstance(found, Viewer):
            raise HTTPException(401, in_both("access.sign_in_first"))
        if not found.may(right):
            raise HTTPException(403, in_both("access.not_allowed"))
        return found

    viewer.right = right  # type: ignore[attr-defined]  # by which tests find routes that ask for none
    return viewer


current_viewer: Final = needs(Right.SEE)
"""The viewer of a route that only shows."""
