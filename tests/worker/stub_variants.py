"""CPU backends to load while a child runs: one that is llama.cpp's own, and ones that fail as real ones do.

A worker of here takes the linked-in CPU backend away first, as if llama.cpp had been built without one.
"""

import ctypes
import shutil
import subprocess
from pathlib import Path

from llama_cpp import llama_cpp as c

from app.child import ChildPipe
from app.worker import main

OWN = "void *ggml_backend_cpu_reg(void); void *ggml_backend_init(void) { return ggml_backend_cpu_reg(); }"
SOURCES = {
    "own": OWN,
    "illegal": "void *ggml_backend_init(void) { __builtin_trap(); }",
    "unsuited": f"int ggml_backend_score(void) {{ return 0; }} {OWN}",
}
COMPILER = shutil.which("cc")


def build(folder: Path) -> None:
    """Compile all of them into `folder`."""
    assert COMPILER is not None
    own_folder = Path(c._lib._name).parent
    for name, source in SOURCES.items():
        file = folder / f"{name}.c"
        file.write_text(source)
        library = folder / f"libggml-cpu-{name}.so"
        linking = [f"-L{own_folder}", f"-Wl,-rpath,{own_folder}", "-lggml-cpu"]
        subprocess.run([COMPILER, "-shared", "-fPIC", "-o", library, file, *linking], check=True)


def worker(pipe: ChildPipe) -> None:
    """The real worker, without a CPU backend that is linked in."""
    ggml = c._lib
    ggml.ggml_backend_reg_get.restype = ctypes.c_void_p
    ggml.ggml_backend_reg_get.argtypes = [ctypes.c_size_t]
    ggml.ggml_backend_unload.argtypes = [ctypes.c_void_p]
    while ggml.ggml_backend_reg_count():
        ggml.ggml_backend_unload(ggml.ggml_backend_reg_get(0))
    main.run(pipe)
