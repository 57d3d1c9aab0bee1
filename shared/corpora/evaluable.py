"""Whether recordings lend themselves to what will be asked of them: told before anything is trained on them.

Whatever is asked demands test clips that can be prompted. Some metrics demand more, such as something that the model
behind them can learn (where it comes from the hub, leave the metric out), and so does sampling with swapped prompts.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from pydantic import RootModel

from shared.config import parse
from shared.corpora.manifest import Clip, CorpusError
from shared.corpora.test_items import texts_by_speaker
from shared.files import read_json

# Who asks for something → the name of its demand in DEMANDS; None: it demands nothing more.
Asked = Mapping[str, str | None]
NOTHING: Asked = MappingProxyType({})
# What is asked where nobody says what: something of the test clips.
SOMETHING: Asked = {"test clips": None}
LEAVE_OUT = (
    "leave {name} out: in params.yaml, changes: {{SOURCE: {{evaluation: {{reconstruction: […], generation: […]}}}}}} "
    "with the metrics to keep"
)


class _Asked(RootModel[dict[str, str | None]]):
    pass


def read_asked(path: Path) -> Asked:
    """What will be asked of a corpus, from a JSON object.

    Raises:
        ConfigError: the file is no such object.
    """
    return parse(_Asked, read_json(path), str(path)).root


def check_evaluable(source: str, clips: Sequence[Clip], asked: Asked) -> None:
    """Stop where not one test clip can be evaluated, or something asked can't be had.

    How many test clips can't, and that there is one speaker only, is said on stderr.

    Args:
        source: the folder or dataset, for messages.
        clips: all of the corpus.
        asked: by metric or other asker what it demands, or SOMETHING; nothing: then no test clip is looked at.

    Raises:
        CorpusError: with what there is, in numbers, and what would mend it.
    """
    if not asked:
        return
    test = [clip for clip in clips if clip.split == "test"]
    texts = _texts(clips)
    evaluated = [clip for clip in test if clip.speaker is None or len(texts[clip.speaker]) > 1]
    if not evaluated:
        raise CorpusError(f"{source}: none of {len(test)} test clips can be evaluated: {_without_prompts(clips)}")
    for name, demand in asked.items():
        if demand and (problem := DEMANDS[demand](name, clips, evaluated)):
            raise CorpusError(f"{source}: {name}: {problem}")
    if remark := _of_one_voice(clips):
        print(f"{source}: {remark}", file=sys.stderr)
    if left_out := len(test) - len(evaluated):
        why = "nothing else by their speaker, with another text, is in test or train to be the prompt"
        print(f"{source}: {left_out} of {len(test)} test clips are not evaluated: {why}", file=sys.stderr)


def _texts(clips: Sequence[Clip]) -> dict[str | None, set[str]]:
    return texts_by_speaker((clip.speaker, clip.text, clip.split) for clip in clips)


def _without_prompts(clips: Sequence[Clip]) -> str:
    counts, texts = Counter(clip.speaker for clip in clips), defaultdict(set)
    for clip in clips:
        texts[clip.speaker].add(clip.text)
    most, varied = max(counts.values()), sum(len(said) > 1 for said in texts.values())
    if most == 1:
        mend = "add clips by the same speakers with other texts"
    elif not varied:
        mend = "add clips with other texts"
    else:
        mend = "put two clips with different texts by one of these into test, or one into test and one into train"
    return (
        "each needs a prompt, another clip by its speaker with another text, in test or train; of "
        f"{_number(len(clips), 'clip')} by {_number(len(counts), 'speaker')} ({most} at most by one), "
        f"{_number(varied, 'speaker')} said more than one text; {mend}"
    )


def _of_one_voice(clips: Sequence[Clip]) -> str | None:
    """What SIM is worth where all train clips are one speaker's: its model learns to tell warped copies apart."""
    trained = [clip for clip in clips if clip.split == "train"]
    if len({clip.speaker for clip in trained}) > 1 or trained[0].speaker is None:
        return None
    return (
        f"{_number(len(trained), 'train clip')}, all by one speaker: SIM (sim), which says how well voices are told "
        f"apart, means little there; add another speaker, or {LEAVE_OUT.format(name='sim')}"
    )


def _two_captions(name: str, clips: Sequence[Clip], evaluated: Sequence[Clip]) -> str | None:
    """The audio-text model learns in `train` to tell texts apart, whatever their case."""
    trained = [clip for clip in clips if clip.split == "train"]
    if len({clip.text.lower() for clip in trained}) > 1:
        return None
    return (
        f"its audio-text model learns to tell texts apart, and {_number(len(trained), 'train clip')} have one text; "
        f"give them others, or {LEAVE_OUT.format(name=name)}"
    )


def _two_tested(name: str, clips: Sequence[Clip], evaluated: Sequence[Clip]) -> str | None:
    """A distance of sets is of two test clips or more, and uses the audio-text model."""
    if len(evaluated) > 1:
        return _two_captions(name, clips, evaluated)
    return f"it compares sets, and one test clip can be evaluated; add test clips, or {LEAVE_OUT.format(name=name)}"


def _two_voices(name: str, clips: Sequence[Clip], evaluated: Sequence[Clip]) -> str | None:
    """A margin over impostors needs another speaker in the test split."""
    if len({clip.speaker for clip in clips if clip.split == "test" and clip.speaker is not None}) > 1:
        return None
    return (
        "it compares a voice with those of other speakers in test, and there are none; put clips of another into test, "
        f"or {LEAVE_OUT.format(name=name)}"
    )


def _three_texts(name: str, clips: Sequence[Clip], evaluated: Sequence[Clip]) -> str | None:
    """A swapped prompt says neither what its target says nor what the prompt says that it stands for."""
    texts = _texts(clips)
    few = [clip for clip in evaluated if clip.speaker is not None and len(texts[clip.speaker]) < 3]
    if not few:
        return None
    return (
        f"a swapped prompt is a third text by the speaker, in test or train; {len(few)} of {len(evaluated)} test clips "
        f"are by a speaker with two ({few[0].speaker!r}, for one); add clips by these speakers, or evaluate no variant "
        "with sampling.prompt: swapped"
    )


# Why a corpus does not lend itself to what is asked, given who asks, all clips and the test clips that are evaluated.
Demand = Callable[[str, Sequence[Clip], Sequence[Clip]], str | None]
DEMANDS: dict[str, Demand] = {
    "two_captions": _two_captions,
    "two_tested": _two_tested,
    "two_voices": _two_voices,
    "three_texts": _three_texts,
}


def _number(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")
