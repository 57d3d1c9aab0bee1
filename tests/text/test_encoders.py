"""Text encoders: features over the text's length alone, and what of them is trained and saved."""

import itertools
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from transformers import ByT5Tokenizer, T5EncoderModel, T5GemmaForConditionalGeneration
from transformers import T5Config as Sizes
from transformers import T5GemmaConfig as GemmaSizes

from shared.config import ConfigError
from shared.files import read_json, write_json
from shared.generators.builder import build_generator, load_generator, saved_state
from shared.generators.infilling_config import InfillingConfig
from shared.text.encoders.characters_config import CharactersConfig
from shared.text.encoders.trained_t5_config import TrainedT5Config

DIT = {"kind": "dit", "width": 16, "depth": 1, "heads": 1, "text_layers": 1}
TRAINED = {"kind": "trained_t5", "dim": 16}
TEXTS = ["a low bell", "rain"]
WORDS = TRAINED | {"unit": "word", "vocabulary": ["a", "bell", "low", "rain"]}


@pytest.fixture
def hub(tmp_path) -> dict:
    """The config of a T5 as the hub has them, here in a folder."""
    torch.manual_seed(1)
    sizes = Sizes(vocab_size=384, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2)
    T5EncoderModel(sizes).save_pretrained(tmp_path / "t5")
    ByT5Tokenizer().save_pretrained(tmp_path / "t5")
    return {"kind": "t5", "model": str(tmp_path / "t5"), "dim": 16}


def generator_config(text: dict) -> InfillingConfig:
    return InfillingConfig.model_validate({"architecture": DIT, "text": text})


def test_a_text_has_the_same_features_alone_and_padded_in_a_batch():
    torch.manual_seed(0)
    encoder = generator_config(TRAINED).text.build().eval()
    both, alone = encoder(TEXTS), encoder(TEXTS[1:])
    assert both.lengths.tolist() == [11, 5]  # bytes and the end of the text
    torch.testing.assert_close(both.features[1, :5], alone.features[0])
    assert both.features[1, 5:].abs().sum() == 0


def test_a_small_t5_reads_a_texts_bytes_as_byt5_does_and_nothing_in_it_is_a_symbol_of_its_own():
    encoder, seen = generator_config(TRAINED).text.build(), []
    encoder.encoder.register_forward_pre_hook(lambda _, args, given: seen.append(given["input_ids"]), with_kwargs=True)
    texts = ["привет", "a b", "你好", ""]
    encoder(texts)
    assert torch.equal(seen[0], ByT5Tokenizer()(texts, padding=True, return_tensors="pt")["input_ids"])
    assert encoder(["<pad>", "</s>"]).lengths.tolist() == [6, 5]
    assert torch.equal(encoder(["E\u0301"]).features, encoder(["é"]).features)


def test_a_small_t5_of_words_has_a_token_for_each_and_refuses_others():
    config = TrainedT5Config.model_validate(TRAINED | {"unit": "word"})
    config = config.knowing(["A low bell, then rain", "rock'n'roll"])
    assert config.vocabulary == (",", "a", "bell", "low", "rain", "rock'n'roll", "then")
    assert config.knowing(["a bell", "bells"]).vocabulary == (*config.vocabulary, "bells")
    encoder = config.build()
    text = encoder(["rain, then a BELL", ""])
    assert text.lengths.tolist() == [6, 1]
    assert not torch.equal(encoder(["low bell"]).features, encoder(["bell low"]).features)
    with pytest.raises(ConfigError, match="text 'a high bell': 'high' is not in the model's vocabulary"):
        encoder(["a high bell"])


def test_words_of_a_model_of_bytes_are_refused():
    with pytest.raises(ValueError, match="vocabulary: of words"):
        generator_config(TRAINED | {"vocabulary": ["a"]})


def test_a_small_t5_learns_with_the_generator_and_one_from_the_hub_stays_as_it_is(hub):
    for text, learns in ((TRAINED, True), (hub, False)):
        encoder = generator_config(text).text.build()
        features = encoder(TEXTS).features
        assert features.requires_grad == learns
        assert any(parameter.requires_grad for parameter in encoder.parameters()) == learns


