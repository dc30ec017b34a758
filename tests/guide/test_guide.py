"""The built-in Guide: the shipped file is what our own tools make of the trained weights, and it answers rightly."""

import json
import tomllib
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import pytest

from app.commands.parts import guide_path
from app.weights.convert import convert
from app.weights.gguf_file import read_header
from app.weights.quantize import quantize
from app.worker.messages import Load, Turn
from app.worker.prompt import Prompts
from tests.worker.reading_room import ReadingRoom

GUIDE = Path(__file__).parent.parent.parent / "models/guide"
CHECKPOINT = GUIDE / "hearth-guide"
GOLDEN = Path(__file__).parent / "golden.json"
MAX_SHIPPED_BYTES = 12_000_000
MIN_RIGHT = 34
ALIKE = 0.8
ROOM_SLOTS = 8


@pytest.fixture(scope="module")
def f16(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Guide in F16, converted from the trained weights by our converter."""
    output = tmp_path_factory.mktemp("guide") / "guide-f16.gguf"
    convert(CHECKPOINT, output, "f16", lambda _progress: None)
    return output


def tables(path: Path, name: str) -> list[dict[str, Any]]:
    """The tables of one name in a TOML file."""
    found: list[dict[str, Any]] = tomllib.loads(path.read_text("utf-8"))[name]
    return found


def plain(text: str) -> str:
    """A phrasing without case and punctuation: two that are equal so are the same phrasing."""
    return " ".join("".join(char if char.isalnum() else " " for char in text.lower()).split())


@dataclass(frozen=True)
class Answered:
    """A held-out question with what the Guide wrote, and how like a right answer it is, 0 to 1."""

    ask: str
    answer: str
    likeness: float


def written(path: Path, prompts: list[list[int]], max_tokens: int) -> list[list[int]]:
    """What llama.cpp writes greedily after each prompt, end tokens included."""
    room = ReadingRoom(Load(str(path), 512, ROOM_SLOTS, 64, 1))
    runs: list[list[int]] = []
    for start in range(0, len(prompts), ROOM_SLOTS):
        choices = room.write_all(prompts[start : start + ROOM_SLOTS], max_tokens)
        runs += [[choice.token for choice in run] for run in choices]
    return runs


def test_the_shipped_file_is_what_our_tools_make_of_the_weights(f16: Path, tmp_path: Path) -> None:
    made = tmp_path / "made.gguf"
    quantize(f16, made, "Q8_0", lambda _progress: None, 2)
    assert made.read_bytes() == guide_path().read_bytes()


def test_the_shipped_file_is_small_and_says_what_it_is() -> None:
    header = read_header(guide_path())
    assert header.file_bytes <= MAX_SHIPPED_BYTES
    assert 3_000_000 <= header.num_parameters <= 8_000_000
    assert (header.architecture, header.quantization) == ("llama", "Q8_0")
    assert header.head_count_kv < header.head_count
    assert header.chat_template is not None


def test_llama_cpp_writes_what_pytorch_wrote_token_for_token(f16: Path) -> None:
    golden = json.loads(GOLDEN.read_text("utf-8"))
    records = golden["prompts"]
    assert len(records) == 20
    runs = written(f16, [record["prompt_ids"] for record in records], golden["limit"])
    stops = set(golden["stop_ids"])
    without_stops = [[token for token in run if token not in stops] for run in runs]
    assert without_stops == [record["generated_ids"] for record in records]


def test_the_template_renders_the_prompts_that_pytorch_was_given(f16: Path) -> None:
    prompts = Prompts.open(f16)
    for record in json.loads(GOLDEN.read_text("utf-8"))["prompts"]:
        turns = [Turn(message["role"], message["content"]) for message in record["messages"]]
        assert prompts.render(turns) == record["prompt_ids"]


def test_no_held_out_question_stands_in_the_corpus() -> None:
    asks = {
        plain(ask) for file in (GUIDE / "corpus").glob("*.toml") for one in tables(file, "intent") for ask in one["ask"]
    }
    held_out = {plain(one["ask"]) for file in (GUIDE / "eval").glob("*.toml") for one in tables(file, "question")}
    assert len(held_out) >= 130
    assert held_out & asks == set()


def test_held_out_paraphrases_are_answered_rightly() -> None:
    answers = {one["id"]: one["answer"] for file in (GUIDE / "corpus").glob("*.toml") for one in tables(file, "intent")}
    questions = tables(GUIDE / "eval/test.toml", "question")
    prompts = Prompts.open(guide_path())
    runs = written(guide_path(), [prompts.render([Turn("user", one["ask"])]) for one in questions], 256)
    pieces = prompts.vocabulary
    answered = []
    for one, run in zip(questions, runs, strict=True):
        text = b"".join(pieces.piece(token) for token in run if not pieces.is_end(token)).decode(errors="replace")
        right = [answer for intent in one["intent"] for answer in answers[intent]]
        likeness = max(SequenceMatcher(None, text, answer, autojunk=False).ratio() for answer in right)
        answered.append(Answered(one["ask"], text, likeness))
    wrong = [f"{one.ask} -> {one.answer[:80]}" for one in answered if one.likeness < ALIKE]
    assert len(answered) == 40
    assert len(answered) - len(wrong) >= MIN_RIGHT, wrong
