"""The part of the JSON API about who is signed in: sessions, people and tokens of programs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, HTTPException, Path, Request, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from dashboards.access import Right, Role, Viewer
from dashboards.answers.site import Answer, Fault
from dashboards.gate import cookie_name, is_loopback
from dashboards.needs import needs
from dashboards.ports.people import NotDoneError, People, Refused, SignedIn
from dashboards.words import in_both

STATUS: Final[dict[Refused, int]] = {
    "wrong": 403, "code": 403, "wait": 429, "weak": 409, "name": 409, "days": 409, "rights": 403,
    "taken": 409, "unknown": 404, "last_admin": 409, "not_kept": 503,
}  # fmt: skip
FAULTS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Fault, "description": text}
    for status, text in {
        400: "The body is no JSON",
        401: "Not signed in",
        403: "Not allowed, wrong, or sent by a page from elsewhere",
        404: "Nobody of that name", 409: "Taken, will not do, or would leave nobody who administers people",
        421: "Called by a host name that is not this machine's",
        429: "Too many tries; Retry-After says how long [s]", 503: "It could not be kept",
    }.items()
}  # fmt: skip
Seen = Annotated[Viewer, Depends(needs(Right.MONITOR))]
Admin = Annotated[Viewer, Depends(needs(Right.ADMINISTER))]
Name = Annotated[str, Path(description="Of a person, as /api/people lists it", examples=["Kari Nordmann"])]


def _number(value: object) -> object:
    """Refuse text and truth values that pydantic would take for a number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("write it as a number")  # noqa: TRY004  # pydantic turns ValueError into an answer
    return value


class Asked(BaseModel):
    """Base of what is asked for."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class SignInAsked(Asked):
    """Who somebody says they are."""

    name: str = Field(max_length=100, examples=["Kari Nordmann"])
    password: str = Field(max_length=256, examples=["four words are a good one"])


class WelcomeAsked(SignInAsked):
    """A password chosen with a code."""

    code: str = Field(max_length=40, examples=["7KQM-2XVB-9HTD"])


class PasswordAsked(Asked):
    """Another password."""

    old: str = Field(max_length=256)
    new: str = Field(max_length=256)


class PersonAsked(Asked):
    """Somebody to be invited."""

    name: str = Field(max_length=100, examples=["Kari Nordmann"])
    role: Role


class PersonChange(Asked):
    """What is to change; what is left out stays."""

    role: Role | None = None
    closed: bool | None = Field(default=None, strict=True, description="Whether signing in is refused")


class TokenAsked(Asked):
    """A token to be made."""

    name: str = Field(max_length=100, examples=["Energy adviser"])
    rights: list[Right] = Field(max_length=len(Right), examples=[["see"]])
    days: Annotated[int, BeforeValidator(_number)] = Field(ge=1, le=730, description="Until it expires", examples=[365])


class SessionAnswer(Answer):
    """Who is asking."""

    name: str
    role: Role | None = Field(description="None for a program")
    rights: list[Right]


class PersonAnswer(Answer):
    """Somebody who may sign in."""

    name: str
    role: Role
    state: Literal["active", "invited", "closed"]
    made_at: datetime
    signed_in_at: datetime | None
    sessions: int = Field(description="How many are open")


class CodeAnswer(Answer):
    """A code with which somebody chooses a password; told this once, good for seven days."""

    code: str


class TokenAnswer(Answer):
    """A program's token, without its secret."""

    id: str
    name: str
    rights: list[Right]
    made_by: str
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None = Field(description="Last time since the program started")


class NewTokenAnswer(TokenAnswer):
    """A new token."""

    secret: str = Field(description="For `Authorization: Bearer`; told this once")


def access_router(people: People) -> APIRouter:
    """The routes about sessions, people and tokens."""
    router = APIRouter(prefix="/api", tags=["access"])
    _add_sessions(router, people)
    _add_people(router, people)
    _add_tokens(router, people)
    return router


@asynccontextmanager
async def told() -> AsyncIterator[None]:
    """What was not done becomes an answer in both languages."""
    try:
        yield
    except NotDoneError as error:
        headers = {"Retry-After": str(round(error.wait_s + 0.5))} if error.why == "wait" else None
        raise HTTPException(STATUS[error.why], in_both(f"access.{error.why}"), headers) from error


