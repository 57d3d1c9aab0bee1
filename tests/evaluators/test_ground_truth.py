"""The real recordings as a set of clips."""

import json
import sys

import numpy as np
import pytest

from shared.corpora.manifest import load_clip, load_manifest
from shared.evaluators import ground_truth
from shared.metrics.clips import load_audio, load_clips


@pytest.mark.parametrize("count", [3, 100])
def test_targets_with_prompts_by_the_same_speaker(corpus, tmp_path, monkeypatch, count):
    spec, output = tmp_path / "spec.json", tmp_path / "clips.json"
    spec.write_text(json.dumps({"corpus": {}, "clips": count, "seed": 0}))
    arguments = ["--spec", spec, "--corpus", corpus, "--output", output]
    monkeypatch.setattr(sys, "argv", ["ground_truth", *map(str, arguments)])
    ground_truth.main()
    clips, manifest = load_clips(output), load_manifest(corpus)
    known = {clip.id: clip for clip in manifest.clips}
    assert len(clips.clips) == min(count, 12)
    for clip in clips.clips:
        assert clip.reference is None
        assert known[clip.prompt].speaker == clip.speaker and clip.prompt != clip.id
        np.testing.assert_array_equal(load_audio(output, clips, clip), load_clip(corpus, known[clip.id]))
