"""The documents keep up with the code: every setting, command and group of routes stands in the README."""

from pathlib import Path

import pytest
import typer
from fastapi import FastAPI
from typer.core import TyperGroup

from app.api.router import routers
from app.cli import cli
from app.settings import Settings

TOP = Path(__file__).parent.parent
PAGES = {"/sign-in", "/set-up", "/sign-out"}
READMES = [TOP / "README.md", TOP / "README.zh-CN.md"]


def commands(group: TyperGroup, prefix: str) -> list[str]:
    """All commands below a group, written as a person types them."""
    found = []
    for name, command in group.commands.items():
        words = f"{prefix} {name}"
        found += commands(command, words) if isinstance(command, TyperGroup) else [words]
    return found


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_every_setting_stands_in_the_readme_with_its_default(readme: Path) -> None:
    text = readme.read_text()
    for name, field in Settings.model_fields.items():
        assert f"`HEARTH_{name.upper()}`" in text, name
        default = field.default
        if isinstance(default, (int, float)) or (isinstance(default, (str, Path)) and str(default)):
            shown = f"{default:g}" if isinstance(default, float) else str(default)
            assert f"| `HEARTH_{name.upper()}` | `{shown}` |" in text, name


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_every_command_stands_in_the_readme(readme: Path) -> None:
    text = readme.read_text()
    group = typer.main.get_command(cli)
    assert isinstance(group, TyperGroup)
    for command in commands(group, "hearth"):
        assert f"`{command}" in text, command


def groups_of_routes() -> set[str]:
    """`/healthz` and the like, the prefixes of the APIs, and the nouns of Hearth's own."""
    app = FastAPI()
    for router in routers():
        app.include_router(router)
    paths = [path.strip("/").split("/") for path in app.openapi()["paths"]]
    return {"/" + parts[0] if parts[0] != "api" else parts[2] for parts in paths}


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_every_group_of_routes_stands_in_the_readme(readme: Path) -> None:
    groups = groups_of_routes() - PAGES
    assert {"/healthz", "/readyz", "/v1", "chats", "replies"} <= groups
    text = readme.read_text()
    assert {group for group in groups if group not in text} == set()


def test_nothing_that_is_committed_names_a_path_of_one_machine() -> None:
    for file in [*READMES, TOP / "CONTRIBUTING.md", *sorted((TOP / "requirements").glob("*.txt"))]:
        text = file.read_text()
        assert "/home/" not in text, file
        assert "/root/" not in text, file
        assert "--index-url" not in text, file
