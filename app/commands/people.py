"""`hearth users` and `hearth tokens`: accounts from the box itself, with Hearth running or not."""

import typer

from app.commands import output, parts
from app.errors import InvalidInput
from app.words.say import say


def add(name: str, password: str | None, is_admin: bool) -> None:
    """Make an account; the password is asked for twice where it is not given."""
    accounts = parts.accounts(parts.settings())
    person = accounts.add(name, password or _ask(name), is_admin)
    output.tell("user_added", {"name": person.name})


def set_password(name: str, password: str | None) -> None:
    """Give an account a new password and end its sign-ins."""
    accounts = parts.accounts(parts.settings())
    accounts.set_password(name, password or _ask(name))
    output.tell("password_changed", {"name": name})


def show() -> None:
    """List the accounts."""
    for person in parts.accounts(parts.settings()).people():
        output.console.print(f"{person.name}\t{'admin' if person.is_admin else 'member'}", markup=False)


def create_token(user: str, label: str) -> None:
    """Make an API token and print it, alone on its line so that scripts can take it."""
    token = parts.accounts(parts.settings()).create_token(user, label)
    output.error_console.print(say("token_created", {"name": user}, output.language()), markup=False)
    output.console.print(token, markup=False)


def _ask(name: str) -> str:
    prompt = say("password_prompt", {"name": name}, output.language())
    password: str = typer.prompt(prompt, hide_input=True)
    if password != typer.prompt(prompt, hide_input=True):
        raise InvalidInput("passwords_differ")
    return password
