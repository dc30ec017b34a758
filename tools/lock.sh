#!/usr/bin/env bash
# Writes requirements/*.txt anew from pyproject.toml: exact versions and hashes, for every platform, no host named.
# Needs uv. llama-cpp-python stands apart (it is compiled), and diskcache is left out (app/stubs/diskcache).
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
compile() { uv pip compile "$@" --generate-hashes --universal --python-version 3.11 --no-annotate --no-header --quiet --no-emit-package diskcache; }
compile pyproject.toml -o "$work/runtime.txt"
compile pyproject.toml --extra test -c "$work/runtime.txt" -o "$work/all.txt"
printf '%s\n' hatchling editables 'scikit-build-core[pyproject]' cmake ninja > "$work/build.in"
compile "$work/build.in" -o requirements/build.txt
python3 - "$work" <<'PY'
import re, sys
from pathlib import Path
work = Path(sys.argv[1])
def entries(name):
    return [part for part in re.split(r"(?m)^(?=\S)", (work / name).read_text()) if part.strip()]
runtime = entries("runtime.txt")
engine = [part for part in runtime if part.startswith("llama-cpp-python==")]
kept = [part for part in runtime if part not in engine]
named = {part.split()[0] for part in runtime}
Path("requirements/engine.txt").write_text("".join(engine))
Path("requirements/runtime.txt").write_text("".join(kept))
Path("requirements/test.txt").write_text("".join(part for part in entries("all.txt") if part.split()[0] not in named))
PY
