"""Every fault that Hearth is to survive, each with a real process and a real kill, and where it is tested.

| fault | test |
|---|---|
| `kill -9` of a worker in the middle of an answer | test_workers.py; tests/commands/test_serve.py |
| `kill -STOP` of a worker: missed, killed, replaced | test_workers.py; how long it takes: tests/engine/test_watch.py |
| abort inside llama.cpp, illegal instruction | test_workers.py (SIGABRT); tests/engine/test_supervisor.py |
| out-of-memory kill | tests/engine/test_troubles.py, test_watch.py: told apart by the system's count |
| a model that kills its worker twice in a row | test_workers.py; tests/engine/test_pool.py |
| `kill -9` of the whole server | tests/commands/test_serve.py |
| a GGUF cut at any byte, hostile headers | tests/weights/test_gguf_hostile.py |
| 2,000 changed headers in a real worker | tests/weights/test_gguf_mutated.py (all with `-m long`) |
| a model file cut while it is loaded | test_files.py |
| a model file deleted, replaced or half copied while it is loaded | tests/engine/test_engine.py |
| a template that never ends or reaches for `__class__` | test_files.py; tests/worker/test_template.py |
| a snapshot file cut, flipped or of another chat | test_snapshots.py; any byte: tests/worker/test_snapshot_file.py |
| a disk that is full while a snapshot is written | test_snapshots.py; tests/worker/test_snapshot_file.py |
| NaN, huge and negative values for drawing | test_values.py; tests/api/openai/test_drawing.py |
"""
