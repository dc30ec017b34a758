"""Chinese sentences about: weights."""

SENTENCES: dict[str, str] = {
    "architecture_unsupported": "Hearth 无法转换 {name} 类型的模型；目前支持：{supported}。"
    "请改为寻找该模型的 GGUF 文件。",
    "checkpoint_file_missing": "{folder} 中缺少 {file}。请重新下载整个模型文件夹。",
    "checkpoint_folder_missing": "文件夹 {folder} 不存在。请指定包含 config.json 的文件夹。",
    "checkpoint_is_gguf": "{folder} 中已是 GGUF 文件，无需转换。请把它放进模型文件夹。",
    "checkpoint_meta_format": "{folder} 是 Meta 自有格式（consolidated.*.pth）。"
    "请下载带 model.safetensors 的 Hugging Face 版本。",
    "checkpoint_no_weights": "{folder} 中没有 model.safetensors。请重新下载整个模型文件夹。",
    "checkpoint_only_pickle": "{folder} 的权重是 pytorch_model.bin，这种格式可能携带程序，Hearth 不会打开它。"
    "请寻找带 safetensors 文件的版本。",
    "checkpoint_quantized": "这些权重已经量化过（{method}）。请转换未量化的原始模型。",
    "checkpoint_unreadable": "无法读取 {file}：{reason}。请检查文件权限和磁盘。",
    "config_value_wrong": "config.json 中的 {key} 不可用（其值为 {value}）。请重新下载模型。",
    "disk_full": "{folder} 空间不足：需要 {needed}，剩余 {free}。请清理空间或换一块磁盘。",
    "gguf_big_endian": "{file} 是大端序 GGUF 文件。请下载普通的小端序版本。",
    "gguf_header_corrupt": "{file} 已损坏：{detail}。请重新下载或重新转换。",
    "gguf_is_split": "{file} 只是模型 {count} 个分卷中的一个。请先把分卷合并成一个文件。",
    "gguf_missing": "文件 {file} 不存在。请检查路径。",
    "gguf_no_weights": "{file} 中没有权重（只有词表或附加数据）。请选择模型本身的文件。",
    "gguf_not_gguf": "{file} 不是 GGUF 文件。请选择以 .gguf 结尾的文件，或先转换模型。",
    "gguf_tensor_type_unknown": "{file} 使用了当前 Hearth 不认识的数值类型（张量 {tensor}，类型 {type}）。"
    "请更新 Hearth，或选择该模型的其他量化版本。",
    "gguf_truncated": "{file} 不完整：只有 {file_bytes} 字节。请重新下载或复制。",
    "gguf_unreadable": "无法读取 {file}：{reason}。请检查文件权限和磁盘。",
    "gguf_version_unsupported": "{file} 是 GGUF 第 {version} 版；Hearth 只能读取第 2 和第 3 版。"
    "请寻找该模型的较新文件，或更新 Hearth。",
    "json_wrong": "{file} 已损坏：{detail}。请重新下载模型。",
    "output_exists": "{file} 已存在。请换一个名字，或先删除它。",
    "output_folder_missing": "文件夹 {folder} 不存在。请先创建它，或选择其他文件夹。",
    "output_in_work": "{file} 正在被其他任务写入。请等待其完成，或换一个名字。",
    "output_type_unknown": "不能转换为 {type}。请选择：{known}；之后可以再量化结果。",
    "output_unwritable": "无法写入 {file}：{reason}。请检查文件夹权限和磁盘。",
    "pre_tokenizer_unknown": "Hearth 不认识这种切分文本的方式：{found}。请改为寻找该模型的 GGUF 文件。",
    "quantization_needs_imatrix": "{name} 需要重要性矩阵。请选择无需矩阵的 {instead}。",
    "quantization_unknown": "没有名为 {name} 的量化类型。请选择：{known}。",
    "quantize_failed": "llama.cpp 无法量化该文件：{reason}。请用 `hearth models inspect` 检查源文件。",
    "quantize_onto_itself": "{file} 会被自身覆盖。请为结果换一个名字。",
    "quantize_source_quantized": "{file} 已经量化过（{quantization}），再次量化会损害它。"
    "请从该模型的 F16、BF16 或 F32 文件开始。",
    "result_wrong": "{file} 的结果不正确，已被删除。请重试；若仍出现，请报告此问题。",
    "rope_scaling_unsupported": "Hearth 不认识该模型的位置缩放方式 {kind}。请改为寻找它的 GGUF 文件。",
    "safetensors_corrupt": "{file} 已损坏：{detail}。请重新下载。",
    "safetensors_truncated": "{file} 不完整。请重新下载。",
    "tensor_dtype_unsupported": "张量 {tensor} 的存储类型是 {dtype}。Hearth 只转换 F32、F16 和 BF16："
    "请下载未量化的原始模型。",
    "tensor_shape_wrong": "张量 {tensor} 的形状是 {found}，而不是 {expected}：config.json 与权重不匹配。"
    "请重新下载整个模型文件夹。",
    "tensors_missing": "缺少这些张量：{names}。请重新下载整个模型文件夹。",
    "tensors_unexpected": "该模型含有 Llama 没有的张量：{names}。请改为寻找该模型的 GGUF 文件。",
    "tokenizer_kind_unsupported": "{folder} 中的分词器不是 tokenizer.json，而 Hearth 只转换这一种。"
    "请寻找带 tokenizer.json 的版本，或 GGUF 文件。",
    "tokenizer_larger_than_model": "分词器含有编号 {token_id} 的词元，但模型只有 {size} 个：两者不匹配。"
    "请重新下载整个模型文件夹。",
    "tokenizer_missing": "{folder} 中没有 tokenizer.json。请重新下载整个模型文件夹。",
    "tokenizer_model_unsupported": "Hearth 只转换字节级 BPE 分词器，而这个是 {kind}。请改为寻找该模型的 GGUF 文件。",
    "tokenizer_normalizer_unsupported": "该分词器会在切分前改写文本，Hearth 无法保留这一步。"
    "请改为寻找该模型的 GGUF 文件。",
    "weights_not_finite": "张量 {tensor} 中含有非数值（NaN 或无穷大）。请重新下载模型。",
    "weights_too_large_for_f16": "张量 {tensor} 中的数值超出 f16 的范围。请改为转换成 bf16。",
    "vocabulary_too_small": "无法生成只有 {size} 个词元的词表。请取 {least} 或更多。",
}
