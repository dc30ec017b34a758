"""Making the first account, once, with the token that Hearth printed when it started."""

from typing import Annotated

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from app.api import credentials
from app.api.accounts import PersonPublic
from app.api.deps import IsHttpsDep, PartsDep
from app.api.session import DEVICE_LENGTH, Name, Password

router = APIRouter(prefix="/setup", tags=["setup"])


class SetupPublic(BaseModel):
    """Whether the first account is still to be made."""

    is_needed: bool


class SetupCreate(BaseModel):
    """The one-time token, and the first account."""

    model_config = ConfigDict(extra="forbid")

    token: Annotated[SecretStr, Field(max_length=200)]
    name: Name
    password: Password


@router.get("", summary="Whether the first account is still to be made")
def read_setup(parts: PartsDep) -> SetupPublic:
    """Open to everybody."""
    return SetupPublic(is_needed=parts.accounts.needs_setup())


@router.post("", status_code=201, summary="Make the first account")
def create_setup(
    wish: SetupCreate,
    parts: PartsDep,
    https: IsHttpsDep,
    response: Response,
    user_agent: Annotated[str, Header()] = "",
) -> PersonPublic:
    """Works once. Signs the person in at once; they may do everything."""
    password = wish.password.get_secret_value()
    parts.accounts.set_up(wish.token.get_secret_value().strip(), wish.name, password)
    person, secret = parts.accounts.sign_in(wish.name, password, user_agent[:DEVICE_LENGTH])
    credentials.remember(response, secret, https, parts.settings.session_days)
    return PersonPublic.of(person)
