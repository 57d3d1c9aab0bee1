"""Damage to what jobs save is an error that names the file: cut off, foreign, of another model, bits flipped."""

import json
import random

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from shared.autoencoders.builder import SavedAutoencoder, build_autoencoder, load_autoencoder
from shared.autoencoders.config import AutoencoderConfig
from shared.autoencoders.latents import load_latents, save_latents
from shared.config import ConfigError
from shared.corpora.corpus import Corpus
from shared.corpora.manifest import Clip, write_manifest
from shared.measurements.compactness import SHOWN, Compactness, Curve, read_replicates
from shared.metrics.embeddings import read_embeddings, write_embeddings
from shared.tensors import load_weights, read_description, read_tensors
from shared.training.generator import check_clips
from shared.training.job import save_model
from shared.training.snapshots import keep_snapshots, read_kept
from shared.training.teacher_features import load_features, save_features

FLIPS = 60
SPECTRAL = {"family": "spectral", "n_fft": 64, "stft_hop": 32, "downsample": 2, "width": 8, "depth": 1,
            "latent_width": 8, "latent_depth": 1}  # fmt: skip
ZEROS = np.zeros(2)
CURVES = {key: Curve(ZEROS, ZEROS, ZEROS) for key in SHOWN.values()}


def model(dim: int = 4) -> AutoencoderConfig:
    return AutoencoderConfig.model_validate({"architecture": SPECTRAL, "bottleneck": {"dim": dim}})


def save_autoencoder(path, dim: int = 4):
    config = model(dim)
    torch.manual_seed(0)
    about = {"config": config.model_dump(mode="json"), "sample_rate": 8000, "hop": config.architecture.hop}
    save_model(path, build_autoencoder(config).state_dict(), about)


def posteriors():
    torch.manual_seed(0)
    return [(torch.randn(n, 3), torch.rand(n, 3)) for n in (3, 1, 4)]


def save_snapshots(path):
    for step in (2, 4):
        save_latents(path.parent / f"checkpoints/snapshots/step_{step:08d}.safetensors", posteriors(), 32)
    keep_snapshots(path.parent / "checkpoints", 4, 2, path)


def read_snapshots(path):
    return [tensor for each in read_kept(path).values() for tensor in parts(each)]


def parts(latents):
    return latents.mean, latents.std, latents.offsets, torch.tensor(latents.hop), torch.tensor(latents.draw == "fixed")


def save_replicates(path):
    save_file({"replicates": torch.randn(2, len(SHOWN), 5), "clips": torch.tensor(3)}, path)


# What each is: how it is written, and how it is read, as tensors.
KINDS = {
    "model": (save_autoencoder, lambda path: load_autoencoder(path).state_dict().values()),
    "latents": (lambda path: save_latents(path, posteriors(), 64), lambda path: parts(load_latents(path))),
    "snapshots": (save_snapshots, read_snapshots),
    "features": (lambda path: save_features(path, [mean for mean, _ in posteriors()]),
                 lambda path: vars(load_features(path, 3)).values()),
    "embeddings": (lambda path: write_embeddings(path, ["a", "b"], {"a": np.ones(3), "b": np.zeros(3)}),
                   lambda path: [torch.from_numpy(read_embeddings(path, ["b", "a"]))]),
    "replicates": (save_replicates, lambda path: map(torch.as_tensor, read_replicates(
        Compactness(ZEROS, ZEROS, CURVES, path.with_name("compactness.csv"))))),
}  # fmt: skip


@pytest.fixture(params=KINDS)
def saved(request, tmp_path):
    write, read = KINDS[request.param]
    name = "replicates" if request.param == "replicates" else "file"
    write(tmp_path / f"{name}.safetensors")
    return tmp_path / f"{name}.safetensors", read


def refused(path, read) -> str:
    """The error's one line, which names the file and what to delete."""
    with pytest.raises(ConfigError) as caught:
        list(read(path))
    line = str(caught.value)
    assert line.startswith(f"{path}: ") and "\n" not in line and "; delete " in line, line
    return line


