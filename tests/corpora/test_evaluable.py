import json
import re

import pytest

from shared.config import ConfigError
from shared.corpora.evaluable import DEMANDS, NOTHING, SOMETHING, check_evaluable, read_asked
from shared.corpora.manifest import Clip, CorpusError
from shared.metrics.base import metrics


def corpus(*clips: str) -> list[Clip]:
    """Clips from `split speaker text`; the speaker `-` is that of a sound."""
    fields = {"seen_speaker": True, "seconds": 1.0, "sha256": "0"}
    parts = [clip.split() for clip in clips]
    return [
        Clip(id=f"{n}", file=f"audio/{n}.wav", text=text, speaker=who.replace("-", "") or None, split=split, **fields)
        for n, (split, who, text) in enumerate(parts)
    ]


GOOD = corpus(
    "train a three", "train b two", "validation a four", "test a one", "test a two", "test b one", "test b three"
)
SOUNDS = corpus("train - one", "train - two", "validation - three", "test - one", "test - one")


@pytest.mark.parametrize("clips", [GOOD, SOUNDS])
def test_a_good_corpus_is_silent(clips, capsys):
    asked = {"wer": None, "text_similarity": "two_captions", "kad": "two_tested", "fad": "two_tested"}
    spoken = {"sim": None, "swapped": "three_texts"} if clips is GOOD else {}
    check_evaluable("mine", clips, {**asked, **SOMETHING, **spoken})
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("clips", "numbers", "mend"),
    [
        (
            ["train a one", "train b two", "validation c three", "test d one", "test e two"],
            "none of 2 test clips .* of 5 clips by 5 speakers .1 at most by one., 0 speakers said more than one text",
            "add clips by the same speakers with other texts",
        ),
        (
            ["train a hi", "train a hi", "validation a hi", "test a hi", "test a hi"],
            "none of 2 test clips .* of 5 clips by 1 speaker .5 at most by one., 0 speakers said more than one text",
            "add clips with other texts",
        ),
        (
            ["train a one", "train a two", "validation b one", "validation b two", "test b one", "test c three"],
            "none of 2 test clips .* of 6 clips by 3 speakers .3 at most by one., 2 speakers said more than one text",
            "put two clips with different texts by one of these into test, or one into test and one into train",
        ),
    ],
)
def test_not_one_test_clip_can_be_prompted(clips, numbers, mend):
    with pytest.raises(CorpusError, match=f"^mine: {numbers}; {mend}$"):
        check_evaluable("mine", corpus(*clips), SOMETHING)
    check_evaluable("mine", corpus(*clips), NOTHING)


def test_those_that_cannot_be_prompted_are_counted(capsys):
    check_evaluable("mine", [*GOOD, *corpus("test c one", "test d one")], SOMETHING)
    assert capsys.readouterr().err.startswith("mine: 2 of 6 test clips are not evaluated: nothing else by their")


def test_one_voice_is_said_and_allowed(capsys):
    clips = ["train a one", "train a two", "validation a one", "test a one", "test a two"]
    check_evaluable("mine", corpus(*clips), {"sim": None})
    assert capsys.readouterr().err == (
        "mine: 2 train clips, all by one speaker: SIM (sim), which says how well voices are told apart, means little "
        "there; add another speaker, or leave sim out: in params.yaml, changes: {SOURCE: {evaluation: {reconstruction: "
        "[…], generation: […]}}} with the metrics to keep\n"
    )


@pytest.mark.parametrize(
    ("clips", "asked", "demand", "message"),
    [
        *(
            (
                ["train - Music", "train - music", "validation - hi", "test - one", "test - two"],
                name,
                demand,
                f"{name}: its audio-text model learns to tell texts apart, and 2 train clips have one text",
            )
            for name, demand in (("text_similarity", "two_captions"), ("kad", "two_tested"), ("fad", "two_tested"))
        ),
        (
            ["train - one", "train - two", "validation - hi", "test - one"],
            "fad",
            "two_tested",
            "fad: it compares sets, and one test clip can be evaluated; add test clips, or leave fad out",
        ),
        (
            ["train a one", "train b two", "validation b three", "test a one", "test a two", "test b one"],
            "swapped",
            "three_texts",
            "swapped: a swapped prompt is a third text by the speaker, in test or train; 3 of 3 test clips are by a "
            "speaker with two ('a', for one)",
        ),
    ],
)
def test_what_is_asked_must_be_there(clips, asked, demand, message):
    with pytest.raises(CorpusError, match=re.escape(f"mine: {message}")):
        check_evaluable("mine", corpus(*clips), {asked: demand})
    check_evaluable("mine", corpus(*clips), {"wer": None, "mel_distance": None})


def test_what_is_asked_is_json_of_names_and_demands(tmp_path):
    path = tmp_path / "asked.json"
    path.write_text(json.dumps({"wer": None, "kad": "two_tested"}))
    assert read_asked(path) == {"wer": None, "kad": "two_tested"}
    path.write_text(json.dumps(["wer"]))
    with pytest.raises(ConfigError, match=r"asked\.json"):
        read_asked(path)


def test_metrics_demand_what_there_is():
    demanded = {each.name: each.demands for each in metrics() if each.demands}
    demanded_by_all = {"text_similarity": "two_captions", "kad": "two_tested", "fad": "two_tested"}
    assert demanded == demanded_by_all | {"resemblyzer": "two_voices"}
    assert set(demanded.values()) <= set(DEMANDS)
