"""`hearth models options` on real files and a real database."""

import pytest

from app.commands import model_options
from app.errors import HearthError
from app.words.say import say
from tests.commands.hearth import Hearth
from tests.services.model_files import write_adapter


def test_options_are_set_shown_and_taken_back(hearth: Hearth) -> None:
    write_adapter(hearth.models / "pirate.gguf")
    words = ("kv_type=q8_0", "rope=yarn:4", "loras=pirate:0.5", "draft=off", "use_mmap=no", "context_tokens=4096")
    done = hearth.run("models", "options", "tiny", *words)
    assert done.returncode == 0, done.stderr
    shown = dict(line.split()[:2] for line in hearth.run("models", "options", "tiny").stdout.splitlines() if line)
    assert (shown["kv_type"], shown["rope"], shown["loras"]) == ("q8_0", "yarn:4", "pirate:0.5")
    assert (shown["draft"], shown["use_mmap"], shown["context_tokens"]) == ("off", "false", "4096")
    assert shown["prompt_format"] == "-"
    back = hearth.run(
        "models", "options", "tiny", "kv_type=", "rope=", "loras=", "draft=", "use_mmap=", "context_tokens="
    )
    assert "no option is set" in back.stdout


def test_a_wrong_option_is_refused_in_a_sentence(hearth: Hearth) -> None:
    done = hearth.run("models", "options", "tiny", "kv_type=f3")
    assert done.returncode == 1
    assert "The option kv_type cannot be f3. It takes: f16, q8_0, q4_0." in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("rope=linear:lots", "The option rope cannot be"),
        ("use_mmap=perhaps", "The option use_mmap cannot be perhaps"),
        ("colour=red", "no option named colour"),
        ("kv_type", "kv_type=q8_0"),
        ("loras=nobody", "no LoRA adapter named nobody"),
    ],
)
def test_what_is_wrong_with_an_option_is_named(
    word: str, said: str, hearth: Hearth, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in hearth.environment().items():
        monkeypatch.setenv(name, value)
    with pytest.raises(HearthError) as refused:
        model_options.options("tiny", [word])
    assert said in say(refused.value.code, refused.value.params, "en")


def test_an_adapter_is_listed_with_what_it_is_for(hearth: Hearth) -> None:
    write_adapter(hearth.models / "pirate.gguf")
    assert "LoRA" in hearth.run("models", "list").stdout