@pytest.mark.parametrize("trained", [TRAINED, WORDS, None])
def test_a_saved_generator_reads_texts_as_before(hub, trained, tmp_path):
    config = generator_config(trained or hub)
    generator = build_generator(config, latent_dim=3).eval()
    weights = {name: value.contiguous() for name, value in saved_state(generator.state_dict(), config).items()}
    assert any(name.startswith("text_") for name in weights) == bool(trained)
    save_file(weights, tmp_path / "model.safetensors")
    about = {"config": config.model_dump(mode="json"), "latent_dim": 3, "latent_scale": 1.0}
    write_json(tmp_path / "model.json", about)
    loaded, _ = load_generator(tmp_path / "model.safetensors")
    torch.testing.assert_close(loaded.encode_text(TEXTS).features, generator.encode_text(TEXTS).features)


@pytest.mark.parametrize("kind", ["t5", "umt5"])
def test_pickled_weights_and_code_of_a_text_encoder_are_refused(hub, kind):
    folder = Path(hub["model"])
    torch.save({}, folder / "pytorch_model.bin")
    (folder / "model.safetensors").rename(folder / "other.safetensors")
    with pytest.raises(ConfigError, match=r"model .*/t5: .*model\.safetensors"):
        generator_config(hub | {"kind": kind}).text.build()
    (folder / "other.safetensors").rename(folder / "model.safetensors")
    marker = folder / "ran"
    (folder / "own.py").write_text(f"open({str(marker)!r}, 'w')\nclass Own: pass\n")
    code = {"model_type": "own", "auto_map": {"AutoConfig": "own.Own", "AutoTokenizer": ["own.Own", None]}}
    for name in ("config.json", "tokenizer_config.json"):
        write_json(folder / name, {**read_json(folder / name), **code, "tokenizer_class": "Own"})
    with pytest.raises(ConfigError, match=r"model .*/t5: "):
        generator_config(hub | {"kind": kind}).text.build()
    assert not marker.exists()


def test_t5gemma_is_the_encoder_of_the_hubs_model_and_reads_the_first_tokens(tmp_path):
    torch.manual_seed(1)
    half = {"vocab_size": 384, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "head_dim": 8,
            "num_attention_heads": 2, "num_key_value_heads": 2}  # fmt: skip
    whole = T5GemmaForConditionalGeneration(GemmaSizes(encoder=half, decoder=half, vocab_size=384)).eval()
    whole.save_pretrained(tmp_path)
    ByT5Tokenizer().save_pretrained(tmp_path)
    config = {"kind": "t5gemma", "model": str(tmp_path), "dim": 16}
    encoder = generator_config(config).text.build().train()
    text = encoder(TEXTS)
    tokens = ByT5Tokenizer()(TEXTS, padding=True, return_tensors="pt")
    with torch.no_grad():
        expected = whole.get_encoder()(**tokens).last_hidden_state * tokens["attention_mask"].unsqueeze(-1)
    assert text.lengths.tolist() == [11, 5] and expected.abs().sum() > 0
    torch.testing.assert_close(text.features, expected)
    assert not text.features.requires_grad and not any(each.requires_grad for each in encoder.parameters())
    short = generator_config({**config, "tokens": 4}).text.build()(TEXTS)
    assert short.lengths.tolist() == [4, 4]


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(ValueError, match="not divisible by heads 3"):
        generator_config(TRAINED | {"heads": 3})


def test_characters_end_where_clips_say_that_they_do():
    torch.manual_seed(0)
    encoder = CharactersConfig(kind="characters", dim=4, timed=True).build()
    texts = ["".join(letters) for letters in itertools.product("abc", repeat=3)] * 20
    encoder.measure(texts, [len(text) + 1 + 2 * text.count("b") for text in texts])
    assert encoder(["abc"]).ends[0].tolist() == pytest.approx([1 / 6, 4 / 6, 5 / 6], abs=0.11)  # and a pause
    both = encoder(["abc", "a"])
    assert both.begins()[0].tolist() == pytest.approx([0, *both.ends[0, :2].tolist()])
    assert both.middles()[1, 0] == pytest.approx(both.ends[1, 0].item() / 2)
    assert "character_lengths.table" in encoder.state_dict()
    assert CharactersConfig(kind="characters", dim=4).build()(["abc"]).ends is None
