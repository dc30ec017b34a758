"""What llama.cpp itself sees in a GGUF file: keys, tokens, logits. An oracle for what we write."""

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import llama_cpp
import numpy as np
import numpy.typing as npt

MOST_TOKENS = 4096


class LlamaView:
    """A loaded file. Computes with float32 keys and values and without flash attention."""

    def __init__(self, model: object) -> None:
        self._model = model
        self._vocabulary = llama_cpp.llama_model_get_vocab(model)

    def value(self, key: str) -> str | None:
        """One value of the file's header, as text."""
        buffer = ctypes.create_string_buffer(1 << 16)
        length = llama_cpp.llama_model_meta_val_str(self._model, key.encode(), buffer, len(buffer))
        return buffer.value.decode() if length >= 0 else None

    def num_parameters(self) -> int:
        """Numbers in all tensors."""
        return int(llama_cpp.llama_model_n_params(self._model))

    def num_tokens(self) -> int:
        """Size of the vocabulary."""
        return int(llama_cpp.llama_vocab_n_tokens(self._vocabulary))

    def special_tokens(self) -> dict[str, int]:
        """Begin of text, end of reply, end of turn."""
        return {
            "bos": int(llama_cpp.llama_vocab_bos(self._vocabulary)),
            "eos": int(llama_cpp.llama_vocab_eos(self._vocabulary)),
            "eot": int(llama_cpp.llama_vocab_eot(self._vocabulary)),
        }

    def ends_reply(self, token: int) -> bool:
        """Whether llama.cpp stops at this token."""
        return bool(llama_cpp.llama_vocab_is_eog(self._vocabulary, token))

    def tokens(self, text: str, *, with_begin: bool = False) -> list[int]:
        """The text's tokens, special ones recognised."""
        data = text.encode()
        buffer = (llama_cpp.llama_token * MOST_TOKENS)()
        count = llama_cpp.llama_tokenize(self._vocabulary, data, len(data), buffer, MOST_TOKENS, with_begin, True)
        return list(buffer[:count])

    def logits(self, tokens: Sequence[int]) -> npt.NDArray[np.float32]:
        """Logits after each token: [tokens, vocabulary]."""
        parameters = llama_cpp.llama_context_default_params()
        parameters.n_ctx = parameters.n_batch = parameters.n_ubatch = max(64, len(tokens))
        parameters.n_threads = parameters.n_threads_batch = 1
        parameters.type_k = parameters.type_v = llama_cpp.GGML_TYPE_F32
        parameters.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
        context = llama_cpp.llama_init_from_model(self._model, parameters)
        batch = llama_cpp.llama_batch_init(len(tokens), 0, 1)
        for i, token in enumerate(tokens):
            batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.logits[i] = token, i, 1, 1
            batch.seq_id[i][0] = 0
        batch.n_tokens = len(tokens)
        assert llama_cpp.llama_decode(context, batch) == 0
        found = np.ctypeslib.as_array(llama_cpp.llama_get_logits(context), (len(tokens), self.num_tokens())).copy()
        llama_cpp.llama_batch_free(batch)
        llama_cpp.llama_free(context)
        return found


@contextmanager
def opened(path: Path) -> Iterator[LlamaView]:
    """The file as llama.cpp loads it."""
    llama_cpp.llama_backend_init()
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), llama_cpp.llama_model_default_params())
    assert model is not None, f"llama.cpp does not load {path}"
    try:
        yield LlamaView(model)
    finally:
        llama_cpp.llama_model_free(model)
