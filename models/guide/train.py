"""The command that trains the Guide from scratch on a CPU and saves it as a Hugging Face folder.

python models/guide/train.py --out DIR [--minutes N] [--threads N] [--resume | --start-from DIR]
"""

import argparse
import logging
import math
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from chat import ChatEncoder
from checkpoint import load_checkpoint, load_folder, rounded, save_checkpoint, save_folder
from dataset import FIRST, IGNORED, LAST, THEN, Batch, Dataset, Mix
from families import with_lent_phrasings
from intents import Exchange, Question, all_texts, load_corpus, load_questions
from judge import Judge
from model import Guide, GuideConfig
from optimizer import Optimizer
from tokenizer import train_tokenizer, with_dropout
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

HERE = Path(__file__).parent
SEED = 20
SPLIT_DROPOUT = 0.1
log = logging.getLogger("guide")


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how hard to train."""

    out: Path
    minutes: float
    peak_rate: float = 2e-3
    batch_tokens: int = 2048
    warmup: float = 0.03
    last_rate: float = 0.01
    weight_decay: float = 0.1
    intent_weight: float = 1.0
    openings: float = 0.2
    whole_answers: float = 0.85
    checkpoint_seconds: float = 180.0
    score_seconds: float = 300.0

    def rate(self, progress: float) -> float:
        """Learning rate at a share of the time: a short rise, then a cosine."""
        if progress < self.warmup:
            return self.peak_rate * max(progress / self.warmup, 0.01)
        fallen = 0.5 * (1 + math.cos(math.pi * min(1.0, (progress - self.warmup) / (1 - self.warmup))))
        return self.peak_rate * (self.last_rate + (1 - self.last_rate) * fallen)


class Trainer:
    """One training run: the model, its optimizer, and how far it has come."""

    def __init__(self, plan: Plan, dataset: Dataset, tokenizer: Tokenizer) -> None:
        """Start from fresh weights. `intent_head` only helps training and is not saved in the folder."""
        self.plan = plan
        self.dataset = dataset
        self.tokenizer = tokenizer
        self.guide = Guide(GuideConfig())
        self.intent_head = nn.Linear(self.guide.config.hidden_size, len(dataset.intents))
        self.optimizer = Optimizer(self.guide, self.intent_head, plan.weight_decay)
        self.pool = 0
        self.steps = 0
        self.tokens = 0
        self.seconds = 0.0

    @property
    def progress(self) -> float:
        """Share of the time that is spent, 0 to 1."""
        return self.seconds / (self.plan.minutes * 60)

    def run(self, judge: Judge, dev: list[Question]) -> None:
        """Train until the time is spent, with checkpoints and scores on the way."""
        saved_at = scored_at = self.seconds
        while self.progress < 1:
            losses = self._train_pool()
            self.pool += 1
            log.info(
                "%.1f min, step %d, loss %.4f, intent loss %.4f, %.0f tokens/s",
                self.seconds / 60, self.steps, losses[0], losses[1], self.tokens / self.seconds,
            )  # fmt: skip
            if self.seconds - saved_at > self.plan.checkpoint_seconds:
                self.save()
                saved_at = self.seconds
            if dev and self.seconds - scored_at > self.plan.score_seconds:
                score(self.guide, judge, dev, limit=24)
                scored_at = self.seconds
        self.save()

    def save(self) -> None:
        """Write a checkpoint."""
        state = {
            "guide": self.guide.state_dict(),
            "intent_head": self.intent_head.state_dict(),
            "intents": self.dataset.intents,
            "optimizer": self.optimizer.state_dict(),
            "torch_rng": torch.get_rng_state(),
            "counts": {"pool": self.pool, "steps": self.steps, "tokens": self.tokens, "seconds": self.seconds},
        }
        save_checkpoint(self.plan.out / "checkpoint.pt", state)

    def resume(self) -> None:
        """Take up the checkpoint of the output folder."""
        state = load_checkpoint(self.plan.out / "checkpoint.pt")
        self.guide.load_state_dict(state["guide"])
        self.intent_head.load_state_dict(state["intent_head"])
        self.optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["torch_rng"])
        counts = state["counts"]
        self.pool, self.steps, self.tokens = counts["pool"], counts["steps"], counts["tokens"]
        self.seconds = counts["seconds"]

    def start_from(self, folder: Path) -> None:
        """Begin with the weights of another run, whose corpus may have been smaller."""
        state = load_checkpoint(folder / "checkpoint.pt")
        self.guide.load_state_dict(state["guide"])
        known = {intent: row for row, intent in enumerate(state["intents"])}
        with torch.no_grad():
            for row, intent in enumerate(self.dataset.intents):
                if intent in known:
                    self.intent_head.weight[row] = state["intent_head"]["weight"][known[intent]]
                    self.intent_head.bias[row] = state["intent_head"]["bias"][known[intent]]

    def _train_pool(self) -> tuple[float, float]:
        self.guide.train()
        sums = torch.zeros(2)
        started = time.monotonic()
        batches = self.dataset.batches(self.pool, self._mix(), self.plan.batch_tokens)
        for batch in batches:
            sums += self._step(batch)
            now = time.monotonic()
            self.seconds += now - started
            started = now
        return float(sums[0]) / len(batches), float(sums[1]) / len(batches)

    def _mix(self) -> Mix:
        if self.progress < self.plan.openings:
            return FIRST
        return THEN if self.progress < self.plan.whole_answers else LAST

    def _step(self, batch: Batch) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            hidden = self.guide(batch.ids)
            learned = batch.targets != IGNORED
            logits = self.guide.logits(hidden[learned])
            decided = batch.decisions != IGNORED
            intents = self.intent_head(hidden[decided])
        weights = batch.weights[learned]
        losses = functional.cross_entropy(logits.float(), batch.targets[learned], reduction="none")
        loss = (losses * weights).sum() / weights.sum()
        intent_loss = functional.cross_entropy(intents.float(), batch.decisions[decided], label_smoothing=0.05)
        (loss + self.plan.intent_weight * intent_loss).backward()
        nn.utils.clip_grad_norm_(self.guide.parameters(), 1.0)
        self.optimizer.step(self.plan.rate(self.progress))
        self.steps += 1
        self.tokens += batch.ids.numel()
        return torch.stack((loss.detach(), intent_loss.detach()))


def main() -> None:
    """Read the command line, train, save, score."""
    arguments = _arguments()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.manual_seed(SEED)
    torch.set_num_threads(arguments.threads)
    arguments.out.mkdir(parents=True, exist_ok=True)
    plan = Plan(arguments.out, arguments.minutes, arguments.rate)
    dev = load_questions([path for path in [HERE / "eval/dev.toml"] if path.exists()])
    held_out = load_questions(sorted((HERE / "eval").glob("*.toml")))
    corpus = with_lent_phrasings(load_corpus(HERE / "corpus", held_out), held_out)
    tokenizer = _tokenizer(arguments, corpus)
    encoder = ChatEncoder(tokenizer)
    varied = ChatEncoder(with_dropout(tokenizer, SPLIT_DROPOUT))
    trainer = Trainer(plan, Dataset(corpus, encoder, varied, SEED), tokenizer)
    if arguments.resume:
        trainer.resume()
    elif arguments.start_from:
        trainer.start_from(arguments.start_from)
    log.info(
        "%d intents, %d phrasings, %d parameters",
        len(corpus), sum(len(exchange.ask) for exchange in corpus),
        sum(parameter.numel() for parameter in trainer.guide.parameters()),
    )  # fmt: skip
    judge = Judge(corpus, encoder)
    trainer.run(judge, dev)
    save_folder(plan.out / "hf", trainer.guide, tokenizer)
    final, _ = load_folder(plan.out / "hf")
    score(final, judge, dev, limit=256)


def score(guide: Guide, judge: Judge, dev: list[Question], limit: int) -> None:
    """Log how many of the development questions are answered rightly, with the float16 weights."""
    tested = Guide(guide.config)
    tested.load_state_dict({name: tensor.float() for name, tensor in rounded(guide).items()})
    verdicts = [judge.verdict(tested, question, limit) for question in dev]
    for verdict in verdicts:
        if not verdict.is_right:
            log.info("  wrong: %s -> %s (%.2f)", verdict.question.ask, verdict.intent, verdict.likeness)
    log.info("dev: %d of %d right", sum(verdict.is_right for verdict in verdicts), len(verdicts))


def _tokenizer(arguments: argparse.Namespace, corpus: list[Exchange]) -> Tokenizer:
    path: Path = arguments.out / "tokenizer.json"
    if arguments.start_from:
        shutil.copyfile(arguments.start_from / "tokenizer.json", path)
    if arguments.start_from or arguments.resume:
        return Tokenizer.from_file(str(path))
    texts = list(all_texts(corpus))
    tokenizer = train_tokenizer([*texts, *(text.lower() for text in texts)])
    tokenizer.save(str(path))
    return tokenizer


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints and the result")
    parser.add_argument("--minutes", type=float, default=60.0, help="how long to train in all")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads")
    parser.add_argument("--rate", type=float, default=2e-3, help="peak learning rate")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in the folder")
    parser.add_argument("--start-from", type=Path, help="folder of an earlier run to take weights and tokenizer from")
    return parser.parse_args()


if __name__ == "__main__":
    main()
