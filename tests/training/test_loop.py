"""The training loop: bit-exact resume, fingerprints, EMA, the finite-loss guard, schedules."""

import math

import pytest
import torch
from torch import nn

from shared.training.checkpoint import load_checkpoint
from shared.training.config import ScheduleConfig, TrainingConfig
from shared.training.loop import NonFiniteLossError, Task, fit, step_generator
from shared.training.optimizers import make_optimizers
from shared.training.recipes import RecipeTraining


def config(steps: int = 12, **changes) -> RecipeTraining:
    data = {"steps": steps, "batch": 4, "learning_rate": {"peak": 0.1, "final": 0.0}, "checkpoint_every": 5}
    return RecipeTraining(**{**data, **changes})


class Interrupted(Exception):
    pass


def make_task(training: TrainingConfig, stop_at: int | None = None, poison_at: int | None = None) -> Task:
    """Fit y = 2x with dropout and random data, so that any slip in a random state shows."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.5), nn.Linear(8, 3))
    optimizers = make_optimizers([model], training)

    def step(index: int) -> dict:
        if index == stop_at:
            raise Interrupted
        x = torch.from_numpy(step_generator(7, index).normal(size=(training.batch, 3))).float()
        loss = (model(x) - 2 * x).square().mean()
        if index == poison_at:
            loss = loss * math.nan
        loss.backward()
        for optimizer in optimizers.values():
            optimizer.step()
            optimizer.zero_grad()
        return {"loss": loss.detach()}

    return Task("test", training, 7, model, optimizers, step)


def flat(weights: dict[str, torch.Tensor]) -> torch.Tensor:
    return torch.cat([weight.flatten() for weight in weights.values()])


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
@pytest.mark.parametrize("ema", [0.0, 0.9])
@pytest.mark.parametrize("stops", [[3], [5], [7, 11]])
def test_a_resumed_run_ends_bit_identical(tmp_path, stops, ema, optimizer):
    training = config(ema=ema, optimizer=optimizer)
    straight = fit(make_task(training), tmp_path / "straight", "f")
    for stop in stops:
        with pytest.raises(Interrupted):
            fit(make_task(training, stop_at=stop), tmp_path / "resumed", "f")
    resumed = fit(make_task(training), tmp_path / "resumed", "f")
    assert torch.equal(flat(straight), flat(resumed))


def test_a_finished_run_is_not_trained_again(tmp_path):
    training = config()
    first = fit(make_task(training), tmp_path, "f")
    again = fit(make_task(training, stop_at=0), tmp_path, "f")
    assert torch.equal(flat(first), flat(again))


def test_a_checkpoint_of_another_fingerprint_is_never_resumed(tmp_path, capsys):
    training = config()
    fit(make_task(training), tmp_path, "one")
    assert load_checkpoint(tmp_path, "two") == (0, None)
    assert "starting from step 0" in capsys.readouterr().err


def test_ema_keeps_the_average(tmp_path):
    """With decay d the kept weights are d · average + (1 − d) · new, the first step copied."""
    training = config(steps=2, ema=0.75)
    task = make_task(training)
    seen = []
    step = task.step
    task.step = lambda index: (step(index), seen.append(flat(task.model.state_dict()).clone()))[0]
    kept = fit(task, tmp_path, "f")
    torch.testing.assert_close(flat(kept), 0.75 * seen[0] + 0.25 * seen[1])


def test_a_loss_that_is_not_finite_stops_the_run_with_step_and_term(tmp_path):
    training = config()
    with pytest.raises(NonFiniteLossError, match=r"step 6: loss is not finite: \{'loss': nan\}"):
        fit(make_task(training, poison_at=6), tmp_path, "f")
    assert load_checkpoint(tmp_path, "f")[0] == 5


def test_schedule_warms_up_and_decays_to_the_final_rate():
    linear = ScheduleConfig(peak=1.0, final=0.1, warmup=4)
    assert [linear.at(step, 14) for step in range(4)] == [0.25, 0.5, 0.75, 1.0]
    assert linear.at(13, 14) == pytest.approx(0.1)
    assert linear.at(9, 15) == pytest.approx(0.55)
    cosine = ScheduleConfig(peak=1.0, final=0.0, decay="cosine")
    assert cosine.at(5, 11) == pytest.approx(0.5)
    held = ScheduleConfig(peak=1.0, final=0.0, warmup=2, hold=0.5)
    assert [held.at(step, 13) for step in (0, 2, 7, 8, 12)] == pytest.approx([0.5, 1.0, 1.0, 0.8, 0.0])
    # Semantic-VAE's released decay: a factor of 0.999996 a step, for 600,000 steps.
    exponential = ScheduleConfig(peak=1e-4, final=1e-4 * 0.999996**599_999, decay="exponential")
    assert exponential.at(300_000, 600_000) == pytest.approx(1e-4 * 0.999996**300_000)


def test_a_decay_that_never_arrives_is_refused():
    with pytest.raises(ValueError, match="never comes to 0"):
        ScheduleConfig(peak=1.0, final=0.0, decay="exponential")


def test_a_final_rate_above_the_peak_is_refused():
    with pytest.raises(ValueError, match="above the peak"):
        ScheduleConfig(peak=1.0, final=2.0)
