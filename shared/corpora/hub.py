"""Public corpora by name through `datasets`, streaming where they are large."""

import functools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from shared.config import HUB_ID, Strict
from shared.corpora.evaluable import NOTHING, Asked
from shared.corpora.manifest import SPLITS, CorpusError, Manifest, Rejected, Split
from shared.corpora.recorded import RecordedConfig, Recording, build_recorded
from shared.user_files import leads_out

# Rows that a shuffled stream holds at a time.
SHUFFLE_BUFFER = 1000


class HubLayout(Strict):
    """Where a dataset keeps what we need.

    Args:
        dataset: its id on the Hugging Face Hub, or a local folder that `load_dataset` reads.
        subset: its configuration, if it has several.
        train, validation, test: its names of our splits; a dataset with `train` only is split by share.
        text_column, speaker_column, audio_column: its columns; sounds with captions have no speaker. Of a list of
            texts, such as several captions of a clip, the first counts; a number is taken in digits.
        first_sentence: take the text's first sentence only, where it joins several captions.
        text: what to say of every clip, where there is no column for it.
        every: take the first of each so many rows, where a song is followed by its stems.
        cut: take the beginning of what is longer than `max_seconds`, such as whole songs, instead of rejecting it.
    """

    dataset: str
    subset: str | None = None
    train: str = "train"
    validation: str | None = "validation"
    test: str | None = "test"
    text_column: str | None = "text"
    speaker_column: str | None = "speaker"
    audio_column: str = "audio"
    first_sentence: bool = False
    text: str | None = None
    every: int = Field(default=1, ge=1)
    cut: bool = False

    @model_validator(mode="after")
    def _one_text(self) -> "HubLayout":
        if (self.text_column is None) == (self.text is None):
            raise ValueError("text: give either a text_column or, with text_column null, one text for all clips")
        return self


KNOWN = {
    "libritts": HubLayout(
        dataset="mythicinfinity/libritts",
        subset="clean",
        train="train.clean.100",
        validation="dev.clean",
        test="test.clean",
        text_column="text_normalized",
        speaker_column="speaker_id",
    ),
    "librispeech": HubLayout(
        dataset="openslr/librispeech_asr", subset="clean", train="train.100", speaker_column="speaker_id"
    ),
    "vctk": HubLayout(dataset="sanchit-gandhi/vctk", validation=None, test=None, speaker_column="speaker_id"),
    # Of these two the id, the columns and the splits are those that public code uses to load them, as found in
    # several repositories; neither was downloaded here.
    "audiocaps": HubLayout(dataset="OpenSound/AudioCaps", text_column="caption", speaker_column=None),
    # Each text is a clip's five captions, joined by full stops.
    "clotho": HubLayout(dataset="CLAPv2/Clotho", speaker_column=None, first_sentence=True),
    # Music. Ids, `train`, the columns `audio`, `title` and `path` and MUSDB's five rows a song, the mixture before its
    # four stems, are as in public code that loads them; Song Describer's column `caption` is from memory. None was
    # downloaded here. FMA has titles instead of captions, MUSDB neither.
    "fma": HubLayout(
        dataset="benjamin-paine/free-music-archive-small",
        validation=None,
        test=None,
        text_column="title",
        speaker_column=None,
        cut=True,
    ),
    "song_describer": HubLayout(
        dataset="renumics/song-describer-dataset",
        validation=None,
        test=None,
        text_column="caption",
        speaker_column=None,
        audio_column="path",
        cut=True,
    ),
    "musdb": HubLayout(
        dataset="danjacobellis/musdb18HQ",
        validation=None,
        test=None,
        text_column=None,
        speaker_column=None,
        text="music",
        every=5,
        cut=True,
    ),
}


class HubConfig(RecordedConfig):
    """A public corpus.

    Args:
        name: libritts, librispeech or vctk; for sounds audiocaps or clotho; for music fma, song_describer or musdb, in
            any case; else a dataset's id or a local dataset's folder. Music is of content `sound`.
        layout: where the dataset keeps what we need, if it isn't one of the known ones, or to take another
            part of one.
        revision: the dataset's commit; without it, the newest.
        streaming: read it row by row instead of downloading all of it first.
        limit: at most this many clips a split, drawn by `seed`; None for all.
    """

    kind: Literal["hub"]
    name: str
    layout: HubLayout | None = None
    revision: str | None = None
    streaming: bool = True
    limit: int | None = Field(default=None, ge=4)

    @model_validator(mode="after")
    def _names_a_data_set(self) -> "HubConfig":
        find_layout(self)
        return self


def build_hub(config: HubConfig, output: Path, asked: Asked = NOTHING) -> Manifest:
    """Fetch, check and convert the clips: audio under `audio/` beside `output`, the manifest last.

    Raises:
        CorpusError: the dataset is unknown, out of reach or laid out otherwise, or more of its clips are
            unusable than `max_rejected` allows.
    """
    layout = find_layout(config)
    if config.content == "sound":
        layout = layout.model_copy(update={"speaker_column": None})
    elif layout.speaker_column is None:
        raise CorpusError(f"{config.name}: captioned sounds without speakers, and content is not 'sound'")
    return build_recorded(layout.dataset, _recordings(config, layout), None, config, output, asked)


def find_layout(config: HubConfig) -> HubLayout:
    """The layout of the dataset that `config` names.

    Raises:
        CorpusError: it is none that is known, no folder, and can be no dataset's id.
    """
    if config.layout:
        return config.layout
    if known := KNOWN.get(config.name.lower()):
        return known
    is_id = "/" in config.name and HUB_ID.fullmatch(config.name)
    if not is_id and not Path(config.name).is_dir():
        names = ", ".join(KNOWN)
        raise CorpusError(f"{config.name}: not a known corpus ({names}), a dataset's id or a folder")
    return HubLayout(dataset=config.name)


