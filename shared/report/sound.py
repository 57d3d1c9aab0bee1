"""The clips of a source to be heard and seen: each sound once, with a spectrogram, and in words what that shows."""

import base64
import io
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch
from PIL import Image

from shared.audio.io import AudioError, read_audio
from shared.audio.spectral import MelSpectrogram, hertz_to_mel, mel_to_hertz
from shared.record.files import Part, SourceRecord, StudyRecord
from shared.record.keep_clips import KeptClip
from shared.user_files import Refused, read_file

HOP_SECONDS, WINDOW_SECONDS, MELS = 0.01, 0.04, 64
RANGE_DB = 70.0  # from the loudest of a group down
SILENT_DB = 40.0  # below a clip's loudest frame
LEVELS = 31  # of colour; one more is transparent, where a clip is shorter than its neighbours
_SIDES = {None: "", "reconstruction": "reconstructed", "generation": "generated"}


@dataclass(frozen=True)
class Loudness:
    """Power of a clip in dB, `(mels, frames)`, of which each frame lasts `HOP_SECONDS`."""

    levels: np.ndarray
    rate: int


@dataclass
class Sound:
    """One clip on the page; `audio` and `picture` are data URIs, empty where the file is missing or damaged."""

    clip: KeptClip
    file: Part[bytes]
    studies: list[str]
    loudness: Loudness | None = None
    audio: str = ""
    picture: str = ""
    words: str = ""

    @property
    def title(self) -> str:
        """Whose it is, and which side."""
        return f"{self.clip.label}, {_SIDES[self.clip.side]}" if self.clip.side else "Ground truth"


@dataclass
class Text:
    """One test clip: its text and all that was made of it."""

    id: str
    text: str
    sounds: list[Sound] = field(default_factory=list)


def listen(record: SourceRecord) -> list[Text]:
    """The kept clips of a source by test clip, ground truth first; what several studies share comes once."""
    texts: dict[tuple[str, str], Text] = {}
    for study in record.studies.values():
        for clip in study.clips.value or []:
            text = texts.setdefault((clip.id, clip.text), Text(clip.id, clip.text))
            _add(text.sounds, _read(study.clips.path.parent / clip.file, clip, study))
    for text in texts.values():
        text.sounds.sort(key=lambda sound: sound.clip.side is not None)
        _draw(text.sounds)
    return list(texts.values())


def _read(path: Path, clip: KeptClip, record: StudyRecord) -> Sound:
    """A clip's file, decoded, if it is there and whole."""
    study = record.name
    if problem := record.seal.problem_of(path):
        return Sound(clip, Part(path, problem=problem), [study])
    if not path.exists():
        return Sound(clip, Part(path), [study])
    try:
        data = read_file(path)
        audio, rate = read_audio(io.BytesIO(data))
    except (AudioError, Refused) as error:
        return Sound(clip, Part(path, problem=getattr(error, "reason", str(error))), [study])
    if not len(audio):
        return Sound(clip, Part(path, problem="holds no sound"), [study])
    uri = f"data:audio/mpeg;base64,{base64.b64encode(data).decode()}"
    return Sound(clip, Part(path, data), [study], loudness(audio.T, rate), audio=uri)


def _add(sounds: list[Sound], new: Sound) -> None:
    """Add a sound, or its study to the equal one."""
    for sound in sounds:
        same = (sound.clip.variant, sound.clip.side) == (new.clip.variant, new.clip.side)
        if same and new.file.value is not None and sound.file.value == new.file.value:
            sound.studies += new.studies
            return
    sounds.append(new)


@torch.inference_mode()
def loudness(audio: np.ndarray, rate: int) -> Loudness:
    """Mel-weighted power of `(time,)` or `(channels, time)` in dB, `(mels, frames)`: the mean over channels."""
    n_fft = 2 ** int(np.ceil(np.log2(WINDOW_SECONDS * rate)))
    channels = np.atleast_2d(audio)
    padded = np.pad(channels, ((0, 0), (0, max(0, n_fft - channels.shape[1]))))
    mel = MelSpectrogram(rate, n_fft, int(HOP_SECONDS * rate), MELS, power=2, unit_area=False)
    power = mel(torch.from_numpy(padded)).mean(0).numpy()
    return Loudness(10 * np.log10(np.maximum(power, 1e-10)), rate)


def _draw(sounds: list[Sound]) -> None:
    """The pictures of one text's sounds, on one scale of time and level."""
    heard = [(sound, sound.loudness) for sound in sounds if sound.loudness]
    if not heard:
        return
    top = max(loud.levels.max() for _, loud in heard)
    frames = max(loud.levels.shape[1] for _, loud in heard)
    for sound, loud in heard:
        data = spectrogram(loud.levels, top, frames)
        sound.picture = f"data:image/png;base64,{base64.b64encode(data).decode()}"
        sound.words = in_words(loud)


def spectrogram(levels: np.ndarray, top: float, frames: int) -> bytes:
    """A PNG of `(mels, frames)` in dB, low frequencies below, from `top` down; transparent up to `frames`."""
    share = np.clip((levels - top) / RANGE_DB + 1, 0, 1)
    pixels = np.full((len(levels), frames), LEVELS, dtype=np.uint8)
    pixels[:, : levels.shape[1]] = np.rint(share * (LEVELS - 1))[::-1]
    colours = mpl.colormaps["magma"](np.linspace(0, 1, LEVELS))[:, :3]
    image = Image.fromarray(pixels, mode="P")
    image.putpalette((255 * colours).astype(np.uint8).tobytes() + bytes(3))
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True, transparency=LEVELS)
    return file.getvalue()


def in_words(loud: Loudness) -> str:
    """What a spectrogram shows: when there is sound, and where most of its power lies."""
    power = 10 ** (loud.levels / 10)
    by_frame = 10 * np.log10(power.sum(0))
    active = np.flatnonzero(by_frame > by_frame.max() - SILENT_DB) * HOP_SECONDS
    top = hertz_to_mel(torch.tensor(loud.rate / 2), "slaney")
    centres = mel_to_hertz(torch.linspace(0, top, MELS + 2)[1:-1], "slaney")
    peak = centres[power.sum(1).argmax()].item()
    return (
        f"log-mel spectrogram of {loud.levels.shape[1] * HOP_SECONDS:.1f} s, 0 to {loud.rate / 2000:g} kHz: "
        f"sound from {active[0]:.1f} to {active[-1] + HOP_SECONDS:.1f} s, loudest near {round(peak, -1):.0f} Hz"
    )

