"""The installer: flags that work on the CPU, plain words when something is missing, a lock that names no host."""

import importlib
import importlib.util
import os
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType

import pytest

TOP = Path(__file__).parent.parent
SAPPHIRE_RAPIDS = (
    "flags\t\t: sse4_2 avx avx2 fma f16c bmi2 avx512f avx512vbmi avx512_vnni avx512_bf16 avx_vnni amx_tile amx_int8"
)
CELERON = "flags\t\t: sse sse2 ssse3 sse4_1 sse4_2 movbe popcnt aes"


@pytest.fixture(scope="module")
def install() -> ModuleType:
    """`tools/install.py`, which belongs to no package."""
    spec = importlib.util.spec_from_file_location("install", TOP / "tools/install.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def switches(install: ModuleType, cpuinfo: str) -> dict[str, str]:
    """ggml's switches for a CPU, by name."""
    return dict(re.findall(r"-D(\w+)=(\w+)", " ".join(install.x86_arguments(cpuinfo))))


def test_amx_is_never_built_since_gcc_12_builds_code_that_crashes(install: ModuleType) -> None:
    chosen = switches(install, SAPPHIRE_RAPIDS)
    assert chosen["GGML_NATIVE"] == "OFF"
    assert chosen["GGML_AVX512_BF16"] == "ON"
    assert chosen["GGML_AVX512_VBMI"] == "ON"
    assert {name for name in chosen if "AMX" in name and chosen[name] == "ON"} == set()


def test_a_cpu_without_avx_gets_none_of_it(install: ModuleType) -> None:
    chosen = switches(install, CELERON)
    assert chosen["GGML_SSE42"] == "ON"
    assert {chosen[name] for name in ("GGML_AVX", "GGML_AVX2", "GGML_FMA", "GGML_F16C", "GGML_BMI2")} == {"OFF"}


def test_a_machine_without_a_compiler_is_told_what_to_install(tmp_path: Path) -> None:
    environment = {"PATH": str(tmp_path), "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    code = "import runpy, sys; runpy.run_path(sys.argv[1])['find_compiler']()"
    command = [sys.executable, "-c", code, str(TOP / "tools/install.py")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "build-essential" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_old_python_is_told_which_one_to_name(tmp_path: Path) -> None:
    old = tmp_path / "python-old"
    old.write_text('#!/bin/sh\n[ "$1" = -V ] && echo "Python 3.9.2"\nexit 1\n')
    old.chmod(0o755)
    environment = {**os.environ, "MAKEFLAGS": ""}
    command = ["make", "install", f"PYTHON={old}"]
    done = subprocess.run(command, cwd=TOP, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert "needs Python 3.11 or newer; this is Python 3.9.2" in done.stdout


def test_diskcache_is_our_stub_and_the_real_one_is_not_installed() -> None:
    assert not hasattr(importlib.import_module("diskcache"), "Cache")
    with pytest.raises(PackageNotFoundError):
        version("diskcache")


@pytest.mark.parametrize("name", ["engine", "runtime", "test", "build"])
def test_the_lock_has_hashes_and_names_no_host(name: str) -> None:
    text = (TOP / f"requirements/{name}.txt").read_text()
    pinned = re.findall(r"^[\w.-]+(?:\[[\w,]+\])?==\S+", text, re.MULTILINE)
    hashed = re.findall(r"^[\w.-]+\S*==[^\n]*\\\n    --hash=sha256:", text, re.MULTILINE)
    assert pinned
    assert len(pinned) == len(hashed)
    assert "diskcache" not in text
    assert "://" not in text


def test_what_runs_and_what_tests_are_locked_apart() -> None:
    runtime = (TOP / "requirements/runtime.txt").read_text()
    for name in ("pytest", "playwright", "mypy", "ruff", "torch"):
        assert not re.search(rf"^{name}==", runtime, re.MULTILINE), name