def _recordings(config: HubConfig, layout: HubLayout) -> Iterator[Recording | Rejected]:
    own: dict[Split, str | None] = {"train": layout.train, "validation": layout.validation, "test": layout.test}
    single = layout.validation is None and layout.test is None
    for split in SPLITS:
        if (name := own[split]) is not None:
            for index, row in enumerate(_rows(config, layout, name)):
                yield _recording(row, layout, f"{name}/{index}", None if single else split)


def _recording(row: dict[str, Any], layout: HubLayout, place: str, split: Split | None) -> Recording | Rejected:
    cell = row[layout.audio_column] or {}
    path, content = cell.get("path"), cell.get("bytes")
    name = f"{place}/{Path(path).name}" if path else place
    audio: Path | bytes | None = Path(path) if content is None and path is not None else content
    if audio is None:
        return Rejected(file=name, reason="no audio")
    if isinstance(audio, Path) and all(leads_out(audio, root) for root in _roots(layout.dataset)):
        return Rejected(file=name, reason=f"its audio lies outside the dataset, at {audio}")
    try:
        text = _text(layout.text if layout.text_column is None else row[layout.text_column])
        speaker = _speaker(row[layout.speaker_column]) if layout.speaker_column else None
    except _Unusable as error:
        return Rejected(file=name, reason=str(error))
    return Recording(
        name,
        audio,
        text.partition(".")[0] if layout.first_sentence else text,
        speaker,
        split,
        layout.cut,
    )


@functools.cache
def _roots(dataset: str) -> tuple[str, ...]:
    """Where a dataset's files may lie: in its folder, or where `datasets` keeps what it fetched.

    For its rows could name any file of this machine, and the clips of a record are there to be shared.
    """
    import datasets
    from huggingface_hub import constants

    local = Path(dataset).is_dir()
    folders = [dataset] if local else [datasets.config.HF_DATASETS_CACHE, constants.HF_HUB_CACHE]
    return tuple(os.path.realpath(each) for each in folders)


class _Unusable(Exception):
    """A cell that is no text or no speaker; the message says why."""


def _text(cell: Any) -> str:
    """A text, the first of a list that is not blank, or a number in digits; of what is missing, nothing."""
    if isinstance(cell, list):
        texts = [each for each in cell if isinstance(each, str)]
        if cell and not texts:
            raise _Unusable(f"its text is a list of {type(cell[0]).__name__}, not of texts")
        return next((text for text in texts if text.strip()), "")
    if isinstance(cell, str):
        return cell
    if cell is None or cell != cell:  # tables of numbers have NaN where one is missing
        return ""
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return str(cell)
    raise _Unusable(f"its text is a {type(cell).__name__}, not a text, a list of texts or a number")


def _speaker(cell: Any) -> str:
    if cell is None or cell != cell or not str(cell).strip():
        raise _Unusable("no speaker")
    if isinstance(cell, (str, int, float)):
        return str(cell)
    raise _Unusable(f"its speaker is a {type(cell).__name__}, not a name or a number")


def _rows(config: HubConfig, layout: HubLayout, split: str) -> Iterator[dict[str, Any]]:
    """The rows of one split, their audio as a file's bytes or path: decoding it is left to soundfile."""
    import datasets

    columns = [name for name in (layout.audio_column, layout.text_column, layout.speaker_column) if name]
    # What `datasets` raises: OSError for the network and missing files, ValueError for unknown subsets and
    # splits, RuntimeError for datasets that are scripts, TypeError where a column can't be cast.
    try:
        rows = datasets.load_dataset(
            layout.dataset,
            layout.subset,
            split=split,
            streaming=config.streaming,
            revision=config.revision,
        )
        if missing := [name for name in columns if rows.column_names and name not in rows.column_names]:
            raise ValueError(f"no column {' and '.join(missing)}; there are: {', '.join(rows.column_names)}")
        if rows.features and not _holds_audio(rows.features[layout.audio_column]):
            kind = rows.features[layout.audio_column]
            raise ValueError(f"column {layout.audio_column} is no audio (files, as paths or bytes) but {kind}")
        rows = rows.select_columns(columns).cast_column(layout.audio_column, datasets.Audio(decode=False))
        yield from _limited(_first_of_each(rows, layout.every, config.streaming), config)
    except (OSError, ValueError, RuntimeError, TypeError) as error:
        place = f"{layout.dataset}, subset {layout.subset or 'default'}, split {split}"
        reason = " ".join(str(error).split())[:300]
        raise CorpusError(f"{place}: not readable with `datasets`: {reason}") from None


def _holds_audio(feature: Any) -> bool:
    """Whether a column can be cast to encoded audio: it is that, or holds a file's bytes, its path, or both.

    Samples (`array`) can't: `datasets` would encode them with torchcodec.
    """
    import datasets

    if isinstance(feature, dict):
        return not feature.keys().isdisjoint(("bytes", "path")) and "array" not in feature
    kinds = ("binary", "large_binary", "string", "large_string", "null")
    return isinstance(feature, datasets.Audio) or getattr(feature, "dtype", None) in kinds


def _first_of_each(rows: Any, every: int, streaming: bool) -> Any:
    if every == 1:
        return rows
    if streaming:
        return rows.filter(lambda _, index: index % every == 0, with_indices=True)
    return rows.select(range(0, len(rows), every))


def _limited(rows: Any, config: HubConfig) -> Any:
    if config.limit is None:
        return rows
    if config.streaming:
        return rows.shuffle(seed=config.seed, buffer_size=SHUFFLE_BUFFER).take(config.limit)
    return rows.shuffle(seed=config.seed).select(range(min(config.limit, len(rows))))
