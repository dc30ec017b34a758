"""What can go wrong between the scheduler and llama.cpp. Apart, so that a fake llama needs no llama.cpp."""


class LlamaError(Exception):
    """llama.cpp refused. `code` is a key of `app.words`, `detail` what its log said."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


class DecodeFailed(Exception):
    """A batch could not be run; the KV cache may hold a part of it. `status` is what llama_decode returned."""

    def __init__(self, status: int) -> None:
        super().__init__(f"llama_decode returned {status}")
        self.status = status
