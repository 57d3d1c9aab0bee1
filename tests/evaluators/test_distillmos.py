"""DistillMOS: the network against the package's own, its windows and weights."""

import importlib
import sys
import types
from importlib.util import find_spec

import numpy as np
import pytest
import torch

from shared.config import ConfigError
from shared.evaluators import distillmos
from shared.evaluators.distillmos import HOP, WEIGHTS, WINDOW, DistillMos, Network, windows_of


@pytest.mark.skipif(not find_spec("distillmos") or not find_spec("xls_r_sqa"), reason="the packages are not installed")
def test_equals_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchaudio", types.ModuleType("torchaudio"))  # only its command line uses it
    theirs = importlib.import_module("distillmos").ConvTransformerSQAModel().eval()
    time = np.arange(WINDOW + 3 * HOP // 2)
    noise = np.random.default_rng(0).standard_normal(len(time))
    clip = (0.2 * np.sin(time / 10) * (np.sin(time / 4000) > 0) + 0.01 * noise).astype(np.float32)
    with torch.no_grad():
        expected = float(theirs(torch.from_numpy(clip)[None]))
    assert DistillMos().score(clip) == pytest.approx(expected, abs=1e-4) and 1 < expected < 5


@pytest.mark.parametrize(("samples", "count"), [(WINDOW, 1), (WINDOW + 1, 2), (WINDOW + HOP, 2), (WINDOW + HOP + 1, 3)])
def test_windows_reach_from_start_to_end(samples, count):
    windows = windows_of(np.arange(samples))
    assert windows.shape == (count, WINDOW) and (windows[0, 0], windows[-1, -1]) == (0, samples - 1)
    assert np.diff(windows[:, 0]).max(initial=0) <= HOP


def test_a_short_clip_is_repeated():
    (window,) = windows_of(np.arange(50_000))
    assert (window[50_000:100_000] == window[:50_000]).all() and len(window) == WINDOW


def test_an_answer_is_on_the_scale():
    torch.manual_seed(0)
    with torch.inference_mode():
        answers = Network().eval()(torch.randn(2, WINDOW))
    assert answers.shape == (2,) and ((answers > 1) & (answers < 5)).all()


def test_other_weights_are_refused(tmp_path, monkeypatch):
    (tmp_path / "weights").mkdir()
    torch.save({"model": {"cnn.cnn.0.bias": torch.zeros(64)}}, tmp_path / WEIGHTS)
    monkeypatch.setattr(distillmos, "package_folder", lambda package, metric: tmp_path)
    with pytest.raises(ConfigError, match="not the weights of distillmos"):
        DistillMos()