def faults(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Descriptions of answers that tell of a fault."""
    return {status: FAULTS[status] for status in (400, 401, 403, 421, *statuses)}


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _begin(request: Request, response: Response, begun: SignedIn) -> SessionAnswer:
    """Give the browser its cookie."""
    response.set_cookie(
        cookie_name(request.scope),
        begun.secret,
        max_age=round(begun.longest_s),
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    response.headers["Cache-Control"] = "no-store"
    return _session_answer(begun.viewer)


def _session_answer(viewer: Viewer) -> SessionAnswer:
    return SessionAnswer(name=viewer.name, role=viewer.role, rights=sorted(viewer.all_rights))


def in_private(request: Request) -> None:
    """Refuse a password that has come over an open network: it is taken over HTTPS, or from this very machine."""
    if request.url.scheme != "https" and not is_loopback(_address(request)):
        raise HTTPException(403, in_both("access.https_only"))


def _add_sessions(router: APIRouter, people: People) -> None:
    private = [Depends(in_private)]

    @router.get("/session", summary="Who is asking, and what they may do", responses=faults())
    async def who(viewer: Seen) -> SessionAnswer:
        return _session_answer(viewer)

    @router.post("/session", summary="Sign in", responses=faults(429), dependencies=private)
    async def sign_in(asked: SignInAsked, request: Request, response: Response) -> SessionAnswer:
        async with told():
            begun = await people.sign_in(asked.name, asked.password, _address(request))
        return _begin(request, response, begun)

    @router.delete("/session", summary="Sign out", status_code=204, responses=faults())
    async def sign_out(viewer: Seen, request: Request, response: Response) -> None:
        async with told():
            await people.sign_out(viewer)
        response.delete_cookie(
            cookie_name(request.scope), secure=request.url.scheme == "https", httponly=True, samesite="strict"
        )

    @router.post(
        "/welcome",
        summary="Choose a password with a code",
        responses=faults(409, 429, 503),
        dependencies=private,
    )
    async def welcome(asked: WelcomeAsked, request: Request, response: Response) -> SessionAnswer:
        async with told():
            begun = await people.welcome(asked.name, asked.code, asked.password, _address(request))
        return _begin(request, response, begun)

    @router.put(
        "/session/password",
        summary="Choose another password",
        status_code=204,
        responses=faults(404, 409, 429, 503),
        dependencies=private,
    )
    async def password(asked: PasswordAsked, viewer: Seen, request: Request) -> None:
        async with told():
            await people.change_password(viewer, asked.old, asked.new, _address(request))


def _add_people(router: APIRouter, people: People) -> None:
    @router.get("/people", summary="Everybody who may sign in", responses=faults())
    async def everybody(_viewer: Admin) -> list[PersonAnswer]:
        return [PersonAnswer.model_validate(asdict(person)) for person in people.people()]

    @router.post("/people", summary="Invite somebody", status_code=201, responses=faults(409, 503))
    async def add(asked: PersonAsked, viewer: Admin) -> CodeAnswer:
        async with told():
            return CodeAnswer(code=await people.add(viewer, asked.name, asked.role))

    @router.patch("/people/{name}", summary="Change a role, or close or open access", status_code=204,
                  responses=faults(404, 409, 503))  # fmt: skip
    async def change(name: Name, asked: PersonChange, viewer: Admin) -> None:
        async with told():
            await people.change(viewer, name, asked.role, asked.closed)

    @router.post("/people/{name}/code", summary="A new code for who forgot the password", responses=faults(404, 503))
    async def code(name: Name, viewer: Admin) -> CodeAnswer:
        async with told():
            return CodeAnswer(code=await people.new_code(viewer, name))

    @router.delete("/people/{name}", summary="Forget somebody", status_code=204, responses=faults(404, 409, 503))
    async def remove(name: Name, viewer: Admin) -> None:
        async with told():
            await people.remove(viewer, name)


def _add_tokens(router: APIRouter, people: People) -> None:
    @router.get("/tokens", summary="Tokens of programs", responses=faults())
    async def tokens(_viewer: Admin) -> list[TokenAnswer]:
        return [TokenAnswer.model_validate(asdict(token)) for token in people.tokens()]

    @router.post("/tokens", summary="Make a token for a program", status_code=201, responses=faults(409, 503))
    async def add(asked: TokenAsked, viewer: Admin) -> NewTokenAnswer:
        async with told():
            token, secret = await people.add_token(viewer, asked.name, asked.rights, asked.days)
        return NewTokenAnswer.model_validate({**asdict(token), "secret": secret})

    @router.delete("/tokens/{token_id}", summary="Make a token void", status_code=204, responses=faults(404, 503))
    async def remove(token_id: str, viewer: Admin) -> None:
        async with told():
            await people.remove_token(viewer, token_id)
