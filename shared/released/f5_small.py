"""F5-TTS as first released, such as F5TTS_Base and F5TTS_Small."""

from typing import ClassVar

from shared.released.f5 import F5


class F5Small(F5):
    """One head turned by RoPE, fillers past the text's end."""

    name = "f5_small"
    title = "F5-TTS's transformer before v1, F5TTS_Small or Base (model_*.safetensors and vocab.txt)"
    switches: ClassVar = {"text_mask_padding": False, "rotary_heads": 1}
