"""UTMOS from TorchScript files; the real one is on the hub only."""

import huggingface_hub
import numpy as np
import pytest
import torch
from huggingface_hub.errors import LocalEntryNotFoundError

from shared.metrics.failure import NotMeasured
from shared.metrics.from_hub import Unavailable
from shared.metrics.level import SPEECH_DBOV
from shared.metrics.utmos import Utmos


class Loudness(torch.nn.Module):
    """Stands in for UTMOS: PCM16 `(batch, time)` to a score `(batch,)`."""

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        assert samples.dtype == torch.int16
        return samples.float().abs().mean(dim=1) / 32767.0


class NeedsGpu(torch.nn.Module):
    """Stands in for an export with its device written into the graph."""

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        return samples.to(torch.device("cuda:0")).float().mean(dim=1)


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "utmos.jit"
    torch.jit.script(Loudness()).save(str(path))
    return str(path)


@pytest.mark.parametrize("amplitude", [0.5, 0.005])
def test_hears_one_clip_at_16_khz_and_at_one_level(script, amplitude):
    model = Utmos(script)
    square = amplitude * np.sign(np.sin(2 * np.pi * 100 * np.arange(24_000) / 24_000 + 0.01))
    assert model(square.astype(np.float32), 24_000) == pytest.approx(10 ** (SPEECH_DBOV / 20), abs=1e-3)
    assert len(model.weights_sha256) == 64


@pytest.mark.parametrize("clip", [np.zeros(0, dtype=np.float32), np.zeros(16_000, dtype=np.float32)])
def test_an_empty_or_silent_clip_is_not_measured(script, clip):
    with pytest.raises(NotMeasured):
        Utmos(script)(clip, 16_000)


def test_unreachable_hub_is_unavailable_and_says_what_to_do(monkeypatch):
    def offline(repository, file):
        raise LocalEntryNotFoundError("no network")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", offline)
    with pytest.raises(Unavailable, match=r"balacoon/utmos: not cached.*hf download balacoon/utmos utmos.jit"):
        Utmos("balacoon/utmos")


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_a_model_for_another_device_is_unavailable(tmp_path):
    path = tmp_path / "utmos.jit"
    torch.jit.script(NeedsGpu()).save(str(path))
    with pytest.raises(Unavailable, match="does not run on this cpu"):
        Utmos(str(path))


def test_a_file_that_is_no_model_is_unavailable(tmp_path):
    path = tmp_path / "utmos.jit"
    path.write_bytes(b"no model")
    with pytest.raises(Unavailable):
        Utmos(str(path))
