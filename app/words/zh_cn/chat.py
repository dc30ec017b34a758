"""Chinese sentences about chats, messages, replies and which model answers."""

SENTENCES: dict[str, str] = {
    "chat_unknown": "没有这个对话，它可能已被删除。请从列表中选择其他对话，或新建一个。",
    "chat_busy": "此对话正在生成回答。请等它完成或先停止它，然后重新发送你的消息。",
    "message_unknown": "此对话中没有这条消息。请重新打开对话。",
    "message_empty": "消息是空的。请先写点内容。",
    "message_not_text": "消息中含有无法识别的字符。请删除后重新发送。",
    "message_too_long": (
        "消息对此模型来说太长：共 {tokens} 个 token，最多 {limit} 个。请缩短消息，或换用上下文更大的模型。"
    ),
    "parent_not_answer": "消息只能接在一条回答之后。请选择对应的回答，或重新提问。",
    "model_unknown": "没有名为 {name} 的模型。请选择其他模型，或把它的 GGUF 文件放入模型文件夹。",
    "model_not_chat": "{file} 不是可以对话的模型。请选择 GGUF 格式的语言模型。",
    "no_models": "没有可用的模型。请把 GGUF 文件放入文件夹 {folder}。",
    "reply_unknown": "没有这个回答，它所在的对话可能已被删除。请重新加载页面。",
    "reply_broken_off": "回答中断了。已写的内容已保存，请重试。",
    "reply_internal_error": "回答因 Hearth 的内部错误而结束。已写的内容已保存，请重试；若再次出现，请查看日志。",
    "reply_not_stored": (
        "回答尚未保存。请在数据文件夹所在磁盘上腾出空间：Hearth 运行期间会不断重试。"
        "停止 Hearth 之前，请先复制需要的内容。"
    ),
    "server_stopped": "写这个回答时 Hearth 被停止了。已写的内容已保存，请重试。",
    "server_stopping": "Hearth 正在停止。请等它重新运行后再试。",
    "summary_ask": (
        "请总结我们到目前为止的对话，以便你以后能继续：愿望、事实、名称、数字、决定和未解决的问题。"
        "最多 150 字，使用我们对话的语言，不要写别的。"
    ),
    "summary_asked": "请总结我们在那之后说了什么。",
}
