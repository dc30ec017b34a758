"""Makes `.venv` with everything Hearth needs, building llama.cpp for this CPU once; `make install` calls it.

Standard library only, since it runs before anything is installed. A second run with nothing changed takes a moment.
"""

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

TOP = Path(__file__).resolve().parent.parent
VENV = TOP / ".venv"
REQUIREMENTS = TOP / "requirements"
CACHE = Path(
    os.environ.get("HEARTH_BUILD_CACHE") or Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "hearth"
)

# ggml's switch for a CPU feature, and the kernel's name of that feature. AMX is left out on purpose: GCC 12 builds
# code for it that dies in `ldtilecfg`. Everything is named, since `GGML_NATIVE=OFF` alone still turns AVX2 on.
X86_SWITCHES = {
    "GGML_SSE42": "sse4_2",
    "GGML_AVX": "avx",
    "GGML_AVX2": "avx2",
    "GGML_FMA": "fma",
    "GGML_F16C": "f16c",
    "GGML_BMI2": "bmi2",
    "GGML_AVX512": "avx512f",
    "GGML_AVX512_VBMI": "avx512_vbmi",
    "GGML_AVX512_VNNI": "avx512_vnni",
    "GGML_AVX512_BF16": "avx512_bf16",
    "GGML_AVX_VNNI": "avx_vnni",
}
KERNEL_ALIASES = {"avx512vbmi": "avx512_vbmi"}


def main() -> None:
    """Install, and say plainly what is missing when something is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--test", action="store_true", help="also install what `make test` needs")
    options = parser.parse_args()
    wanted = ["runtime", "test"] if options.test else ["runtime"]
    fingerprint = digest_of(TOP / "pyproject.toml", *sorted(REQUIREMENTS.glob("*.txt"))) + " ".join(cmake_arguments())
    stamps = [VENV / f"installed-{name}" for name in wanted]
    if all(stamp.is_file() and stamp.read_text() == fingerprint for stamp in stamps):
        return
    python = make_venv(VENV)
    engine = engine_wheel()
    say("Installing Hearth's Python packages ...")
    files = [part for name in wanted for part in ("-r", str(REQUIREMENTS / f"{name}.txt"))]
    pip_install(python, "--require-hashes", *files)
    pip_install(python, "--force-reinstall", str(engine), str(hearth_wheel()))
    for stamp in stamps:
        stamp.write_text(fingerprint)


def engine_wheel() -> Path:
    """llama-cpp-python built for this CPU: from our own cache, or built now. pip's cache would forget the flags."""
    arguments = cmake_arguments()
    compiler = find_compiler()
    key = digest(
        " ".join(arguments), (REQUIREMENTS / "engine.txt").read_text(), version_of(compiler), platform.machine()
    )
    folder = CACHE / "wheels" / key[:16]
    found = sorted(folder.glob("*.whl"))
    if found:
        return found[0]
    say("Building llama.cpp for this CPU. This is done once and takes 5 to 20 minutes ...")
    work = folder.with_suffix(".part")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    log = work / "build.log"
    python = build_tools()
    command = [python, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--require-hashes"]
    command += [
        "--no-binary",
        "llama-cpp-python",
        "-r",
        str(REQUIREMENTS / "engine.txt"),
        "-w",
        str(work),
        "-v",
        "--no-cache-dir",
    ]
    environment = {
        **os.environ,
        "CMAKE_ARGS": " ".join(arguments),
        "PATH": f"{Path(python).parent}:{os.environ['PATH']}",
    }
    with log.open("w") as out:
        status = subprocess.run(command, env=environment, stdout=out, stderr=subprocess.STDOUT, check=False).returncode
    if status != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-25:])
        stop(f"{tail}\n\nBuilding llama.cpp failed; the lines above say where, {log} has everything.")
    work.rename(folder)
    return sorted(folder.glob("*.whl"))[0]


