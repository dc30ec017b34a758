"""English sentences about: weights."""

SENTENCES: dict[str, str] = {
    "architecture_unsupported": "Hearth cannot convert models of the kind {name}; it knows: {supported}. "
    "Look for a GGUF file of this model instead.",
    "checkpoint_file_missing": "{file} is missing in {folder}. Download the whole model folder again.",
    "checkpoint_folder_missing": "There is no folder {folder}. Give the folder that holds config.json.",
    "checkpoint_is_gguf": "{folder} holds a GGUF file, which needs no conversion. Put it into the models folder.",
    "checkpoint_meta_format": "{folder} is in Meta's own format (consolidated.*.pth). "
    "Download the Hugging Face version of the model, with model.safetensors.",
    "checkpoint_no_weights": "There is no model.safetensors in {folder}. Download the whole model folder again.",
    "checkpoint_only_pickle": "{folder} holds its weights as pytorch_model.bin, a format that can carry programs. "
    "Hearth does not open it: look for a version of the model with safetensors files.",
    "checkpoint_quantized": "These weights are already quantized ({method}). Convert the original, unquantized model.",
    "checkpoint_unreadable": "{file} cannot be read: {reason}. Check the file's permissions and the disk.",
    "config_value_wrong": "config.json has no usable value for {key} (it says {value}). Download the model again.",
    "disk_full": "Not enough room in {folder}: {needed} needed, {free} free. Free some space or choose another disk.",
    "gguf_big_endian": "{file} is a big-endian GGUF file. Download the ordinary little-endian one.",
    "gguf_header_corrupt": "{file} is damaged: {detail}. Download or convert it again.",
    "gguf_is_split": "{file} is one of {count} parts of a model. Join the parts into one file first.",
    "gguf_missing": "There is no file {file}. Check the path.",
    "gguf_no_weights": "{file} has no weights in it (only a vocabulary, or only extras). Choose the model's own file.",
    "gguf_not_gguf": "{file} is not a GGUF file. Choose a file that ends in .gguf, or convert the model first.",
    "gguf_tensor_type_unknown": "{file} uses a kind of numbers that this Hearth does not know (tensor {tensor}, "
    "type {type}). Update Hearth, or choose another quantization of the model.",
    "gguf_truncated": "{file} is not complete: it ends after {file_bytes} bytes. Download or copy it again.",
    "gguf_unreadable": "{file} cannot be read: {reason}. Check the file's permissions and the disk.",
    "gguf_version_unsupported": "{file} is GGUF version {version}; Hearth reads versions 2 and 3. "
    "Look for a newer file of this model, or update Hearth.",
    "json_wrong": "{file} is damaged: {detail}. Download the model again.",
    "output_exists": "{file} exists already. Choose another name, or remove it first.",
    "output_folder_missing": "There is no folder {folder}. Make it first, or choose another one.",
    "output_in_work": "{file} is being written by somebody else. Wait until that is done, or choose another name.",
    "output_type_unknown": "{type} is no type to convert to. Choose one of: {known}; quantize the result afterwards.",
    "output_unwritable": "{file} cannot be written: {reason}. Check the folder's permissions and the disk.",
    "pre_tokenizer_unknown": "Hearth does not know this way to split text into words: {found}. "
    "Look for a GGUF file of this model instead.",
    "quantization_needs_imatrix": "{name} needs an importance matrix. Choose {instead}, which works without one.",
    "quantization_unknown": "There is no quantization {name}. Choose one of: {known}.",
    "quantize_failed": "llama.cpp could not quantize the file: {reason}. "
    "Check the source with `hearth models inspect`.",
    "quantize_onto_itself": "{file} would be written over itself. Choose another name for the result.",
    "quantize_source_quantized": "{file} is already quantized ({quantization}); quantizing again would harm it. "
    "Start from the F16, BF16 or F32 file of the model.",
    "result_wrong": "{file} did not come out as it should, and was removed. Please try again; "
    "report it if it happens again.",
    "rope_scaling_unsupported": "Hearth does not know the position scaling {kind} of this model. "
    "Look for a GGUF file of it instead.",
    "safetensors_corrupt": "{file} is damaged: {detail}. Download it again.",
    "safetensors_truncated": "{file} is not complete. Download it again.",
    "tensor_dtype_unsupported": "The tensor {tensor} is stored as {dtype}. Hearth converts F32, F16 and BF16: "
    "download the original, unquantized model.",
    "tensor_shape_wrong": "The tensor {tensor} has the shape {found} and not {expected}: "
    "config.json and the weights do not belong together. Download the whole model folder again.",
    "tensors_missing": "These tensors are missing: {names}. Download the whole model folder again.",
    "tensors_unexpected": "The model has tensors that a Llama does not have: {names}. "
    "Look for a GGUF file of this model instead.",
    "tokenizer_kind_unsupported": "The tokenizer in {folder} is no tokenizer.json, the only kind that Hearth converts. "
    "Look for a version with tokenizer.json, or for a GGUF file.",
    "tokenizer_larger_than_model": "The tokenizer has a token {token_id}, but the model only {size} of them: "
    "they do not belong together. Download the whole model folder again.",
    "tokenizer_missing": "There is no tokenizer.json in {folder}. Download the whole model folder again.",
    "tokenizer_model_unsupported": "Hearth converts byte-level BPE tokenizers only, and this one is {kind}. "
    "Look for a GGUF file of this model instead.",
    "tokenizer_normalizer_unsupported": "This tokenizer rewrites text before splitting it, which Hearth cannot carry "
    "over. Look for a GGUF file of this model instead.",
    "weights_not_finite": "The tensor {tensor} holds numbers that are none (NaN or infinity). "
    "Download the model again.",
    "weights_too_large_for_f16": "The tensor {tensor} holds numbers too large for f16. Convert to bf16 instead.",
    "vocabulary_too_small": "A vocabulary of {size} tokens cannot be made. Take {least} or more.",
}
