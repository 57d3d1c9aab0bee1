"""Job: train an audio-text model on a captioned corpus and save it as a `transformers` folder.

`python -m shared.training.evaluators.clap --spec SPEC.json --corpus manifest.json --output FOLDER/model.safetensors`
"""

import math
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from shared.audio.io import resample
from shared.config import Strict, parse
from shared.corpora.corpus import Corpus
from shared.corpora.manifest import Clip, CorpusError
from shared.corpora.unseen import unseen
from shared.evaluators.clap import ClapEmbedder
from shared.files import read_json, write_json
from shared.job import job_parser, run_job, set_threads
from shared.progress import Progress
from shared.training.evaluators.config import CaptionsConfig, ClapRecipe
from shared.training.evaluators.training import save_folder, train
from shared.training.job import fingerprint

if TYPE_CHECKING:
    from transformers import PreTrainedModel

SAMPLE_RATE = 16_000
WINDOW = 1024  # samples of the front end's frames
START, PAD, END, UNKNOWN = "<s>", "<pad>", "</s>", "<unk>"
LONGEST_CAPTION = 64  # words; what comes after is cut
# Scripts that are written without spaces: there each character, with its marks, is a word.
UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]\p{M}*"


class ClapSpec(Strict):
    """The whole config of this job."""

    corpus: dict[str, Any]
    clap: ClapRecipe
    seed: int


class CaptionedClips:
    """Training clips as log-mel images with their captions' words; draws distorted batches of different captions.

    Two clips of one caption in a batch would each be a wrong answer for the other's.
    """

    def __init__(self, features: list[Tensor], words: list[list[int]], pad: int, config: ClapRecipe):
        self.features, self.pad, self.config = torch.stack(features), pad, config
        groups = defaultdict(list)
        for index, caption in enumerate(words):
            groups[tuple(caption)].append(index)
        self.captions = [torch.tensor(caption) for caption in groups]
        self.clips = list(groups.values())

    def draw(self, batch: int, generator: torch.Generator) -> dict[str, Tensor]:
        """Arguments of the model: `input_features`, `input_ids` and `attention_mask`, all `(batch, ...)`."""
        chosen = torch.randperm(len(self.captions), generator=generator)[:batch].tolist()
        place = torch.rand(len(chosen), generator=generator).tolist()
        groups = (self.clips[index] for index in chosen)
        rows = [group[int(part * len(group))] for group, part in zip(groups, place, strict=True)]
        captions = [self.captions[index] for index in chosen]
        words = torch.nn.utils.rnn.pad_sequence(captions, batch_first=True, padding_value=self.pad)
        images = perturb(self.features[rows], self.config, generator)
        return {"input_features": images, "input_ids": words, "attention_mask": (words != self.pad).long()}


def perturb(features: Tensor, config: ClapRecipe, generator: torch.Generator) -> Tensor:
    """Change the level of each image `(batch, 1, frames, bands)` in dB, and every cell a little."""
    shape = (len(features), 1, 1, 1)
    gain = config.gain * (2 * torch.rand(shape, generator=generator) - 1)
    jitter = config.jitter * torch.rand(shape, generator=generator)
    return features + gain + jitter * torch.randn(features.shape, generator=generator)


