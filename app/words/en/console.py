"""English sentences about: the command line."""

SENTENCES: dict[str, str] = {
    "port_taken": (
        "Port {port} on {host} is taken by another program. Stop that program, or take another port:"
        " HEARTH_PORT=7861 make run"
    ),
    "address_unusable": (
        "Hearth cannot listen on {host}:{port} ({reason}). Check HEARTH_HOST: 127.0.0.1 is this machine only,"
        " 0.0.0.0 is every network it is in."
    ),
    "settings_invalid": "The setting {name} is not valid: {reason}. README lists what each setting takes.",
    "settings_file_invalid": "The settings file {path} cannot be read: {reason}. It must be TOML, such as: port = 7861",
    "data_dir_in_use": (
        "Another Hearth is running with the data folder {path}. Stop it first, or name another in HEARTH_DATA_DIR."
    ),
    "settings_unknown": "Hearth knows no setting {name}, and leaves it alone. Is it misspelled? README lists them all.",
    "listening": "Hearth is ready: {address}",
    "set_up_here": "There is no account yet. Open {link} or enter this one-time setup token on the page:",
    "set_up_file": "(It is also in the file {path}, for your eyes only.)",
    "user_added": "{name} may sign in now.",
    "password_changed": "The password of {name} is changed. {name} is signed out everywhere.",
    "password_prompt": "Password for {name}",
    "passwords_differ": "The two passwords are not the same. Nothing was changed; please try again.",
    "token_created": "This token lets a program speak as {name}. It is shown only now:",
    "converted": "Written: {path} ({size}).",
    "chat_hello": "Chatting with {model}. An empty line or Ctrl-D ends.",
    "chat_guide_hello": (
        "Chatting with the built-in Guide: a very small model that answers about Hearth only."
        " An empty line or Ctrl-D ends."
    ),
    "server_refused": "{url} answered: {message}",
    "server_unreachable": "Nothing answers at {url} ({reason}). Is Hearth running there?",
    "chat_token_missing": "Give an API token with --token or in HEARTH_TOKEN. Make one with: hearth tokens create",
    "worker_task_died": "The work ended in the middle ({reason}). Nothing but the unfinished file was touched.",
    "doctor_version": "Hearth {version}, Python {python}, {system}",
    "doctor_cpu": "Processor: {model} ({features})",
    "doctor_cpu_plain": "Processor: {model}. It has no AVX2, so answers will come slowly; small models are best.",
    "doctor_threads_cores": "Threads: {threads}, one for each core of this machine.",
    "doctor_threads_affinity": "Threads: {threads}; this process may use {affinity} of {online} cores (CPU affinity).",
    "doctor_threads_cpuset": "Threads: {threads}; the container is pinned to {cpuset} of {online} cores (cpuset).",
    "doctor_threads_quota": "Threads: {threads}; the container's CPU quota is {quota} of {online} cores.",
    "doctor_memory": "Memory: {available} of {total} can be had now.",
    "doctor_memory_limited": "Memory: {available} can be had now; the container is limited to {limit} of {total}.",
    "doctor_memory_arc": "ZFS holds {arc} of it as its cache, and gives that back when a model needs it.",
    "doctor_gpu": "Graphics card: {name}, {free} of {total} free.",
    "doctor_gpu_unused": (
        "Graphics card: {name}, {free} of {total} free. This build of llama.cpp computes on the CPU only: install the"
        " driver's development kit, then run CMAKE_ARGS=-DGGML_CUDA=ON make install (AMD: -DGGML_HIP=ON or"
        " -DGGML_VULKAN=ON)."
    ),
    "doctor_backend_cpu": "the CPU",
    "doctor_backend_variant": "the CPU variant {variant}",
    "doctor_backend_gpu": "the graphics card",
    "doctor_backend_plain": "{backend} without llama.cpp's extra weight buffers",
    "doctor_backend_right": (
        "Tried {backend}: the right text; it reads {reading} and writes {writing} tokens per second of the Guide."
    ),
    "doctor_backend_wrong": "Tried {backend}: the text was wrong ({detail}), so it is not used.",
    "doctor_backend_died": "Tried {backend}: it crashed ({detail}), so it is not used.",
    "doctor_backend_hung": "Tried {backend}: it hung and was stopped, so it is not used.",
    "doctor_backend_refused": "Tried {backend}: it could not be started ({detail}), so it is not used.",
    "doctor_backend_chosen": "Engine: Hearth computes with {backend}, the best that works here.",
    "doctor_backend_none": (
        "Engine: no way to compute works here; the lines above say how each one failed. Run make install again, so"
        " that llama.cpp is built for this processor."
    ),
    "doctor_backend_given_up": (
        "Hearth gave up {backend} on {at}, because the engine died of it ({reason}). To try it again, stop Hearth,"
        " delete {path}, and run hearth doctor."
    ),
    "doctor_data_dir": "Data folder: {path}, {free} free.",
    "doctor_data_dir_network": (
        "Data folder: {path} lies on a network share ({kind}). SQLite loses data there: put HEARTH_DATA_DIR on a"
        " local disk."
    ),
    "doctor_data_dir_unwritable": (
        "Data folder: {path} cannot be written by user {uid}. Give it to that user: sudo chown -R {uid} {path}"
    ),
    "doctor_models_dir": "Models folder: {path}, {count} models, {free} free.",
    "doctor_models_dir_missing": "Models folder: {path} does not exist. Make it, or name another in HEARTH_MODELS_DIR.",
    "doctor_model_problem": "Model {name}: {problem}",
    "doctor_engine": "Engine: llama.cpp runs the Guide here at {speed} tokens per second ({threads} threads).",
    "doctor_engine_broken": "Engine: llama.cpp does not run here: {problem}",
    "doctor_database": "Database: {url} answers.",
    "doctor_database_none": "Database: {url} is not there yet; the first start makes it.",
    "doctor_database_broken": "Database: {problem}",
    "bench_model_unknown": (
        "{model} is no GGUF file and no shape that can be made. Give the path of a file, or one of {shapes} with a"
        " vocabulary of {vocabularies} and a quantization such as Q4_K_M."
    ),
    "bench_streams_invalid": "--streams {streams} is not valid. Give numbers from 1 to {most}, such as 1,4,8.",
    "bench_not_ready": "The server to be measured did not answer within {seconds} seconds. Try again on a quieter box.",
    "bench_refused": "The server to be measured gave no whole answer: {answer}. Try a smaller --context or --streams.",
}
