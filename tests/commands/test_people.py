"""`hearth users` and `hearth tokens`: accounts from the box itself."""

import shutil
from pathlib import Path

import pytest

from tests.commands.hearth import Hearth

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def with_ann(tmp_path_factory: pytest.TempPathFactory) -> Hearth:
    """A Hearth where Ann has an account. Shared: copy it."""
    made = Hearth(tmp_path_factory.mktemp("with-ann"))
    made.models.mkdir()
    done = made.run("users", "add", "Ann", "--admin", HEARTH_PASSWORD=PASSWORD)
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture
def household(with_ann: Hearth, tmp_path: Path) -> Hearth:
    """The same, of the test's own."""
    return Hearth(shutil.copytree(with_ann.folder, tmp_path / "household"))


def test_people_are_listed_with_their_role(household: Hearth) -> None:
    household.run("users", "add", "Bo", HEARTH_PASSWORD=PASSWORD)
    assert household.run("users", "list").stdout.split() == ["Ann", "admin", "Bo", "member"]


def test_the_password_is_asked_for_twice(hearth: Hearth) -> None:
    done = hearth.run("users", "add", "Ann", stdin=f"{PASSWORD}\n{PASSWORD}\n")
    assert done.returncode == 0, done.stderr
    assert PASSWORD not in done.stdout + done.stderr


def test_two_different_passwords_change_nothing(hearth: Hearth) -> None:
    done = hearth.run("users", "add", "Ann", stdin=f"{PASSWORD}\nsomething else\n")
    assert done.returncode == 1
    assert hearth.run("users", "list").stdout == ""


def test_a_name_can_be_taken_once(household: Hearth) -> None:
    done = household.run("users", "add", "ann", HEARTH_PASSWORD=PASSWORD)
    assert done.returncode == 1
    assert "ann" in done.stderr.lower()


def test_a_token_stands_alone_on_its_line(household: Hearth) -> None:
    done = household.run("tokens", "create", "--user", "Ann", "--name", "laptop")
    assert done.stdout.strip().startswith("hearth_")
    assert len(done.stdout.split()) == 1


def test_a_token_for_nobody_is_refused(household: Hearth) -> None:
    done = household.run("tokens", "create", "--user", "Zoe", "--name", "laptop")
    assert done.returncode == 1
    assert "Zoe" in done.stderr


def test_a_changed_password_is_said(household: Hearth) -> None:
    done = household.run("users", "password", "Ann", HEARTH_PASSWORD="another long one")
    assert done.returncode == 0
    assert "Ann" in done.stdout


def test_a_chinese_terminal_is_answered_in_chinese(household: Hearth) -> None:
    done = household.run("users", "password", "Ann", HEARTH_PASSWORD="another long one", LANG="zh_CN.UTF-8")
    assert "密码" in done.stdout
