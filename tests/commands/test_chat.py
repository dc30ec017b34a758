"""`hearth chat` with a file and with a model by name, on real llama.cpp."""

from tests.commands.hearth import Hearth


def test_an_answer_is_written_and_the_chat_ends_with_the_input(hearth: Hearth) -> None:
    done = hearth.run("chat", "models/tiny.gguf", "--temperature", "0", stdin="Hello\n")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) > 1


def test_a_model_is_found_by_its_name_and_greedy_answers_repeat(hearth: Hearth) -> None:
    first, second = (hearth.run("chat", "tiny", "--temperature", "0", stdin="Hello\n") for _ in range(2))
    assert first.stdout == second.stdout


def test_an_unknown_model_is_named(hearth: Hearth) -> None:
    done = hearth.run("chat", "llama-9", stdin="Hello\n")
    assert done.returncode == 1
    assert "llama-9" in done.stderr


def test_a_server_needs_a_token(hearth: Hearth) -> None:
    done = hearth.run("chat", "--url", "http://127.0.0.1:9", stdin="Hello\n")
    assert done.returncode == 1
    assert "hearth tokens create" in done.stderr


def test_a_server_that_is_not_there_is_said(hearth: Hearth) -> None:
    done = hearth.run("chat", "--url", "http://127.0.0.1:9", "--token", "x", stdin="Hello\n")
    assert done.returncode == 1
    assert "http://127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr
