"""F5-TTS v1, such as F5TTS_v1_Base."""

from typing import ClassVar

from shared.released.f5 import F5


class F5V1(F5):
    """All heads turned by RoPE, the text masked past its end."""

    name = "f5_v1"
    title = "F5-TTS v1's transformer (model_*.safetensors and vocab.txt)"
    switches: ClassVar = {"text_mask_padding": True}
