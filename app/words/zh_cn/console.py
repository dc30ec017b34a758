"""Simplified Chinese sentences about: the command line."""

SENTENCES: dict[str, str] = {
    "port_taken": "{host} 的端口 {port} 已被其他程序占用。请停止该程序，或换一个端口：HEARTH_PORT=7861 make run",
    "address_unusable": (
        "Hearth 无法监听 {host}:{port}（{reason}）。请检查 HEARTH_HOST：127.0.0.1 仅限本机，0.0.0.0 为所有网络。"
    ),
    "settings_invalid": "设置 {name} 无效：{reason}。各项设置的取值见 README。",
    "settings_file_invalid": "无法读取设置文件 {path}：{reason}。它必须是 TOML 格式，例如：port = 7861",
    "data_dir_in_use": "另一个 Hearth 正在使用数据文件夹 {path}。请先停止它，或用 HEARTH_DATA_DIR 指定另一个文件夹。",
    "settings_unknown": "Hearth 没有名为 {name} 的设置，已忽略。是否拼写有误？全部设置见 README。",
    "listening": "Hearth 已就绪：{address}",
    "set_up_here": "还没有任何账户。请打开 {link}，或在页面上输入这个一次性设置令牌：",
    "set_up_file": "（它也保存在文件 {path} 中，只有你能读取。）",
    "user_added": "{name} 现在可以登录了。",
    "password_changed": "{name} 的密码已更改，并已在所有设备上退出登录。",
    "password_prompt": "{name} 的密码",
    "passwords_differ": "两次输入的密码不一致。没有任何更改，请重试。",
    "token_created": "程序可以用这个令牌以 {name} 的身份访问。它只显示这一次：",
    "converted": "已写入：{path}（{size}）。",
    "chat_hello": "正在与 {model} 对话。输入空行或按 Ctrl-D 结束。",
    "chat_guide_hello": "正在与内置向导对话：它是一个很小的模型，只回答关于 Hearth 的问题。输入空行或按 Ctrl-D 结束。",
    "server_refused": "{url} 的回答：{message}",
    "server_unreachable": "{url} 没有响应（{reason}）。Hearth 在那里运行吗？",
    "chat_token_missing": "请用 --token 或 HEARTH_TOKEN 提供 API 令牌。创建令牌：hearth tokens create",
    "worker_task_died": "任务中途结束（{reason}）。除未完成的文件外，其他内容没有改动。",
    "doctor_version": "Hearth {version}，Python {python}，{system}",
    "doctor_cpu": "处理器：{model}（{features}）",
    "doctor_cpu_plain": "处理器：{model}。它没有 AVX2，回答会比较慢，最好使用小模型。",
    "doctor_threads_cores": "线程：{threads}，本机每个核心一个。",
    "doctor_threads_affinity": "线程：{threads}；本进程可以使用 {online} 个核心中的 {affinity} 个（CPU 亲和性）。",
    "doctor_threads_cpuset": "线程：{threads}；容器被固定在 {online} 个核心中的 {cpuset} 个上（cpuset）。",
    "doctor_threads_quota": "线程：{threads}；容器的 CPU 配额为 {online} 个核心中的 {quota} 个。",
    "doctor_memory": "内存：共 {total}，现在可用 {available}。",
    "doctor_memory_limited": "内存：现在可用 {available}；容器上限为 {limit}（共 {total}）。",
    "doctor_memory_arc": "其中 {arc} 是 ZFS 的缓存，模型需要时会让出来。",
    "doctor_gpu": "显卡：{name}，{total} 中剩余 {free}。",
    "doctor_gpu_unused": (
        "显卡：{name}，{total} 中剩余 {free}。当前的 llama.cpp 只用 CPU 计算：请安装驱动的开发工具包，"
        "再运行 CMAKE_ARGS=-DGGML_CUDA=ON make install（AMD：-DGGML_HIP=ON 或 -DGGML_VULKAN=ON）。"
    ),
    "doctor_backend_cpu": "CPU",
    "doctor_backend_variant": "CPU 变体 {variant}",
    "doctor_backend_gpu": "显卡",
    "doctor_backend_plain": "{backend}（不用 llama.cpp 的额外权重缓冲区）",
    "doctor_backend_right": "已试 {backend}：文本正确；向导模型每秒读取 {reading} 个、写出 {writing} 个词元。",
    "doctor_backend_wrong": "已试 {backend}：文本不正确（{detail}），因此不使用。",
    "doctor_backend_died": "已试 {backend}：它崩溃了（{detail}），因此不使用。",
    "doctor_backend_hung": "已试 {backend}：它没有反应，已被停止，因此不使用。",
    "doctor_backend_refused": "已试 {backend}：无法启动（{detail}），因此不使用。",
    "doctor_backend_chosen": "引擎：Hearth 使用 {backend} 计算，这是本机上能用的最好方式。",
    "doctor_backend_none": (
        "引擎：本机没有可用的计算方式，上面几行说明了各自的失败原因。请重新运行 make install，"
        "为本机处理器编译 llama.cpp。"
    ),
    "doctor_backend_given_up": (
        "Hearth 于 {at} 放弃了 {backend}，因为引擎因它而终止（{reason}）。要再次尝试，请停止 Hearth，删除 {path}，"
        "然后运行 hearth doctor。"
    ),
    "doctor_data_dir": "数据文件夹：{path}，剩余 {free}。",
    "doctor_data_dir_network": (
        "数据文件夹：{path} 位于网络共享（{kind}）上。SQLite 在那里会丢失数据：请把 HEARTH_DATA_DIR 放在本地磁盘上。"
    ),
    "doctor_data_dir_unwritable": "数据文件夹：用户 {uid} 无法写入 {path}。请更改所有者：sudo chown -R {uid} {path}",
    "doctor_models_dir": "模型文件夹：{path}，{count} 个模型，剩余 {free}。",
    "doctor_models_dir_missing": "模型文件夹：{path} 不存在。请创建它，或用 HEARTH_MODELS_DIR 指定另一个。",
    "doctor_model_problem": "模型 {name}：{problem}",
    "doctor_engine": "引擎：llama.cpp 在这里运行向导模型，每秒 {speed} 个词元（{threads} 个线程）。",
    "doctor_engine_broken": "引擎：llama.cpp 无法在这里运行：{problem}",
    "doctor_database": "数据库：{url} 正常。",
    "doctor_database_none": "数据库：{url} 还不存在，第一次启动时会创建。",
    "doctor_database_broken": "数据库：{problem}",
    "bench_model_unknown": (
        "{model} 既不是 GGUF 文件，也不是可以生成的规格。请给出文件路径，或 {shapes} 之一，"
        "词表 {vocabularies}，以及 Q4_K_M 之类的量化类型。"
    ),
    "bench_streams_invalid": "--streams {streams} 无效。请给出 1 到 {most} 的数字，例如 1,4,8。",
    "bench_not_ready": "要测量的服务器在 {seconds} 秒内没有应答。请在设备空闲时重试。",
    "bench_refused": "要测量的服务器没有给出完整的回答：{answer}。请减小 --context 或 --streams 再试。",
}
