"""Job: train a character CTC recogniser on a corpus and save it as a `transformers` folder.

`python -m shared.training.evaluators.asr --spec SPEC.json --corpus manifest.json --output FOLDER/model.safetensors`
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from shared.config import Strict, parse
from shared.corpora.corpus import Corpus
from shared.corpora.manifest import Clip, CorpusError
from shared.corpora.unseen import unseen
from shared.evaluators.asr import CtcRecogniser
from shared.files import read_json, write_json
from shared.job import job_parser, run_job, set_threads
from shared.metrics.error_rate import character_errors, corpus_error_rate, word_errors
from shared.metrics.text import normalise as normalise_text
from shared.training.evaluators.config import AsrRecipe, PerturbationConfig
from shared.training.evaluators.logmel import group, mask_spans, normalise, perturb
from shared.training.evaluators.training import encoder_settings, extract_all, make_extractor, save_folder, train
from shared.training.job import fingerprint

if TYPE_CHECKING:
    from transformers import PreTrainedModel

PAD, UNKNOWN, SPACE = "<pad>", "<unk>", "|"
IGNORED = -100  # label that the CTC loss of transformers skips


class AsrSpec(Strict):
    """The whole config of this job."""

    corpus: dict[str, Any]
    asr: AsrRecipe
    seed: int


class Utterances:
    """Training clips as features and character labels; draws perturbed batches."""

    def __init__(self, features: list[Tensor], labels: list[list[int]], perturbation: PerturbationConfig, stride: int):
        self.features, self.perturbation, self.stride = features, perturbation, stride
        self.labels = [torch.tensor(each) for each in labels]

    def draw(self, batch: int, generator: torch.Generator) -> dict[str, Tensor]:
        """Arguments of the model: `input_features`, `attention_mask` and `labels`, all `(batch, ...)`."""
        chosen = torch.randint(len(self.features), (batch,), generator=generator).tolist()
        features, lengths = perturb([self.features[i] for i in chosen], self.perturbation, generator)
        features = mask_spans(normalise(features, lengths), lengths, self.perturbation, generator)
        inputs, mask = group(features, lengths, self.stride)
        labels = [self.labels[i] for i in chosen]
        padded = torch.nn.utils.rnn.pad_sequence(labels, batch_first=True, padding_value=IGNORED)
        return {"input_features": inputs, "attention_mask": mask, "labels": padded}


def make_tokenizer(texts: Iterable[str], folder: Path) -> Any:
    """A character tokenizer for the letters of `texts`; its vocabulary is written to `folder`.

    The texts are normalised, and so have none of the characters that its special tokens are made of.
    """
    from transformers import Wav2Vec2CTCTokenizer

    letters = sorted(set("".join(texts)) - {" "})
    vocabulary = {token: index for index, token in enumerate([PAD, UNKNOWN, SPACE, *letters])}
    write_json(folder / "vocab.json", vocabulary)
    return Wav2Vec2CTCTokenizer(
        str(folder / "vocab.json"),
        pad_token=PAD,
        unk_token=UNKNOWN,
        word_delimiter_token=SPACE,
        bos_token=None,
        eos_token=None,
    )


def build_recogniser(config: AsrRecipe, vocabulary: int, seed: int) -> "PreTrainedModel":
    """An untrained `Wav2Vec2BertForCTC`, the same for the same seed."""
    from transformers import Wav2Vec2BertConfig, Wav2Vec2BertForCTC

    torch.manual_seed(seed)
    settings = Wav2Vec2BertConfig(
        **encoder_settings(config.encoder),
        vocab_size=vocabulary,
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=None,
        ctc_loss_reduction="mean",
        ctc_zero_infinity=True,  # a clip spoken faster than the frames can spell teaches nothing instead of stopping
    )
    return Wav2Vec2BertForCTC(settings)


def train_asr(spec: AsrSpec, corpus: Corpus, output: Path, code: str = "") -> None:
    """Train on the train split and write the folder, with `report.json` on the test split.

    Raises:
        CorpusError: no clip of the train split has a text.
    """
    from transformers import Wav2Vec2BertProcessor

    config = spec.asr
    clips = [clip for clip in corpus.split("train") if normalise_text(clip.text)]
    if not clips:
        raise CorpusError(f"{corpus.path}: no transcripts in the train split to train a recogniser on")
    if remark := unseen(corpus.manifest, normalise_text, "characters"):
        print(remark, file=sys.stderr)
    texts = [normalise_text(clip.text) for clip in clips]
    extractor = make_extractor(config.encoder.stride)
    tokenizer = make_tokenizer(texts, output.parent)
    labels = [tokenizer(text).input_ids for text in texts]
    utterances = Utterances(extract_all(corpus, clips, extractor), labels, config.perturbation, config.encoder.stride)
    model = build_recogniser(config, len(tokenizer), spec.seed)

    def loss(prepared: nn.Module, generator: torch.Generator, device: torch.device) -> Tensor:
        batch = utterances.draw(config.training.batch, generator)
        return prepared(**{name: tensor.to(device) for name, tensor in batch.items()}).loss

    place = output.parent / "checkpoints", fingerprint(spec, code, corpus.path)
    model = train("asr", model, loss, config.training, spec.seed, *place)
    processor = Wav2Vec2BertProcessor(feature_extractor=extractor, tokenizer=tokenizer)
    save_folder(output, [processor, model])
    write_json(output.parent / "report.json", evaluate(output, corpus))


def evaluate(model: Path, corpus: Corpus) -> dict[str, Any]:
    """Corpus word and character error rate of a saved recogniser on the test split, by kind of voice."""
    recogniser = CtcRecogniser(str(model))
    report: dict[str, Any] = {"weights_sha256": recogniser.weights_sha256}
    for name, seen in (("seen_speakers", True), ("held_out_speakers", False)):
        clips = [clip for clip in corpus.split("test") if clip.seen_speaker == seen and normalise_text(clip.text)]
        if clips:
            report[name] = _error_rates(recogniser, corpus, clips)
    return report


def _error_rates(recogniser: CtcRecogniser, corpus: Corpus, clips: list[Clip]) -> dict[str, float]:
    said = [normalise_text(clip.text) for clip in clips]
    heard = [normalise_text(recogniser.transcribe(corpus.mono(clip), corpus.sample_rate)) for clip in clips]
    pairs = list(zip(said, heard, strict=True))
    return {
        "clips": len(clips),
        "wer": corpus_error_rate(word_errors(*pair) for pair in pairs),
        "cer": corpus_error_rate(character_errors(*pair) for pair in pairs),
    }


def main() -> None:
    """Command line of the job."""
    parser = job_parser("Train a speech recogniser.", corpus="manifest.json")
    parser.add_argument("--code", default="", help="hash of the code; a checkpoint of other code is not resumed")
    arguments = parser.parse_args()
    set_threads(arguments.threads)
    spec = parse(AsrSpec, read_json(arguments.spec), arguments.spec)
    train_asr(spec, Corpus(arguments.corpus), Path(arguments.output), arguments.code)


if __name__ == "__main__":
    run_job(main)
