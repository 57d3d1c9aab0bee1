"""What importing refuses, and that a pair of what it wrote speaks."""

import json
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from shared.autoencoders.builder import build_autoencoder
from shared.autoencoders.config import AutoencoderConfig
from shared.cli import replicate
from shared.config import ConfigError
from shared.kinds import modules_in
from shared.released.importing import PACKAGE, find, import_released, known
from shared.sampling.pair import Pair
from tests.released.compare import by_formula
from tests.released.test_generators import GOLDEN


@pytest.fixture
def golden():
    return json.loads(GOLDEN.read_text())


def write(folder: Path, golden: dict, state: dict) -> Path:
    folder.mkdir()
    save_file(state, folder / "model_1.safetensors")
    (folder / "vocab.txt").write_text("\n".join(golden["vocabulary"]) + "\n")
    return folder


def test_each_model_is_found_by_its_name():
    names = [each.name for each in known()]
    assert {"longcat_vae", "longcat_dit", "same_l", "sa3_dit", "f5_v1"} <= set(names) <= set(modules_in(PACKAGE))
    assert all(type(find(name)).name == name for name in names)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.pop("proj_out.bias"), r"it lacks proj_out\.bias$"),
        (lambda state: state.update(extra=torch.ones(2)), r"it has no place for extra$"),
        (lambda state: state.update({"norm_out.linear.bias": torch.ones(3)}),
         r"has of another shape norm_out\.linear\.bias \(3,\) for \(256,\)"),
        (lambda state: [state.pop(name) for name in list(state) if ".attn.to_q." in name and ".0." not in name] and
         [state.pop(name) for name in list(state) if "dwconv" in name], r"lacks .*, .*, .* and 3 more"),
        (lambda state: state["proj_out.bias"].fill_(torch.nan), r"transformer\.project\.bias holds values"),
        (lambda state: state.pop("proj_out.weight"), r"it lacks proj_out\.weight"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_by_name(golden, tmp_path, change, message):
    state = by_formula(golden["shapes"])
    change(state)
    with pytest.raises(ConfigError, match=message):
        import_released(write(tmp_path / "theirs", golden, state), find("f5_v1"), tmp_path / "ours")
    assert not (tmp_path / "ours/model.safetensors").exists()


def test_pickles_are_refused_with_the_reason(tmp_path):
    (tmp_path / "model.ckpt").write_bytes(b"")
    for source in (tmp_path, tmp_path / "model.ckpt"):
        with pytest.raises(ConfigError, match="to read this file is to run what is in it"):
            import_released(source, find("dac"), tmp_path / "ours")
    with pytest.raises(ConfigError, match="no such model; did you mean 'f5_v1'"):
        find("f5_v2")


def test_an_imported_pair_speaks(golden, tmp_path, monkeypatch, capsys):
    theirs = write(tmp_path / "f5", golden, by_formula(golden["shapes"]))
    config = AutoencoderConfig.model_validate({
        "architecture": {"family": "oobleck", "channels": 4, "multipliers": [1, 2], "strides": [2, 4]},
        "bottleneck": {"dim": 4},
    })  # fmt: skip
    state = build_autoencoder(config).state_dict()
    (tmp_path / "vae").mkdir()
    save_file({longcat(name): value for name, value in state.items()}, tmp_path / "vae/model.safetensors")
    for name, source in (("f5_v1", theirs), ("longcat_vae", tmp_path / "vae")):
        output = tmp_path / "ours" / name
        words = ["replicate", "import", str(source), "--as", name, "--output", str(output)]
        monkeypatch.setattr(sys, "argv", words)
        replicate.main()
    assert "wrote" in capsys.readouterr().out
    pair = Pair.from_pretrained(tmp_path / "ours/longcat_vae", tmp_path / "ours/f5_v1")
    assert pair.sample_rate == 24000
    assert pair.say("ab c", seconds=0.004).shape == (96,)


def longcat(name: str) -> str:
    """What LongCat's VAE calls a weight of ours: the outermost layers of its halves are not inside of a shortcut."""
    half, _, rest = name.partition(".")
    index, _, leaf = rest.partition(".")
    for ours, theirs in (("original0", "weight_g"), ("original1", "weight_v")):
        leaf = leaf.replace(f"parametrizations.weight.{ours}", theirs)
    leaf = leaf.replace("log_frequency", "alpha").replace("log_magnitude", "beta")
    return f"{half}.layers.{index}.{leaf.removeprefix('layers.') if leaf.count('.') == 1 else leaf}"
