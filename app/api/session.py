"""Signing in and out with a cookie, and who is signed in."""

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from app.api import credentials
from app.api.accounts import PersonPublic
from app.api.deps import IsHttpsDep, PartsDep, PersonDep

router = APIRouter(prefix="/session", tags=["session"])

Name = Annotated[str, Field(max_length=200)]
Password = Annotated[SecretStr, Field(max_length=1024)]
DEVICE_LENGTH = 200


class SessionCreate(BaseModel):
    """A name and a password."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    password: Password


@router.post("", status_code=201, summary="Sign in")
def create_session(
    wish: SessionCreate,
    parts: PartsDep,
    https: IsHttpsDep,
    response: Response,
    user_agent: Annotated[str, Header()] = "",
) -> PersonPublic:
    """Sets the cookie that is needed for everything else."""
    password = wish.password.get_secret_value()
    person, secret = parts.accounts.sign_in(wish.name, password, user_agent[:DEVICE_LENGTH])
    credentials.remember(response, secret, https, parts.settings.session_days)
    return PersonPublic.of(person)


@router.get("", summary="Who is signed in")
def read_session(person: PersonDep) -> PersonPublic:
    """The person to whom the cookie or the token belongs."""
    return PersonPublic.of(person)


@router.delete("", status_code=204, summary="Sign out")
def delete_session(request: Request, parts: PartsDep, https: IsHttpsDep, response: Response) -> None:
    """Ends this sign-in for good: its cookie is worth nothing afterwards."""
    parts.accounts.sign_out(credentials.sign_in_secret(request.headers, https))
    credentials.forget(response, https)
