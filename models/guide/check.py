"""The trainer's own checks of a trained Guide.

check.py parity HF_DIR --prompts FILE --out golden.json   what PyTorch writes, greedily, in float32
check.py answers HF_DIR --questions FILE...               answers to held-out questions, judged

Whether llama.cpp writes the same as PyTorch is asked by compare.py, which needs no PyTorch.
"""

import argparse
import json
import sys
import tomllib
from pathlib import Path

import torch
from chat import ChatEncoder, Message
from checkpoint import load_folder
from generate import generate
from intents import load_corpus, load_questions
from judge import Judge

HERE = Path(__file__).parent
PARITY_TOKENS = 64


def main() -> int:
    """Run the check named on the command line; the exit status says whether it passed."""
    arguments = _arguments()
    torch.set_num_threads(2)
    passed: bool = arguments.check(arguments)
    return 0 if passed else 1


def parity(arguments: argparse.Namespace) -> bool:
    """Write what the PyTorch model generates for each prompt."""
    guide, tokenizer = load_folder(arguments.folder)
    encoder = ChatEncoder(tokenizer)
    stop = frozenset({encoder.end_of_turn})
    records = []
    for messages in _prompts(arguments.prompts):
        prompt = encoder.prompt(messages)
        written = generate(guide, prompt, PARITY_TOKENS, stop)
        records.append(
            {
                "messages": [{"role": message.role, "content": message.content} for message in messages],
                "prompt_ids": prompt,
                "generated_ids": written.ids,
                "margins": [round(margin, 6) for margin in written.margins],
                "text": encoder.decode(written.ids),
            }
        )
    golden = {"limit": PARITY_TOKENS, "stop_ids": sorted(stop), "prompts": records}
    arguments.out.write_text(json.dumps(golden, indent=1, ensure_ascii=False) + "\n", "utf-8")
    _say(f"{len(records)} prompts written to {arguments.out}")
    return True


def answers(arguments: argparse.Namespace) -> bool:
    """Ask every held-out question and judge the answers."""
    guide, tokenizer = load_folder(arguments.folder)
    judge = Judge(load_corpus(HERE / "corpus", []), ChatEncoder(tokenizer))
    num_right = 0
    questions = load_questions(arguments.questions)
    for question in questions:
        verdict = judge.verdict(guide, question)
        num_right += verdict.is_right
        _say(f"Q: {question.ask}\nA: {verdict.answer}")
        mark = "right" if verdict.is_right else "WRONG"
        _say(f"   {mark}: expected {' or '.join(question.intents)}, got {verdict.intent} ({verdict.likeness:.2f})\n")
    _say(f"{num_right} of {len(questions)} answered rightly")
    return num_right >= arguments.pass_share * len(questions)


def _prompts(path: Path) -> list[list[Message]]:
    tables = tomllib.loads(path.read_text("utf-8"))["prompt"]
    return [[Message(message["role"], message["content"]) for message in table["messages"]] for table in tables]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    checks = parser.add_subparsers(required=True)
    parity_parser = checks.add_parser("parity")
    parity_parser.add_argument("folder", type=Path)
    parity_parser.add_argument("--prompts", type=Path, default=HERE / "parity.toml")
    parity_parser.add_argument("--out", type=Path, required=True)
    parity_parser.set_defaults(check=parity)
    answers_parser = checks.add_parser("answers")
    answers_parser.add_argument("folder", type=Path)
    answers_parser.add_argument("--questions", type=Path, nargs="+", required=True)
    answers_parser.add_argument("--pass-share", type=float, default=0.85)
    answers_parser.set_defaults(check=answers)
    return parser.parse_args()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
