"""The quantizations that Hearth offers. Knows their names only, so that whoever lists them need not load llama.cpp."""

from collections.abc import Mapping
from typing import Final

QUANTIZATIONS: Final = (
    "Q8_0", "Q6_K", "Q5_K_M", "Q5_K_S", "Q5_1", "Q5_0", "Q4_K_M", "Q4_K_S", "IQ4_NL", "IQ4_XS", "Q4_1", "Q4_0",
    "Q3_K_L", "Q3_K_M", "Q3_K_S", "IQ3_M", "IQ3_S", "Q2_K", "Q2_0", "TQ2_0", "TQ1_0", "BF16", "F16", "F32",
)  # fmt: skip
# What needs an importance matrix, and the nearest that does not.
NEED_IMATRIX: Final[Mapping[str, str]] = {
    "IQ3_XS": "IQ3_S",
    "IQ3_XXS": "IQ3_S",
    "Q2_K_S": "Q2_K",
    "IQ2_M": "Q2_K",
    "IQ2_S": "Q2_K",
    "IQ2_XS": "Q2_K",
    "IQ2_XXS": "Q2_K",
    "IQ1_M": "Q2_K",
    "IQ1_S": "Q2_K",
}
