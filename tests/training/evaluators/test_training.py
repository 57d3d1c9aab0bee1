"""The jobs that train evaluators: what they save, that it is the same each time, and what they refuse."""

import functools
import itertools
import json

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer

from shared.config import ConfigError, parse
from shared.corpora.corpus import Corpus
from shared.corpora.manifest import CorpusError, load_manifest, write_manifest
from shared.evaluators.asr import load_recogniser
from shared.evaluators.clap import ClapEmbedder
from shared.evaluators.speaker import SpeakerEmbedder
from shared.files import sha256
from shared.metrics.text import normalise
from shared.training.evaluators.asr import AsrSpec, make_tokenizer, train_asr
from shared.training.evaluators.clap import ClapSpec, train_clap
from shared.training.evaluators.config import AsrRecipe, ClapRecipe, SpeakerRecipe
from shared.training.evaluators.logmel import group, log_mel
from shared.training.evaluators.speaker import SpeakerSpec, train_speaker_model
from shared.training.evaluators.training import make_extractor

TRAINING = {"steps": 6, "batch": 4, "learning_rate": {"peak": 5e-3, "final": 0.0}, "checkpoint_every": 4}
ONE_STEP = TRAINING | {"steps": 1}
ENCODER = {"width": 16, "depth": 1, "heads": 2, "kernel": 5}
CAPTIONS = {"bands": 16, "image": 32, "width": 8, "depths": [1], "heads": [2], "text_width": 16, "text_heads": 2}
ENCODERS = {"asr": ENCODER, "speaker": ENCODER, "clap": CAPTIONS}
JOBS = {
    "clap": (ClapSpec, train_clap),
    "asr": (AsrSpec, train_asr),
    "speaker": (SpeakerSpec, train_speaker_model),
}


def train(kind, corpus, folder, **changes):
    """Run the job `kind`; returns its output."""
    model, job = JOBS[kind]
    small = {"encoder": ENCODERS[kind], "training": TRAINING}
    spec = parse(model, {"corpus": {}, kind: small | changes, "seed": 0}, "spec")
    folder.mkdir(parents=True, exist_ok=True)
    job(spec, Corpus(corpus), folder / "model.safetensors")
    return folder / "model.safetensors"


@pytest.fixture(scope="module")
def trained(corpus, tmp_path_factory):
    """Output of each kind of job, which is trained once."""
    return functools.cache(lambda kind: train(kind, corpus, tmp_path_factory.mktemp(kind)))


@pytest.mark.parametrize("kind", JOBS)
def test_same_seed_same_bytes(kind, trained, corpus, tmp_path):
    first, second = trained(kind), train(kind, corpus, tmp_path)
    assert sha256(first) == sha256(second)
    assert {"config.json", "report.json", "model.safetensors"} <= {file.name for file in first.parent.iterdir()}


def test_a_clap_model_needs_two_captions(corpus, tmp_path):
    manifest = load_manifest(corpus)
    same = corpus.with_name("same.json")
    write_manifest(same, 16_000, [clip.model_copy(update={"text": "Hum hum"}) for clip in manifest.clips], [])
    with pytest.raises(CorpusError, match="two captions"):
        train("clap", same, tmp_path)


@pytest.mark.parametrize("kind", JOBS)
def test_resumes_to_the_same_weights(kind, trained, corpus, tmp_path, monkeypatch):
    from shared.training import loop

    true_step = loop._train_step

    def killed(task, step):
        if step == 5:
            raise KeyboardInterrupt
        return true_step(task, step)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "_train_step", killed)
        with pytest.raises(KeyboardInterrupt):
            train(kind, corpus, tmp_path / "killed")
    assert not (tmp_path / "killed" / "model.safetensors").exists()
    assert sha256(train(kind, corpus, tmp_path / "killed")) == sha256(trained(kind))


def test_recogniser_learns_a_language_of_tones(corpus, tmp_path):
    training = TRAINING | {"steps": 110, "batch": 8, "learning_rate": {"peak": 1e-2, "final": 0.0, "warmup": 10}}
    calm = {"warp": 0.02, "stretch": 0.05, "noise": 0.2, "jitter": 0.1, "bands": 0, "frames": 0}
    encoder = {"width": 32, "depth": 1, "heads": 2, "kernel": 5}
    output = train("asr", corpus, tmp_path, training=training, encoder=encoder, perturbation=calm)
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["seen_speakers"]["cer"] < 0.2
    recogniser = load_recogniser(str(output))
    clip = load_manifest(corpus).split("train")[0]
    assert set(recogniser.transcribe(Corpus(corpus).audio(clip), 16_000)) <= set("abc ")
    assert recogniser.transcribe(np.zeros(3, dtype=np.float32), 24_000) is not None


@pytest.mark.parametrize("text", [
    "नमस्ते दुनिया", "क्\u200dष", "привет мир", "你好 世界", "straße ὀδυσσεύς", "İstanbul", "ŋ\u0301 pad unk",
    "don't |a| <pad> <unk> ||", "it 's , n't .",
])
def test_a_transcript_comes_back_as_it_went_in(text, tmp_path):
    said = normalise(text)
    made = make_tokenizer([said], tmp_path)
    made.save_pretrained(tmp_path / "saved")
    for tokenizer in (made, AutoTokenizer.from_pretrained(tmp_path / "saved")):
        ids = tokenizer(said).input_ids
        assert tokenizer.unk_token_id not in ids and tokenizer.pad_token_id not in ids
        blanks = [each for symbol in ids for each in (symbol, tokenizer.pad_token_id)]
        assert tokenizer.decode(blanks) == said == normalise(tokenizer.decode(blanks))