def cmake_arguments() -> list[str]:
    """The switches of this build. What the caller has in CMAKE_ARGS comes last and wins (-DGGML_CUDA=ON, say)."""
    cpuinfo = Path("/proc/cpuinfo")
    is_x86 = platform.machine() in ("x86_64", "AMD64") and cpuinfo.is_file()
    suited = x86_arguments(cpuinfo.read_text()) if is_x86 else []
    return ["-DGGML_RPC=OFF", *suited, *os.environ.get("CMAKE_ARGS", "").split()]


def x86_arguments(cpuinfo: str) -> list[str]:
    """Every feature that the CPU of this `/proc/cpuinfo` has, and no other, named one by one."""
    features = cpu_features(cpuinfo)
    switches = [f"-D{switch}={'ON' if name in features else 'OFF'}" for switch, name in X86_SWITCHES.items()]
    return ["-DGGML_NATIVE=OFF", *switches]


def cpu_features(cpuinfo: str) -> set[str]:
    """Feature names in the text of `/proc/cpuinfo`, under one spelling each."""
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "flags":
            return {KERNEL_ALIASES.get(feature, feature) for feature in value.split()}
    return set()


def find_compiler() -> str:
    """The C++ compiler that CMake will take."""
    names = [name for name in (os.environ.get("CXX"), "c++", "g++", "clang++") if name and shutil.which(name)]
    if names:
        return names[0]
    return stop(
        "There is no C++ compiler on this machine, and llama.cpp must be compiled.\n"
        "Debian and Ubuntu: sudo apt install build-essential      Fedora: sudo dnf install gcc-c++\n"
        "Then run the same command again."
    )


def build_tools() -> str:
    """A virtual environment of its own for the build tools, so that none of them is in what runs."""
    folder = CACHE / "build-tools" / digest_of(REQUIREMENTS / "build.txt")[:16]
    python = str(folder / "bin/python")
    if not (folder / "complete").is_file():
        make_venv(folder)
        pip_install(python, "--require-hashes", "-r", str(REQUIREMENTS / "build.txt"))
        (folder / "complete").touch()
    return python


def hearth_wheel() -> Path:
    """A wheel that points to this folder, so that a `git pull` needs no new installation."""
    out = CACHE / "editable" / digest(str(TOP))[:16]
    shutil.rmtree(out, ignore_errors=True)
    done = output_of(build_tools(), "-m", "hatchling", "build", "-t", "wheel:editable", "-d", str(out))
    if done.returncode != 0:
        stop(f"{done.stdout}{done.stderr}\nHearth's own package could not be built; the lines above say why.")
    return sorted(out.glob("*.whl"))[0]


def make_venv(folder: Path) -> str:
    """A virtual environment with pip in it; kept where it exists and works."""
    python = folder / "bin/python"
    if not (python.exists() and output_of(str(python), "-m", "pip", "--version").returncode == 0):
        shutil.rmtree(folder, ignore_errors=True)
        made = output_of(sys.executable, "-m", "venv", str(folder))
        if made.returncode != 0:
            advice = "Python cannot make a virtual environment. Debian and Ubuntu: sudo apt install python3-venv"
            stop(f"{made.stdout}{made.stderr}\n{advice}")
    return str(python)


def digest_of(*files: Path) -> str:
    """One fingerprint of the contents of several files and of the Python that runs them."""
    return digest(sys.version, *(file.read_text() for file in files))


def digest(*parts: str) -> str:
    """SHA-256 over the parts, each ended by a zero byte."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def version_of(compiler: str) -> str:
    """What the compiler says of its version."""
    return output_of(compiler, "--version").stdout.partition("\n")[0]


def output_of(*command: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in the top folder and keep what it prints."""
    return subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)


def pip_install(python: str, *arguments: str) -> None:
    """Install exactly what is named, dependencies not resolved; stop with pip's own words when it fails."""
    command = [python, "-m", "pip", "install", "--quiet", "--no-deps", *arguments]
    if subprocess.run(command, check=False).returncode != 0:
        stop("Installing Python packages failed; the lines above say why. Is there an internet connection?")


def say(line: str) -> None:
    """Tell the person what takes time."""
    sys.stderr.write(line + "\n")


def stop(message: str) -> NoReturn:
    """End with a message that says what to do."""
    sys.exit("\n" + message)


if __name__ == "__main__":
    main()
