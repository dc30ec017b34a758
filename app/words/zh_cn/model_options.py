"""Chinese sentences about how a model is to run: its options, adapters, prompt format and positions."""

SENTENCES: dict[str, str] = {
    "prompt_format_unknown": "没有名为 {name} 的提示格式。请从这些中选择，或留空：{known}。",
    "option_unknown": "模型没有名为 {name} 的选项。可以设置的有：{known}。",
    "option_invalid": "选项 {name} 不能是 {value}。可用的值：{known}。",
    "adapter_unknown": (
        "模型文件夹中没有名为 {name} 的 LoRA 适配器。请把它的 GGUF 文件放进去，或从模型的选项 loras 中去掉它。"
    ),
    "adapter_other_model": (
        "LoRA 适配器 {name} 是为 {architecture} 类模型制作的，而 {model} 是 {wanted}。请选择由这个模型制作的适配器。"
    ),
    "lora_does_not_fit": (
        "{model} 的一个 LoRA 适配器与它不匹配：{detail}。请选择由这个模型制作的适配器，或从模型的选项 loras 中去掉它。"
    ),
    "rope_factor_invalid": "上下文不能拉伸 {value} 倍。请给出 1 到 {most} 之间的倍数。",
    "rope_note_file": "位置编码按模型文件所述。没有任何代价。",
    "rope_note_none": (
        "不论模型文件怎么说，完全不拉伸位置：模型处于最佳状态，但记不住超出最初训练长度的内容。上下文也因此只有那么长。"
    ),
    "rope_note_linear": (
        "把位置压缩得更近。回答会立刻变差，短对话也不例外，超过 2 倍后更明显；适合以这种方式继续训练过的模型。"
    ),
    "rope_note_ntk": (
        "提高位置编码的基数。任何模型在约 2 倍以内，短对话几乎没有损失；较长上下文的末尾可能不太可靠，并需要更多内存。"
    ),
    "rope_note_yarn": (
        "按频率拉伸位置。2 到 4 倍时损失最小，短对话会略微变差；最适合用它继续训练过的模型。较长的上下文需要更多内存。"
    ),
    "model_unreadable": "现在无法读取 {model} 的文件。请检查磁盘后再试。",
    "model_options_default": "{model} 按 Hearth 的判断运行：没有设置任何选项。",
    "adapter_listed": "LoRA 适配器：hearth models options 模型 loras=名称",
    "option_takes": "可用：{known}",
    "option_pair": "请把选项写成 名称=值，例如 kv_type=q8_0；{given} 不是。“名称=”会取消它。",
}
