"""MuQ-Eval with made-up code and weights; the real ones are elsewhere."""

import sys
from fractions import Fraction

import huggingface_hub
import numpy as np
import pytest
import torch
from huggingface_hub.errors import LocalEntryNotFoundError

from shared.metrics.failure import NotMeasured
from shared.metrics.from_hub import Unavailable
from shared.metrics.level import MUSIC_DBOV
from shared.metrics.muq_eval import SAMPLE_RATE, WINDOW, MuqEval

CODE = """
import torch

class MusicQualityModel(torch.nn.Module):
    def __init__(self, config):
        super().__init__()
        self.factor = torch.nn.Parameter(torch.zeros(config["heads"]))

    def forward(self, waveform):
        assert waveform.shape == (1, 240000)
        return {"TA": torch.tensor(9.0), "MI": self.factor[0] * waveform.abs().mean()}
"""


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """A folder as the hub repository is, a clone as the authors' is, and OmegaConf, which that asks for."""
    (tmp_path / "clone/src").mkdir(parents=True)
    (tmp_path / "clone/src/model.py").write_text(CODE)
    (tmp_path / "clone/omegaconf.py").write_text("class OmegaConf:\n    load = lambda path: {'heads': 1}\n")
    (tmp_path / "model").mkdir()
    (tmp_path / "model/config.yaml").write_text("heads: 1\n")
    torch.save({"factor": torch.tensor([8.0])}, tmp_path / "model/model_state_dict.pt")
    monkeypatch.setenv("MUQ_EVAL", str(tmp_path / "clone"))
    monkeypatch.syspath_prepend(str(tmp_path / "clone"))
    for name in ("src", "src.model", "omegaconf"):
        monkeypatch.setitem(sys.modules, name, None)  # so that it is put back as it was
        del sys.modules[name]
    return str(tmp_path / "model")


@torch.inference_mode()
def test_a_long_clip_is_the_mean_of_its_windows_and_a_short_rest_does_not_count(weights):
    model = MuqEval(weights)
    loud, quiet = np.full(WINDOW, 0.5, dtype=np.float32), np.full(WINDOW // 2, 0.25, dtype=np.float32)
    assert model.predict(loud) == pytest.approx(4.0)
    assert model.predict(np.concatenate([loud, quiet])) == pytest.approx((4.0 + 1.0) / 2)
    assert model.predict(np.concatenate([loud, quiet[:-1]])) == pytest.approx(4.0)
    assert len(model.weights_sha256) == 64


@torch.inference_mode()
def test_a_short_clip_is_filled_up(weights):
    assert MuqEval(weights).predict(np.full(WINDOW // 10, 0.5, dtype=np.float32)) == pytest.approx(0.4)


@pytest.mark.parametrize("amplitude", [0.5, 0.005])
def test_every_clip_is_heard_at_one_level(weights, amplitude):
    clip = np.tile(np.float32([amplitude, -amplitude]), WINDOW // 2)
    assert MuqEval(weights)(clip, SAMPLE_RATE) == pytest.approx(8 * 10 ** (MUSIC_DBOV / 20), rel=1e-4)


@pytest.mark.parametrize("clip", [np.zeros(0), np.zeros(SAMPLE_RATE), np.full(10, np.nan)])
def test_a_clip_that_is_empty_silent_or_not_finite_is_not_measured(weights, clip):
    with pytest.raises(NotMeasured):
        MuqEval(weights)(clip.astype(np.float32), SAMPLE_RATE)


def test_without_its_code_it_is_unavailable_and_says_what_to_do(weights, monkeypatch):
    monkeypatch.delenv("MUQ_EVAL")
    with pytest.raises(Unavailable, match="set MUQ_EVAL to a clone"):
        MuqEval(weights)


@pytest.mark.parametrize("other", [torch.zeros(2), Fraction(1, 2)])  # weights of another size, or no weights
def test_weights_of_another_model_are_unavailable(weights, tmp_path, other):
    torch.save({"factor": other}, tmp_path / "model/model_state_dict.pt")
    with pytest.raises(Unavailable, match="does not load with the code in MUQ_EVAL"):
        MuqEval(weights)


def test_unreachable_hub_is_unavailable_and_says_what_to_do(monkeypatch):
    def offline(repository, file):
        raise LocalEntryNotFoundError("no network")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", offline)
    with pytest.raises(Unavailable, match=r"zhudi2825/MuQ-Eval-A1: not cached.*hf download zhudi2825/MuQ-Eval-A1"):
        MuqEval("zhudi2825/MuQ-Eval-A1")