def test_what_is_whole_is_read(saved):
    path, read = saved
    assert len(list(read(path)))


def test_what_is_cut_off_empty_or_foreign_is_named(saved):
    path, read = saved
    whole = path.read_bytes()
    foreign = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20
    for content in (b"", whole[:4], whole[: len(whole) // 2], whole[:-1], whole + b"x", foreign):
        path.write_bytes(content)
        assert "not a whole safetensors file" in refused(path, read)
    path.unlink()
    with pytest.raises(ConfigError, match=r"\.safetensors: no such file"):
        list(read(path))
    path.mkdir()
    refused(path, read)


def test_a_bit_flipped_in_the_header_is_named_or_changes_nothing(saved):
    path, read = saved
    whole, before = path.read_bytes(), list(read(path))
    header = 8 + int.from_bytes(whole[:8], "little")
    moments, named = random.Random(0), 0
    for _ in range(FLIPS):
        place = moments.randrange(8 * header)
        path.write_bytes(bytes(each ^ (1 << place % 8) * (i == place // 8) for i, each in enumerate(whole[:header]))
                         + whole[header:])  # fmt: skip
        try:
            after = list(read(path))
        except ConfigError as error:
            assert str(error).startswith(f"{path}: ")
            named += 1
        else:
            assert len(after) == len(before) and all(map(torch.equal, after, before))
    assert named > FLIPS / 2


def test_the_file_of_another_kind_is_named(saved, tmp_path):
    path, read = saved
    save_file({"else": torch.zeros(2)}, path)
    assert refused(path, read).count("so it is of something else") == 1
    save_file({name: torch.zeros(7, 7, 7, 7) for name in load_file(path)}, path)
    refused(path, read)


def edit(path, **changes):
    tensors, metadata = read_tensors(path)
    save_file(tensors | changes, path, metadata=metadata)


@pytest.mark.parametrize(("change", "said"), [
    ({"mean": torch.full((8, 3), torch.nan)}, "mean holds values that are not finite"),
    ({"std": torch.full((8, 3), torch.inf)}, "std holds values that are not finite"),
    ({"std": torch.full((8, 3), -1.0)}, "a standard deviation is negative"),
    ({"std": torch.zeros(8, 2)}, "are not of the same frames"),
    ({"offsets": torch.tensor([1, 3, 4, 8])}, "do not divide 8 frames"),
    ({"offsets": torch.tensor([0, 4, 3, 8])}, "do not divide 8 frames"),
    ({"offsets": torch.tensor([0, 3, 4, 7])}, "do not divide 8 frames"),
    ({"offsets": torch.tensor([0.0, 3.0, 8.0])}, "do not divide 8 frames"),
    ({"hop": torch.tensor(0)}, "its hop is no number of samples"),
    ({"hop": torch.tensor([64])}, "its hop is no number of samples"),
])  # fmt: skip
def test_latents_fit_each_other(tmp_path, change, said):
    path = tmp_path / "latents.safetensors"
    save_latents(path, posteriors(), 64)
    edit(path, **change)
    assert said in refused(path, lambda path: parts(load_latents(path)))


def test_latents_are_of_the_corpus_clips_in_their_order_and_of_this_hop(tmp_path):
    def corpus(*seconds):
        clips = [Clip(id=f"{i}", file="", text="", speaker=None, split="train", seen_speaker=True, seconds=each,
                      sha256="") for i, each in enumerate(seconds)]  # fmt: skip
        write_manifest(tmp_path / "manifest.json", 100, clips, [])
        return Corpus(tmp_path / "manifest.json")

    path = tmp_path / "latents.safetensors"
    right = (3 * 0.64, 0.01, 3.5 * 0.64)
    for hop, seconds in ((32, right), (64, right[:2]), (64, right[::-1])):
        save_latents(path, posteriors(), hop)
        with pytest.raises(ConfigError, match=r"its 3 clips are not those that .*manifest\.json has for training"):
            check_clips(path, load_latents(path), corpus(*seconds))
    save_latents(path, posteriors(), 64)
    check_clips(path, load_latents(path), corpus(*right))


def test_features_are_of_as_many_clips_and_finite(tmp_path):
    path = tmp_path / "features.safetensors"
    save_features(path, [mean for mean, _ in posteriors()])
    assert "it is of 3 clips, and 4 are trained on" in refused(path, lambda path: vars(load_features(path, 4)))
    edit(path, values=torch.full((8, 3), torch.inf).half())
    assert "values holds values that are not finite" in refused(path, lambda path: vars(load_features(path, 3)))


@pytest.mark.parametrize(("change", "said"), [
    ({"weight": torch.full((2, 3), torch.nan)}, "weight holds values that are not finite"),
    ({"weight": torch.zeros(3, 2)}, r"weight is (3, 2) float32 where its model has (2, 3) float32"),
    ({"weight": torch.zeros(2, 3).half()}, r"weight is (2, 3) float16 where its model has (2, 3) float32"),
    ({"more": torch.zeros(1)}, "it has 'more', so it is of something else"),
    ({"weight": None, "bias": None}, "it lacks 'bias' and 1 more, so it is of something else"),
])  # fmt: skip
def test_weights_are_those_of_the_model(tmp_path, change, said):
    path, layer = tmp_path / "model.safetensors", nn.Linear(3, 2)
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    save_file({name: value for name, value in (before | change).items() if value is not None}, path)
    assert said in refused(path, lambda path: load_weights(path, layer))
    assert all(torch.equal(value, before[name]) for name, value in layer.state_dict().items())


def test_only_weights_from_elsewhere_may_be_missing(tmp_path):
    path = tmp_path / "model.safetensors"
    both = nn.ModuleDict({"text_encoder": nn.Linear(2, 2), "own": nn.Linear(2, 1)})
    save_file({f"own.{name}": value for name, value in both["own"].state_dict().items()}, path)
    load_weights(path, both, apart="text_")
    assert "it lacks 'text_encoder.bias' and 1 more" in refused(path, lambda path: load_weights(path, both))
    save_file({"own.bias": torch.zeros(1)}, path)
    assert "it lacks 'own.weight'" in refused(path, lambda path: load_weights(path, both, apart="text_"))


def test_weights_of_another_size_of_model_are_named(tmp_path):
    save_autoencoder(tmp_path / "one/model.safetensors", 4)
    save_autoencoder(tmp_path / "two/model.safetensors", 5)
    (tmp_path / "two/model.safetensors").replace(tmp_path / "one/model.safetensors")
    line = refused(tmp_path / "one/model.safetensors", lambda path: load_autoencoder(path).state_dict())
    assert "where its model has" in line


def test_a_damaged_description_is_one_line(tmp_path):
    weights, about = tmp_path / "model.safetensors", tmp_path / "model.json"
    save_autoencoder(weights)
    whole = about.read_text()
    said = json.loads(whole)
    for content, reason in (
        (b"", "not a JSON file"), (whole[:50].encode(), "not a JSON file"), (b"\xff\xfe{}", "not a JSON file"),
        (b"[" * 10**5, "not a JSON file"), (b"[1]", "not of such a model"), (b"{}", "config: Field required"),
        (json.dumps(said | {"more": 1}).encode(), "more: unknown key"),
        (json.dumps(said | {"config": 3}).encode(), "not of such a model"),
        (json.dumps(said | {"hop": "x"}).encode(), "hop: Input should be a valid integer"),
        (json.dumps(said | {"hop": 7}).encode(), "hop is 7 where its architecture has 64"),
    ):  # fmt: skip
        about.write_bytes(content)
        with pytest.raises(ConfigError) as caught:
            load_autoencoder(weights)
        line = str(caught.value)
        assert line.startswith(f"{about}: damaged, ") and reason in line and "\n" not in line
        assert line.endswith(f"; delete {weights} and run again, which makes it anew")
    about.unlink()
    with pytest.raises(ConfigError, match=r"model\.json: no such file"):
        read_description(weights, SavedAutoencoder)
