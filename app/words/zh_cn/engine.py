"""Simplified Chinese sentences about: engine."""

SENTENCES: dict[str, str] = {
    "queue_full": "已有 {waiting} 条回复在排队，暂时无法再加。请一分钟后再试。",
    "prompt_too_long": "内容共 {tokens} 个 token，而模型最多接受 {limit} 个。请缩短消息，或新建一个对话。",
    "prompt_does_not_fit": "{model} 无法容纳这么多文字（{detail}）。请缩短消息，或新建一个对话。",
    "engine_closed": "Hearth 正在关闭。请在它恢复后重新发送。",
    "backend_unusable": (
        "无法加载 {model}：llama.cpp 的计算库在这里不可用：{detail}。请运行 `hearth doctor` 找出可用的。"
    ),
    "worker_start_failed": "无法启动 {model} 的引擎：{detail}。请关闭本机上的其他程序后再试。",
    "worker_died": "{model} 的引擎意外停止（状态 {status}）。请重新发送消息。",
    "worker_died_killed": (
        "{model} 的引擎被终止（{signal}），很可能是本机内存不足。请重新发送消息；"
        "如果再次发生，请换用更小的模型或更短的上下文。"
    ),
    "worker_died_out_of_memory": (
        "这台机器的内存耗尽，系统结束了 {model} 的引擎。请关闭其他程序、选择更小的模型，"
        "或调低 HEARTH_CONTEXT_TOKENS，然后重新发送消息。"
    ),
    "worker_hung": "{model} 的引擎有 {seconds} 秒毫无动静，已被结束。请重新发送消息，新的引擎会自动启动。",
    "worker_nonsense": (
        "{model} 的引擎给出了无法理解的回应，已被结束。请重新发送消息；如果再次发生，请重新下载该模型或选择其他模型。"
    ),
    "worker_died_illegal_instruction": (
        "{model} 的引擎使用了本机处理器不支持的指令（{signal}）。请运行 `hearth doctor`，并为本机处理器构建或选择引擎。"
    ),
    "worker_died_crashed": (
        "{model} 的引擎崩溃了（{signal}）。请重新发送消息；如果再次发生，请重新下载该模型或换一个模型。"
    ),
    "model_keeps_crashing": (
        "{model} 已连续 {crashes} 次使引擎崩溃，现暂停使用。请在 {seconds} 秒后再试，或换一个模型。"
    ),
    "model_too_large": (
        "{model} 需要 {needs} 内存，而可用的只有 {available}。请改用放得下的 {quantization} 版本、"
        "选择更小的模型，或关闭其他程序。"
    ),
    "model_far_too_large": (
        "{model} 需要 {needs} 内存，而可用的只有 {available}，它的任何更小版本都放不下。"
        "请选择更小的模型，或关闭其他程序。"
    ),
    "model_unloaded": "{model} 在写这条回复时被移出了内存。请重新发送消息，它会再次加载。",
    "preempted": "有人需要使用模型，所以 Hearth 推迟了自己的工作，稍后会自动完成。",
    "model_load_failed": "无法加载 {model}：{detail}。请重新下载或转换，或换一个模型。",
    "model_architecture_unknown": "此版本的 Hearth 无法运行 {model}：{detail}。请换一个模型，或更新 Hearth。",
    "model_memory": (
        "内存不足，无法加载 {model}：{detail}。请换用更小的模型，或调低 HEARTH_CONTEXT_TOKENS 或 HEARTH_SLOTS。"
    ),
    "draft_vocabulary_differs": (
        "为 {model} 设置的草稿小模型使用不同的 token（{detail}）。请设置同一系列的更小模型，或不设置。"
    ),
    "draft_model_recurrent": ("为 {model} 设置的草稿小模型无法撤回猜测（{detail}）。请设置另一个模型，或不设置。"),
    "decode_failed": "{model} 无法继续这条回复（{detail}）。请重新发送消息。",
    "template_broken": "{model} 自带的对话模板无法使用：{detail}。请换用该模型的另一个文件。",
    "template_refused": "{model} 的对话模板不接受这段对话：{detail}。请新建一个对话，或换一个模型。",
    "template_too_large": "{model} 自带的对话模板输出没有尽头。请换用该模型的另一个文件。",
    "template_too_slow": "{model} 自带的对话模板运行超过 {seconds} 秒，已被停止。请换用该模型的另一个文件。",
    "vocabulary_too_slow": "读取 {model} 的词表超过 {seconds} 秒。请检查磁盘后再试。",
    "renderer_died": "为 {model} 准备文本时意外失败。请重试，或换一个模型。",
    "sampling_invalid": "{name} 不能是 {value}。请在允许的范围内取值，或不填此项。",
    "grammar_invalid": "无法遵循此语法：{detail}。请修正语法后再试。",
    "json_schema_unsupported": "无法让回答遵循此 JSON schema：{reason}。请从 schema 中去掉这部分后再试。",
    "text_too_long": "有一段文字对 {model} 来说太长（{detail}）。请切成更短的片段后再试。",
    "embedding_tokens": "这里只接受文本，不接受 token 编号列表。请直接发送文本。",
    "model_writes_nothing": "{model} 只能把文本转换为向量。请选择其他模型来聊天。",
    "embedding_not_supported": "{model} 不能把文本转换为向量（{detail}）。请选择专门用于向量嵌入的模型。",
}
