"""`hearth serve` as a real process: what it refuses, and what survives when it is killed."""

import signal
import socket
import sqlite3
import subprocess
from contextlib import closing

import httpx
import pytest

from tests.commands.hearth import PASSWORD, Hearth, make_account, served


def ask(visitor: httpx.Client, chat: str, text: str, **options: object) -> dict[str, str]:
    """Start a reply in a chat."""
    answer = visitor.post(f"/api/v1/chats/{chat}/replies", json={"text": text, **options})
    assert answer.status_code == 201, answer.text
    started: dict[str, str] = answer.json()
    return started


def test_a_taken_port_is_said_before_anything_is_touched(hearth: Hearth) -> None:
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        done = hearth.run("serve", HEARTH_PORT=str(other.getsockname()[1]))
    assert done.returncode == 1
    assert "taken by another program" in done.stderr
    assert not hearth.data.exists()


def test_a_data_folder_that_cannot_be_written_is_said(hearth: Hearth) -> None:
    hearth.data.write_text("a file where the folder should be")
    done = hearth.run("serve", HEARTH_PORT="0")
    assert done.returncode == 1
    assert str(hearth.data) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_from_a_newer_version_is_refused_and_kept(hearth: Hearth) -> None:
    hearth.run("users", "add", "Ann", HEARTH_PASSWORD=PASSWORD)
    with closing(sqlite3.connect(hearth.data / "hearth.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    done = hearth.run("serve", HEARTH_PORT="0")
    assert done.returncode == 1
    assert "newer" in done.stderr
    with closing(sqlite3.connect(hearth.data / "hearth.db")) as database:
        assert database.execute("SELECT count(*) FROM users").fetchone() == (1,)


def test_the_setup_token_is_printed_once_and_lies_in_a_private_file(hearth: Hearth) -> None:
    with served(hearth, HEARTH_SETUP_TOKEN="") as (server, visitor):
        assert server.stdout is not None
        printed = [server.stdout.readline().strip() for _ in range(3)]
        file = hearth.data / "setup-token"
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.read_text().strip() in printed
        account = {"token": file.read_text().strip(), "name": "Ann", "password": PASSWORD}
        assert visitor.post("/api/v1/setup", json={**account, "token": "guess"}).status_code == 403
        assert visitor.post("/api/v1/setup", json=account).status_code == 201
        assert visitor.post("/api/v1/setup", json=account).status_code == 409
        assert not file.exists()


def test_a_second_server_on_the_same_data_is_refused_and_harms_nothing(hearth: Hearth) -> None:
    with served(hearth) as (_, visitor):
        make_account(visitor)
        chat = visitor.post("/api/v1/chats", json={"model": "tiny"}).json()["id"]
        reply = ask(visitor, chat, "Hello", max_tokens=1800)
        wait_for_text(visitor, reply["id"])
        second = hearth.run("serve", HEARTH_PORT="0")
        assert second.returncode == 1
        assert "Another Hearth is running" in second.stderr
        assert "event: finished" in visitor.post(f"/api/v1/replies/{reply['id']}/watch").text


def test_a_watcher_hears_that_the_server_ends(hearth: Hearth) -> None:
    with served(hearth) as (server, visitor):
        make_account(visitor)
        chat = visitor.post("/api/v1/chats", json={"model": "tiny"}).json()["id"]
        reply = ask(visitor, chat, "Hello", max_tokens=1800)
        with visitor.stream("POST", f"/api/v1/replies/{reply['id']}/watch") as events:
            names = []
            for line in events.iter_lines():
                if line.startswith("event: "):
                    names.append(line.removeprefix("event: "))
                if line == "event: delta":
                    server.send_signal(signal.SIGTERM)
        assert names[-1] in ("stopped", "finished")
        server.communicate(timeout=20)


def test_sigterm_keeps_what_was_written(hearth: Hearth) -> None:
    with served(hearth) as (server, visitor):
        make_account(visitor)
        chat = visitor.post("/api/v1/chats", json={"model": "tiny"}).json()["id"]
        reply = ask(visitor, chat, "Hello", sampling={"temperature": 0}, max_tokens=1800)
        wait_for_text(visitor, reply["id"])
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=20)
        assert server.returncode in (0, -signal.SIGTERM)
    with served(hearth) as (_, visitor):
        sign_in(visitor)
        question, answer = visitor.get(f"/api/v1/chats/{chat}/messages").json()
        assert question["text"] == "Hello"
        assert answer["text"]
        assert answer["reply"]["status"] in ("stopped", "finished")


@pytest.mark.parametrize("rounds", [2, pytest.param(8, marks=pytest.mark.long)])
def test_a_killed_server_loses_no_stored_message(hearth: Hearth, rounds: int) -> None:
    chats: list[str] = []
    for number in range(rounds):
        with served(hearth) as (server, visitor):
            if number == 0:
                make_account(visitor)
            else:
                sign_in(visitor)
            chats.append(visitor.post("/api/v1/chats", json={"model": "tiny"}).json()["id"])
            reply = ask(visitor, chats[-1], f"Question {number}", max_tokens=1800)
            wait_for_text(visitor, reply["id"])
            server.kill()
            server.wait(timeout=20)
        with closing(sqlite3.connect(hearth.data / "hearth.db")) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with served(hearth) as (_, visitor):
        sign_in(visitor)
        for number, chat in enumerate(chats):
            question, answer = visitor.get(f"/api/v1/chats/{chat}/messages").json()
            assert question["text"] == f"Question {number}"
            assert answer["reply"]["status"] in ("failed", "finished")
        again = ask(visitor, chats[0], "And now?", max_tokens=4)
        assert '"tokens"' in visitor.post(f"/api/v1/replies/{again['id']}/watch").text


def test_the_answer_of_a_killed_worker_is_kept_and_the_next_message_works(hearth: Hearth) -> None:
    with served(hearth) as (server, visitor):
        make_account(visitor)
        chat = visitor.post("/api/v1/chats", json={"model": "tiny"}).json()["id"]
        reply = ask(visitor, chat, "Hello", max_tokens=1800)
        wait_for_text(visitor, reply["id"])
        kill_workers(server.pid)
        events = visitor.post(f"/api/v1/replies/{reply['id']}/watch").text
        if "event: finished" not in events:
            assert "event: failed" in events
            _, answer = visitor.get(f"/api/v1/chats/{chat}/messages").json()
            assert answer["text"]
            assert answer["reply"]["status"] == "failed"
        again = ask(visitor, chat, "Are you there?", max_tokens=8)
        assert "event: finished" in visitor.post(f"/api/v1/replies/{again['id']}/watch").text


def sign_in(visitor: httpx.Client) -> None:
    """Sign Ann in."""
    answer = visitor.post("/api/v1/session", json={"name": "Ann", "password": PASSWORD})
    assert answer.is_success, answer.text


def wait_for_text(visitor: httpx.Client, reply: str) -> None:
    """Watch a reply until its first text has come, then leave."""
    with visitor.stream("POST", f"/api/v1/replies/{reply}/watch") as events:
        for line in events.iter_lines():
            if line == "event: delta":
                return
    raise AssertionError("the reply ended without text")


def kill_workers(server_pid: int) -> None:
    """SIGKILL to every inference worker below the server."""
    command = ["pkill", "-KILL", "-P", str(server_pid), "-f", "app.worker.main"]
    subprocess.run(command, check=True, timeout=10)
