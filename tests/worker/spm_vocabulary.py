"""Writes a GGUF that is only a small SentencePiece vocabulary, with any chat template: enough for a renderer."""

from pathlib import Path

import gguf

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:;!?'|<>/[]_-"
WORDS = ("▁", "▁a", "ab", "▁hi", "hi", "▁the", "the")


def write_spm_vocabulary(path: Path, template: str | None, more_control: tuple[str, ...] = ("<|end|>",)) -> Path:
    """Bytes, letters and a few words; `<s>`, `</s>` and `more_control` are control tokens."""
    control = ("<s>", "</s>", *more_control)
    texts = ["<unk>", *control, *(f"<0x{byte:02X}>" for byte in range(256)), *WORDS, *LETTERS]
    kinds = [gguf.TokenType.UNKNOWN, *[gguf.TokenType.CONTROL] * len(control), *[gguf.TokenType.BYTE] * 256]
    kinds += [gguf.TokenType.NORMAL] * (len(texts) - len(kinds))
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(256)
    writer.add_embedding_length(64)
    writer.add_block_count(1)
    writer.add_feed_forward_length(64)
    writer.add_head_count(2)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(texts)
    writer.add_token_scores([-float(place) for place in range(len(texts))])
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    if template is not None:
        writer.add_chat_template(template)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return path