SCRIPTS = {
    "latin": {"a": "ß", "b": "ą", "c": "İ"}, "cyrillic": {"a": "ж", "b": "Щ", "c": "й"},
    "devanagari": {"a": "कि", "b": "स्त", "c": "म"}, "chinese": {"a": "你", "b": "好", "c": "世", " ": ""},
}


def test_evaluators_learn_texts_in_any_script(corpus, tmp_path):
    manifest, other = load_manifest(corpus), corpus.with_name("scripts.json")
    tables = itertools.cycle(map(str.maketrans, SCRIPTS.values()))
    clips = [clip.model_copy(update={"text": clip.text.translate(table)})
             for clip, table in zip(manifest.clips, tables, strict=False)]
    write_manifest(other, manifest.sample_rate, clips, [])
    train("asr", other, tmp_path / "asr", training=ONE_STEP)
    report = json.loads((tmp_path / "asr" / "report.json").read_text())
    assert report["seen_speakers"]["cer"] > 0
    known = json.loads((tmp_path / "asr" / "vocab.json").read_text())
    texts = [clip.text for clip in load_manifest(other).clips]
    assert set("".join(map(normalise, texts))) - {" "} == known.keys() - {"<pad>", "<unk>", "|"}
    embedder = ClapEmbedder(str(train("clap", other, tmp_path / "clap", training=ONE_STEP)))
    read = {text: embedder.embed_text(text).tobytes() for text in texts}
    assert len(set(read.values())) == len(read)


def test_what_only_test_texts_have_is_said(corpus, tmp_path, capsys):
    manifest, other = load_manifest(corpus), corpus.with_name("unseen.json")
    clips = [clip.model_copy(update={"text": f"{clip.text} щ"}) if clip.split == "test" else clip
             for clip in manifest.clips]
    write_manifest(other, manifest.sample_rate, clips, [])
    for kind, what in (("asr", "characters"), ("clap", "words")):
        train(kind, other, tmp_path / kind, training=ONE_STEP)
        assert f"{what} that validation or test texts have and no training text" in capsys.readouterr().err


def test_embeddings_have_the_configured_size(corpus, tmp_path):
    output = train("speaker", corpus, tmp_path, embedding=24, training=ONE_STEP)
    embedder = SpeakerEmbedder(str(output.parent))
    clip = Corpus(corpus).audio(load_manifest(corpus).clips[0])
    assert embedder.embed(clip, 16_000).shape == (24,)
    assert np.isfinite(embedder.embed(clip[:50], 16_000)).all(), "too short a clip still has an embedding"


def test_one_voice_is_too_few(corpus, tmp_path):
    manifest = load_manifest(corpus)
    clips = [clip for clip in manifest.clips if clip.speaker == "low"]
    alone = corpus.with_name("alone.json")
    write_manifest(alone, 16_000, clips, [])
    with pytest.raises(CorpusError, match="one speaker"):
        train("speaker", alone, tmp_path, warps=[1.0])


def test_no_transcripts_stop_before_training(corpus, tmp_path):
    manifest = load_manifest(corpus)
    silent = corpus.with_name("silent.json")
    write_manifest(silent, 16_000, [clip.model_copy(update={"text": "..."}) for clip in manifest.clips], [])
    with pytest.raises(CorpusError, match="no transcripts"):
        train("asr", silent, tmp_path)


def test_a_part_given_in_part_keeps_its_other_defaults():
    config = parse(SpeakerRecipe, {"training": {"steps": 7}, "encoder": {"width": 32}}, "study.yaml")
    assert (config.training.steps, config.training.batch) == (7, SpeakerRecipe().training.batch)
    assert (config.encoder.width, config.encoder.stride) == (32, SpeakerRecipe().encoder.stride)


@pytest.mark.parametrize(
    ("model", "wrong"),
    [
        (AsrRecipe, {"encoder": {"width": 10, "heads": 4}}),
        (AsrRecipe, {"encoder": {"kernel": 4}}),
        (AsrRecipe, {"encoder": {"depht": 4}}),
        (SpeakerRecipe, {"embedding": -1}),
        (SpeakerRecipe, {"warps": []}),
        (ClapRecipe, {"encoder": {"bands": 24}}),
        (ClapRecipe, {"encoder": {"depths": [1, 1, 1]}}),
        (ClapRecipe, {"encoder": {"image": 48, "bands": 16}}),
        (ClapRecipe, {"encoder": {"text_heads": 3}}),
    ],
)
def test_wrong_configs_are_one_line(model, wrong):
    with pytest.raises(ConfigError) as caught:
        parse(model, wrong, "study.yaml")
    assert "\n" not in str(caught.value)


def test_an_embedder_takes_features_as_it_was_trained_on_them(trained, corpus):
    """Not normalised in each band, though that is what the extractor does unless every call says otherwise."""
    embedder = SpeakerEmbedder(str(trained("speaker")))
    clip = Corpus(corpus).audio(load_manifest(corpus).clips[0])
    features = log_mel(make_extractor(4), clip, 16_000)[None]
    inputs, mask = group(features, torch.tensor([features.shape[1]]), 4)
    with torch.inference_mode():
        expected = embedder.model(inputs.to(embedder.model.device), attention_mask=mask.to(embedder.model.device))
    np.testing.assert_allclose(embedder.embed(clip, 16_000), expected.embeddings[0].cpu().numpy(), atol=1e-3)
