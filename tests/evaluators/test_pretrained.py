"""Evaluators by folder or hub id: small models of the papers' classes, saved as the hub has them."""

import json

import huggingface_hub.constants
import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save
from transformers import (
    Wav2Vec2FeatureExtractor,
    WavLMConfig,
    WavLMForXVector,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperProcessor,
    WhisperTokenizer,
)

from shared.config import ConfigError
from shared.evaluators.asr import SequenceRecogniser, load_recogniser
from shared.evaluators.speaker import SpeakerEmbedder
from shared.pretrained import locate, weights_sha256

RATE = 16_000


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)


@pytest.fixture
def whisper(tmp_path):
    """A Whisper of random weights with a byte-level tokenizer, in a folder."""
    from tokenizers.pre_tokenizers import ByteLevel

    vocabulary = {symbol: index for index, symbol in enumerate(sorted(ByteLevel.alphabet()))}
    end = len(vocabulary)
    (tmp_path / "vocab.json").write_text(json.dumps(vocabulary | {"<|endoftext|>": end}))
    (tmp_path / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = WhisperTokenizer(str(tmp_path / "vocab.json"), str(tmp_path / "merges.txt"))
    torch.manual_seed(0)
    config = WhisperConfig(
        vocab_size=len(tokenizer),
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        max_target_positions=16,
        decoder_start_token_id=end,
        pad_token_id=end,
        bos_token_id=end,
        eos_token_id=end,
        suppress_tokens=[],
        begin_suppress_tokens=[],
    )
    folder = tmp_path / "whisper"
    WhisperForConditionalGeneration(config).save_pretrained(folder)
    WhisperProcessor(WhisperFeatureExtractor(), tokenizer).save_pretrained(folder)
    return folder


@pytest.fixture
def wavlm(tmp_path):
    """A WavLM x-vector model of random weights, in a folder."""
    torch.manual_seed(0)
    config = WavLMConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        conv_dim=(8,) * 7,
        num_conv_pos_embeddings=8,
        num_conv_pos_embedding_groups=2,
        tdnn_dim=(8, 8, 12),
        tdnn_kernel=(5, 3, 3),
        tdnn_dilation=(1, 2, 3),
        xvector_output_dim=10,
    )
    folder = tmp_path / "wavlm"
    WavLMForXVector(config).save_pretrained(folder)
    Wav2Vec2FeatureExtractor().save_pretrained(folder)
    return folder


def noise(seconds: float) -> np.ndarray:
    return 0.1 * np.random.default_rng(0).standard_normal(int(RATE * seconds)).astype(np.float32)


def test_whisper_transcribes(whisper):
    recogniser = load_recogniser(str(whisper))
    assert isinstance(recogniser, SequenceRecogniser)
    assert isinstance(recogniser.transcribe(noise(0.5), RATE), str)
    assert recogniser.name == "WhisperForConditionalGeneration (local folder)" and len(recogniser.weights_sha256) == 64


@pytest.mark.parametrize("seconds", [0.05, 1.0])
def test_wavlm_embeds(wavlm, seconds):
    embedding = SpeakerEmbedder(str(wavlm)).embed(noise(seconds), RATE)
    assert embedding.shape == (10,) and np.isfinite(embedding).all()


def test_the_weights_file_stands_for_its_folder(wavlm):
    file = SpeakerEmbedder(str(wavlm / "model.safetensors"))
    assert file.weights_sha256 == SpeakerEmbedder(str(wavlm)).weights_sha256


def test_a_model_of_the_wrong_kind_is_refused(wavlm, whisper):
    with pytest.raises(ConfigError, match="no speaker embedding"):
        SpeakerEmbedder(str(whisper))


def test_pickled_weights_are_refused(wavlm):
    torch.save({}, wavlm / "pytorch_model.bin")
    (wavlm / "model.safetensors").unlink()
    with pytest.raises(ConfigError, match=r"model\.safetensors"):
        SpeakerEmbedder(str(wavlm))


def test_damage_to_a_folder_is_one_line_that_names_it(wavlm):
    weights = load_file(wavlm / "model.safetensors")
    whole = {path: path.read_bytes() for path in wavlm.iterdir()}
    first, *rest = weights
    absent = save({f"{name}!" if name == first else name: value for name, value in weights.items()})
    not_finite = save(weights | {first: torch.full_like(weights[first], torch.nan)})
    other_shape = save(weights | {rest[0]: torch.zeros(7)})
    damage = {"model.safetensors": (absent, not_finite, other_shape)}
    for path, content in whole.items():
        for damaged in (b"", content[: len(content) // 2], b"[1]", b"[" * 10**5, *damage.get(path.name, ())):
            path.write_bytes(damaged)
            with pytest.raises(ConfigError, match=rf"{wavlm}: .*; delete the folder") as caught:
                SpeakerEmbedder(str(wavlm))
            assert "\n" not in str(caught.value)
        path.write_bytes(content)
    assert SpeakerEmbedder(str(wavlm))


def test_an_uncached_hub_id_is_one_line_that_says_how_to_cache_it(monkeypatch):
    for load in (load_recogniser, SpeakerEmbedder):
        with pytest.raises(ConfigError, match=r"model nobody/nothing: .*hf download nobody/nothing") as caught:
            load("nobody/nothing")
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("openai/whisper-large-v3", ("openai/whisper-large-v3", None)),
        ("microsoft/wavlm-base-plus-sv@refs/pr/2", ("microsoft/wavlm-base-plus-sv", "refs/pr/2")),
    ],
)
def test_hub_ids(reference, expected):
    assert locate(reference) == expected


@pytest.mark.parametrize("reference", ["./models/none", "/nowhere/model.safetensors", "a/b/c"])
def test_a_missing_folder_is_not_taken_for_a_hub_id(reference):
    with pytest.raises(ConfigError, match="no such folder of a model"):
        locate(reference)


def test_the_hash_is_of_values_not_of_files():
    first, second = (torch.nn.Linear(2, 2, dtype=torch.float32) for _ in range(2))
    assert weights_sha256(first) != weights_sha256(second)
    second.load_state_dict(first.state_dict())
    assert weights_sha256(first) == weights_sha256(second)


def test_loading_is_quiet(wavlm, capfd):
    SpeakerEmbedder(str(wavlm))
    assert capfd.readouterr().err == ""
    assert transformers.utils.logging.get_verbosity() == transformers.logging.ERROR
