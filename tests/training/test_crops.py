"""Crops of clips: what is drawn of them, from memory and from files, and what comes with a crop."""

import numpy as np
import pytest
import torch

from shared.config import ConfigError
from shared.corpora.corpus import Corpus
from shared.corpora.manifest import Clip, CorpusError, store_audio, write_manifest
from shared.training.crops import Crops, check_channels, load_split, stored_split
from shared.training.teacher_features import TeacherFeatures


def test_crops_are_whole_and_short_clips_are_put_in_silence():
    long, short = np.arange(1, 101, dtype=np.float32), np.full(5, 0.5, dtype=np.float32)
    crops = Crops([long, short], 10, hop=5).draw(200, np.random.default_rng(0)).audio[:, 0].numpy()
    from_long = crops[crops.max(axis=1) >= 1]
    assert (np.diff(from_long, axis=1) == 1).all() and from_long.min() == 1 and from_long.max() == 100
    from_short = crops[crops.max(axis=1) == 0.5]
    assert len(from_short) > 0 and ((from_short != 0).sum(axis=1) == 5).all()


def test_stereo_crops_have_the_places_of_mono_ones_and_both_channels():
    waveforms = [np.arange(1, 101, dtype=np.float32), np.full(5, 0.5, dtype=np.float32)]
    mono = Crops(waveforms, 10, hop=5).draw(50, np.random.default_rng(0)).audio[:, 0]
    stereo = Crops([np.stack([each, -2 * each]) for each in waveforms], 10, hop=5).draw(50, np.random.default_rng(0))
    assert stereo.audio.shape == (50, 2, 10)
    torch.testing.assert_close(stereo.audio, torch.stack([mono, -2 * mono], dim=1), atol=0, rtol=0)


@pytest.mark.parametrize("channels", [1, 2])
def test_crops_read_from_the_files_are_those_of_clips_in_memory(tmp_path, channels):
    rng, clips = np.random.default_rng(1), []
    for name, length in (("long", 400), ("short", 7)):
        audio = rng.uniform(-0.9, 0.9, (channels, length)).squeeze()
        said = {"id": name, "text": name, "speaker": "a", "split": "train", "seen_speaker": True}
        clips.append(Clip(**said, **store_audio(tmp_path, name, audio, 16_000)))
    write_manifest(tmp_path / "manifest.json", 16_000, clips, [], channels)
    corpus = Corpus(tmp_path / "manifest.json")
    stored, loaded = stored_split([corpus], "train"), load_split([corpus], "train")
    assert [each.shape for each in stored] == [each.shape for each in loaded]
    drawn = [Crops(each, 50, hop=5).draw(200, np.random.default_rng(0)).audio for each in (stored, loaded)]
    assert torch.equal(*drawn) and drawn[0].shape == (200, channels, 50)
    path = tmp_path / clips[0].file
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(CorpusError, match=r"long\.wav: cut off"):
        Crops(stored, 50, hop=5).draw(200, np.random.default_rng(0))
    with pytest.raises(CorpusError, match=r"long\.wav: is not the audio that was built"):
        stored_split([Corpus(corpus.path)], "train")


def test_a_corpus_with_other_channels_than_the_autoencoder_is_named(tmp_path):
    paths = [tmp_path / "mono.json", tmp_path / "stereo.json"]
    for channels, path in enumerate(paths, start=1):
        write_manifest(path, 16_000, [], [], channels)
    corpora = [Corpus(path) for path in paths]
    check_channels(corpora[:1], 1)
    with pytest.raises(ConfigError, match=r"stereo\.json: channels 2, and the autoencoder's audio_channels is 1"):
        check_channels(corpora, 1)


def test_a_crop_comes_with_the_teachers_features_at_its_own_frames():
    # The feature is the time in samples, so a frame's feature is the place of its middle in the clip.
    waveforms = [np.arange(1, n + 1, dtype=np.float32) for n in (100, 12)]
    values = torch.cat([torch.arange(0.5, n) for n in (100, 12)]).unsqueeze(1)
    teacher = TeacherFeatures(values.half(), torch.tensor([0, 100, 112]))
    batch = Crops(waveforms, 20, hop=4, teacher=teacher).draw(50, np.random.default_rng(0))
    for audio, features, valid in zip(*batch[:3], strict=True):
        middles = audio.reshape(5, 4).mean(dim=1) - 0.5
        inside = audio.reshape(5, 4).ne(0).all(dim=1)
        torch.testing.assert_close(features[inside, 0], middles[inside], atol=0.05, rtol=0)
        assert valid[inside].all() and not valid[audio.reshape(5, 4).eq(0).all(dim=1)].any()
    assert not batch.valid.all()


def test_a_crop_comes_with_the_text_of_its_clip():
    waveforms = [np.full(n, n, dtype=np.float32) for n in (100, 300, 12)]
    crops = Crops(waveforms, 20, hop=4, texts=["100", "300", "12"])
    batch = crops.draw(200, np.random.default_rng(0)).to(torch.device("cpu"))
    assert [str(int(audio.max())) for audio in batch.audio] == batch.texts and set(batch.texts) == {"100", "300", "12"}
    without = Crops(waveforms, 20, hop=4).draw(200, np.random.default_rng(0))
    assert torch.equal(without.audio, batch.audio) and without.texts is None
