"""The real recordings as a set of clips."""

import json
import sys

import numpy as np
import pytest

from shared.corpora.corpus import Corpus
from shared.corpora.manifest import load_manifest, write_manifest
from shared.sampling import ground_truth
from shared.sampling.clips import load_audio, load_clips


def collect(corpus, output, monkeypatch, count):
    """Run the job; the clips it made."""
    spec = output.with_name("spec.json")
    spec.write_text(json.dumps({"corpus": {}, "clips": count, "seed": 0}))
    arguments = ["--spec", spec, "--corpus", corpus, "--output", output]
    monkeypatch.setattr(sys, "argv", ["ground_truth", *map(str, arguments)])
    ground_truth.main()
    return load_clips(output)


def test_sounds_are_taken_without_prompts(corpus, tmp_path, monkeypatch):
    manifest = load_manifest(corpus)
    sounds = [clip.model_copy(update={"speaker": None}) for clip in manifest.clips]
    silent = write_manifest(corpus.with_name("sounds.json"), manifest.sample_rate, sounds, [])
    clips = collect(corpus.with_name("sounds.json"), tmp_path / "clips.json", monkeypatch, 100)
    assert [clip.id for clip in clips.clips] == [clip.id for clip in silent.split("test")]
    assert {(clip.prompt, clip.speaker) for clip in clips.clips} == {(None, None)}


@pytest.mark.parametrize("count", [3, 100])
def test_targets_with_prompts_by_the_same_speaker(corpus, tmp_path, monkeypatch, count):
    output = tmp_path / "clips.json"
    clips, manifest = collect(corpus, output, monkeypatch, count), load_manifest(corpus)
    known = {clip.id: clip for clip in manifest.clips}
    assert len(clips.clips) == min(count, 12)
    for clip in clips.clips:
        assert clip.reference is None
        assert known[clip.prompt].speaker == clip.speaker and clip.prompt != clip.id
        np.testing.assert_array_equal(load_audio(output, clips, clip), Corpus(corpus).audio(known[clip.id]))