def make_tokenizer(captions: Iterable[str], others: Iterable[str] = ()) -> Any:
    """A tokenizer that knows the words of `captions`, then those of `others`, whatever their case and Unicode form."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    # A final sigma is one of lower case only.
    parts = [normalizers.NFC(), normalizers.Lowercase(), normalizers.NFC(), normalizers.Replace("\u03c2", "\u03c3")]
    normalizer = normalizers.Sequence(parts)
    split = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(UNSPACED), "isolated"), pre_tokenizers.Whitespace()]
    )

    def words(texts: Iterable[str]) -> set[str]:
        read = (normalizer.normalize_str(text) for text in texts)
        return {word for text in read for word, _ in split.pre_tokenize_str(text)}

    special, known = [START, PAD, END, UNKNOWN], words(captions)
    every = [*special, *sorted(known), *sorted(words(others) - known)]
    vocabulary = {word: index for index, word in enumerate(every)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, split
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}", special_tokens=[(START, 0), (END, special.index(END))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=START,
        cls_token=START,
        pad_token=PAD,
        eos_token=END,
        sep_token=END,
        unk_token=UNKNOWN,
        model_max_length=LONGEST_CAPTION,
        split_special_tokens=True,  # a caption with "<pad>" in it means no padding
    )


def make_extractor(config: CaptionsConfig, seconds: float) -> Any:
    """The log-mel front end, a `ClapFeatureExtractor` whose image holds clips of up to `seconds`."""
    from transformers import ClapFeatureExtractor

    length, frames = math.ceil(seconds), config.image**2 // config.bands
    return ClapFeatureExtractor(
        feature_size=config.bands,
        sampling_rate=SAMPLE_RATE,
        hop_length=math.ceil(length * SAMPLE_RATE / (frames - 1)),
        max_length_s=length,
        fft_window_size=WINDOW,
        frequency_max=SAMPLE_RATE // 2,
        truncation="rand_trunc",  # one image a clip, not the four of a fused model
    )


def build_clap_model(config: CaptionsConfig, tokenizer: Any, seed: int) -> "PreTrainedModel":
    """An untrained `ClapModel`, the same for the same seed."""
    from transformers import ClapAudioConfig, ClapConfig, ClapModel, ClapTextConfig

    torch.manual_seed(seed)
    audio = ClapAudioConfig(
        num_mel_bins=config.bands,
        spec_size=config.image,
        patch_size=config.PATCH,
        patch_stride=[config.PATCH, config.PATCH],
        window_size=config.window,
        patch_embeds_hidden_size=config.width,
        hidden_size=config.width << (len(config.depths) - 1),
        depths=list(config.depths),
        num_attention_heads=list(config.heads),
        num_hidden_layers=len(config.depths),
        drop_path_rate=0.0,
        projection_dim=config.embedding,
    )
    text = ClapTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=config.text_width,
        num_hidden_layers=config.text_depth,
        num_attention_heads=config.text_heads,
        intermediate_size=4 * config.text_width,
        max_position_embeddings=LONGEST_CAPTION + 2,  # RoBERTa's positions start after the padding's
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        projection_dim=config.embedding,
    )
    return ClapModel(ClapConfig(text_config=text, audio_config=audio, projection_dim=config.embedding))


def extract_images(corpus: Corpus, clips: list[Clip], extractor: Any) -> list[Tensor]:
    """Log-mel image of each clip, `(1, frames, bands)` in dB."""
    progress = Progress("features", len(clips), unit="clip")
    images = []
    for clip in clips:
        audio = resample(corpus.mono(clip), corpus.sample_rate, SAMPLE_RATE)
        found = extractor(audio, sampling_rate=SAMPLE_RATE, return_tensors="pt")
        images.append(found["input_features"][0].float())
        progress.update()
    return images


def train_clap(spec: ClapSpec, corpus: Corpus, output: Path, code: str = "") -> None:
    """Train on the train split and write the folder, with `report.json` on the test split.

    Raises:
        CorpusError: fewer than two captions to tell apart.
    """
    from transformers import ClapProcessor

    config, manifest = spec.clap, corpus.manifest
    clips = [clip for clip in manifest.split("train") if clip.text.strip()]
    tokenizer = make_tokenizer((clip.text for clip in clips), (clip.text for clip in manifest.clips))
    if remark := unseen(manifest, tokenizer.tokenize, "words"):
        print(remark, file=sys.stderr)
    words = [tokenizer(clip.text, truncation=True).input_ids for clip in clips]
    if len({tuple(caption) for caption in words}) < 2:
        raise CorpusError(f"{corpus.path}: an audio-text model needs clips of two captions or more in the train split")
    extractor = make_extractor(config.encoder, max(clip.seconds for clip in clips))
    images = extract_images(corpus, clips, extractor)
    captioned = CaptionedClips(images, words, tokenizer.pad_token_id, config)
    model = build_clap_model(config.encoder, tokenizer, spec.seed)

    def loss(prepared: nn.Module, generator: torch.Generator, device: torch.device) -> Tensor:
        batch = captioned.draw(config.training.batch, generator)
        return prepared(**{name: tensor.to(device) for name, tensor in batch.items()}, return_loss=True).loss

    place = output.parent / "checkpoints", fingerprint(spec, code, corpus.path)
    model = train("audio-text", model, loss, config.training, spec.seed, *place)
    save_folder(output, [ClapProcessor(extractor, tokenizer), model])
    write_json(output.parent / "report.json", evaluate(output, corpus))


def evaluate(model: Path, corpus: Corpus) -> dict[str, Any]:
    """How often a saved model finds the caption of a test clip among all of the test split's captions."""
    embedder = ClapEmbedder(str(model))
    clips = [clip for clip in corpus.split("test") if clip.text.strip()]
    report: dict[str, Any] = {"weights_sha256": embedder.weights_sha256, "clips": len(clips)}
    if not clips:
        return report
    captions = sorted({clip.text for clip in clips})
    texts = np.stack([embedder.embed_text(caption) for caption in captions])
    audio = np.stack([embedder.embed_audio(corpus.mono(clip), corpus.sample_rate) for clip in clips])
    similarity = audio @ texts.T
    own = similarity[np.arange(len(clips)), [captions.index(clip.text) for clip in clips]]
    rank = (similarity > own[:, None]).sum(1)
    return report | {
        "captions": len(captions),
        "top_1": float((rank < 1).mean()),
        "top_5": float((rank < 5).mean()),
        "similarity_own": float(own.mean()),
        "similarity_all": float(similarity.mean()),
    }


def main() -> None:
    """Command line of the job."""
    parser = job_parser("Train an audio-text model.", corpus="manifest.json")
    parser.add_argument("--code", default="", help="hash of the code; a checkpoint of other code is not resumed")
    arguments = parser.parse_args()
    set_threads(arguments.threads)
    spec = parse(ClapSpec, read_json(arguments.spec), arguments.spec)
    train_clap(spec, Corpus(arguments.corpus), Path(arguments.output), arguments.code)


if __name__ == "__main__":
    run_job(main)
