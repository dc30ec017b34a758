"""What of a chat goes to the model: the system prompt, and the newest turns that leave room for an answer.

Lengths are true token counts: the model's own template renders what is to be counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.engine.events import ModelFile
from app.engine.face import Engine
from app.errors import TooLarge
from app.worker.messages import Turn

# Room that is kept free for the answer: this many tokens, but no more than this part of the context.
ANSWER_ROOM_TOKENS = 1024
ANSWER_ROOM_SHARE = 4


@dataclass(frozen=True, slots=True)
class Prompt:
    """What goes to the model: the turns, and the same as tokens with the opening of an answer."""

    turns: tuple[Turn, ...]
    tokens: tuple[int, ...]


async def turns_for(engine: Engine, model: ModelFile, system_prompt: str, said: Sequence[Turn]) -> Prompt:
    """The system prompt and as many of the newest turns as fit; `said` ends with the person's message.

    A turn is dropped together with all before it, up to a question of the person: an answer never stands first.
    Raises TooLarge("message_too_long", tokens=, limit=) when the last message alone does not fit.
    """
    system = [Turn("system", system_prompt)] if system_prompt.strip() else []
    turns = without_gaps(said)
    limit = model.context_tokens - min(ANSWER_ROOM_TOKENS, model.context_tokens // ANSWER_ROOM_SHARE)

    async def rendered_from(start: int) -> Prompt:
        kept = (*system, *turns[start:])
        return Prompt(kept, await engine.render(model, kept))

    questions = [index for index, turn in enumerate(turns) if turn.role == "user"]
    prompt = await rendered_from(questions[0])
    if len(prompt.tokens) <= limit:
        return prompt
    best = await rendered_from(questions[-1]) if len(questions) > 1 else prompt
    if len(best.tokens) > limit:
        raise TooLarge("message_too_long", tokens=len(best.tokens), limit=limit)
    # The first question that may stay lies after `low` (known to be too long) and at or before `high` (fits).
    low, high = 0, len(questions) - 1
    while high - low > 1:
        middle = (low + high) // 2
        prompt = await rendered_from(questions[middle])
        if len(prompt.tokens) <= limit:
            best, high = prompt, middle
        else:
            low = middle
    return best


def newest(said: Sequence[Turn], num_questions: int) -> Sequence[Turn]:
    """The last so many questions of the person, with what was said after each."""
    questions = [index for index, turn in enumerate(said) if turn.role == "user"]
    return said[questions[-num_questions] :] if len(questions) > num_questions else said


def without_gaps(said: Sequence[Turn]) -> list[Turn]:
    """Without empty answers. Questions that then follow each other become one: templates want turns to alternate."""
    turns: list[Turn] = []
    for turn in said:
        if not turn.content.strip():
            continue
        if turns and turns[-1].role == turn.role:
            turns[-1] = Turn(turn.role, f"{turns[-1].content}\n\n{turn.content}")
        else:
            turns.append(turn)
    return turns
