"""Sizes that no machine could hold, and warm-ups that never end, are refused with field and figure."""

import pytest

from shared.config import ConfigError
from shared.plan import memory
from shared.plan.plan import Plan


def _planned(sources, **changes):
    return Plan(sources, "cpu", [0], changes={"longcat": changes})


TOO_LARGE = {
    "generator.architecture.width": ({"generator": {"architecture": {"width": 10**8}}}, "this machine has"),
    "autoencoder.architecture.width": ({"autoencoder": {"architecture": {"width": 10**8}}}, "this machine has"),
    "generator.architecture.width x depth": ({"generator": {"architecture": {"depth": 10**14}}}, "of memory at least"),
    "autoencoder.training.batch": ({"autoencoder": {"training": {"batch": 10**10}}}, "x crop_seconds"),
    "crop_seconds": ({"autoencoder": {"crop_seconds": 1e12}}, "of memory at least"),
    "n_fft": (
        {"autoencoder": {"architecture": {"magnitudes": None},
                         "reconstruction": {"magnitude": None, "stft": [{"n_fft": 2**40, "hop": 256}]}}},
        "stft.0.n_fft",
    ),
    "sampling.batch": ({"sampling": {"batch": 10**12}}, "autoencoder.bottleneck.dim"),
    "generator.text.dim x depth": (
        {"generator": {"text": {"kind": "trained_t5", "dim": 64, "depth": 10**12, "heads": 2}}}, "this machine has"
    ),
    "evaluators.asr.encoder.width": ({"evaluators": {"asr": {"encoder": {"width": 10**8}}}}, "this machine has"),
}


@pytest.mark.parametrize("field", TOO_LARGE)
def test_a_size_that_no_machine_holds_is_refused_with_the_figure(sources, field):
    changes, said = TOO_LARGE[field]
    with pytest.raises(ConfigError) as caught:
        _planned(sources, **changes)
    assert field in str(caught.value) and said in str(caught.value), caught.value


def test_the_limit_is_the_machines_where_it_runs_the_jobs_itself(sources, monkeypatch):
    config = sources["longcat"].resolve("dim64", "paper")
    monkeypatch.setattr(memory, "machine_memory", lambda: 1e9)
    assert memory.memory_problem(config, "paper") is None
    assert "takes 4 GB of memory at least, and this machine has 1 GB" in memory.memory_problem(config, "cpu")


def test_the_largest_published_models_fit(sources):
    assert all(max(memory.needs(config)).size < 1e10 for config in sources["longcat"].resolve_all("paper"))


def test_a_warm_up_ends_but_at_smoke(sources):
    warmup = {"generator": {"training": {"learning_rate": {"warmup": 10**6}}}}
    with pytest.raises(ConfigError, match=r"longcat.*generator\.training\.learning_rate\.warmup: 1000000 steps, and"):
        _planned(sources, **warmup)
    assert Plan(sources, "smoke", [0], changes={"longcat": warmup})
