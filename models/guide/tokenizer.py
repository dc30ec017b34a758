"""Trains the Guide's byte-level BPE tokenizer, in the manner of Llama 3.

Special tokens stand at the end of the vocabulary, whose size is always exact.
"""

from collections.abc import Iterable

from chat import BEGIN_OF_TEXT, SPECIAL_TOKENS
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from tokenizers.processors import TemplateProcessing

LLAMA3_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def train_tokenizer(texts: Iterable[str], vocab_size: int = 4096) -> Tokenizer:
    """A tokenizer of exactly vocab_size tokens; reserved special tokens fill what is missing."""
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = _pre_tokenizer()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size - len(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=[],
        show_progress=False,
    )
    trained.train_from_iterator(texts, trainer=trainer)
    return _finished(trained, vocab_size)


def with_dropout(tokenizer: Tokenizer, dropout: float) -> Tokenizer:
    """The same tokenizer, skipping merges at random: for training on varied splits only."""
    varied = Tokenizer.from_str(tokenizer.to_str())
    varied.model.ignore_merges = False
    varied.model.dropout = dropout
    return varied


def _finished(trained: Tokenizer, vocab_size: int) -> Tokenizer:
    trained.model.ignore_merges = True
    trained.decoder = decoders.ByteLevel()
    num_reserved = vocab_size - len(SPECIAL_TOKENS) - trained.get_vocab_size()
    reserved = [f"<|reserved_special_token_{index}|>" for index in range(num_reserved)]
    specials = [*SPECIAL_TOKENS, *reserved]
    trained.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in specials])
    begin_id = trained.token_to_id(BEGIN_OF_TEXT)
    trained.post_processor = TemplateProcessing(
        single=f"{BEGIN_OF_TEXT} $A",
        pair=f"{BEGIN_OF_TEXT} $A {BEGIN_OF_TEXT}:1 $B:1",
        special_tokens=[(BEGIN_OF_TEXT, begin_id)],
    )
    return trained


def _pre_tokenizer() -> pre_tokenizers.PreTokenizer:
    split = pre_tokenizers.Split(Regex(LLAMA3_SPLIT), behavior="isolated", invert=False)
    as_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return pre_tokenizers.Sequence([split, as_bytes])
