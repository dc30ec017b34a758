"""Whether llama.cpp writes, token for token, what check.py parity saw PyTorch write.

python models/guide/compare.py golden.json GGUF, in an environment with llama-cpp-python; no PyTorch needed.
"""

import argparse
import json
import sys
from pathlib import Path

import llama_cpp


def main() -> int:
    """Generate every prompt of the golden file and report where llama.cpp first departs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("golden", type=Path)
    parser.add_argument("gguf", type=Path)
    arguments = parser.parse_args()
    golden = json.loads(arguments.golden.read_text("utf-8"))
    llama = llama_cpp.Llama(str(arguments.gguf), n_ctx=2048, n_threads=2, verbose=False)
    num_equal = 0
    for record in golden["prompts"]:
        written = greedy(llama, record["prompt_ids"], golden["limit"], set(golden["stop_ids"]))
        departs = first_difference(record["generated_ids"], written)
        num_equal += departs is None
        sys.stdout.write(f"{verdict(departs, record['margins'])}  {record['messages'][-1]['content']}\n")
    sys.stdout.write(f"{num_equal} of {len(golden['prompts'])} prompts equal token for token\n")
    return 0 if num_equal == len(golden["prompts"]) else 1


def greedy(llama: llama_cpp.Llama, prompt: list[int], limit: int, stop: set[int]) -> list[int]:
    """At most `limit` tokens after the prompt, always the likeliest."""
    llama.reset()
    llama.eval(prompt)
    written: list[int] = []
    while len(written) < limit:
        token = int(llama.sample(temp=0.0))
        if token in stop:
            break
        written.append(token)
        llama.eval([token])
    return written


def first_difference(expected: list[int], written: list[int]) -> int | None:
    """The first place at which two runs differ; None where they are equal."""
    for place, (left, right) in enumerate(zip(expected, written, strict=False)):
        if left != right:
            return place
    return None if len(expected) == len(written) else min(len(expected), len(written))


def verdict(departs: int | None, margins: list[float]) -> str:
    """One run in words; the margin says how near PyTorch itself was to the other token."""
    if departs is None:
        return "equal  "
    margin = f"{margins[departs]:.4f}" if departs < len(margins) else "unknown"
    return f"DEPARTS at token {departs}, PyTorch's top-2 margin {margin}"


if __name__ == "__main__":
    sys.exit(main())
