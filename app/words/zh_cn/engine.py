"""Simplified Chinese sentences about: engine."""

SENTENCES: dict[str, str] = {
    "queue_full": "已有 {waiting} 条回复在排队，暂时无法再加。请一分钟后再试。",
    "prompt_too_long": "内容共 {tokens} 个 token，而模型最多接受 {limit} 个。请缩短消息，或新建一个对话。",
    "prompt_does_not_fit": "{model} 无法容纳这么多文字（{detail}）。请缩短消息，或新建一个对话。",
    "engine_closed": "Hearth 正在关闭。请在它恢复后重新发送。",
    "worker_start_failed": "无法启动 {model} 的引擎：{detail}。请关闭本机上的其他程序后再试。",
    "worker_died": "{model} 的引擎意外停止（状态 {status}）。请重新发送消息。",
    "worker_died_killed": (
        "{model} 的引擎被终止（{signal}），很可能是本机内存不足。请重新发送消息；"
        "如果再次发生，请换用更小的模型或更短的上下文。"
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
    "model_load_failed": "无法加载 {model}：{detail}。请重新下载或转换，或换一个模型。",
    "model_architecture_unknown": "此版本的 Hearth 无法运行 {model}：{detail}。请换一个模型，或更新 Hearth。",
    "model_memory": (
        "内存不足，无法加载 {model}：{detail}。请换用更小的模型，或调低 HEARTH_CONTEXT_TOKENS 或 HEARTH_SLOTS。"
    ),
    "decode_failed": "{model} 无法继续这条回复（{detail}）。请重新发送消息。",
    "template_broken": "{model} 自带的对话模板无法使用：{detail}。请换用该模型的另一个文件。",
    "template_refused": "{model} 的对话模板不接受这段对话：{detail}。请新建一个对话，或换一个模型。",
    "template_too_large": "{model} 自带的对话模板输出没有尽头。请换用该模型的另一个文件。",
    "template_too_slow": "{model} 自带的对话模板运行超过 {seconds} 秒，已被停止。请换用该模型的另一个文件。",
    "vocabulary_too_slow": "读取 {model} 的词表超过 {seconds} 秒。请检查磁盘后再试。",
    "renderer_died": "为 {model} 准备文本时意外失败。请重试，或换一个模型。",
}
