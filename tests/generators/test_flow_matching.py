"""Flow matching: spans, the path and its velocity, dropping conditions, the loss."""

import pytest
import torch

from shared.generators.flow_matching import FlowExample, draw_spans, flow_matching_loss
from shared.generators.flow_matching import draw_example as draw_along
from shared.generators.infilling_config import FlowMatchingConfig
from shared.generators.paths.cosine import CosinePath
from shared.generators.paths.cosine_config import CosinePathConfig
from shared.generators.paths.linear import LinearPath

FRAMES = torch.tensor([20, 13, 7, 1])
LATENTS = torch.randn(4, 20, 3, generator=torch.Generator().manual_seed(0))


def draw_example(latents: torch.Tensor, frames: torch.Tensor, config: FlowMatchingConfig) -> FlowExample:
    return draw_along(latents, frames, config, LinearPath())


def test_spans_are_contiguous_within_the_frames_and_as_long_as_asked():
    torch.manual_seed(0)
    for _ in range(200):
        spans = draw_spans(FRAMES, 20, (0.4, 0.8))
        for span, frames in zip(spans, FRAMES.tolist(), strict=True):
            inside = span.nonzero().flatten()
            assert inside[-1] < frames and len(inside) == inside[-1] - inside[0] + 1
            assert 0.4 * frames <= len(inside) <= 0.8 * frames + 1


def test_end_points_of_the_path_are_noise_and_data():
    """z_t = (1 − t) noise + t latents, so z_t + (1 − t) v = latents and z_t − t v = noise."""
    torch.manual_seed(0)
    example = draw_example(LATENTS, FRAMES, FlowMatchingConfig(condition_dropout=0.0))
    t = example.time[:, None, None]
    torch.testing.assert_close(example.noisy + (1 - t) * example.velocity, LATENTS)


def test_an_example_lies_on_the_path_that_is_asked_for():
    """On the cosine path, z_t and the velocity give the data back: x = α z + σ velocity."""
    torch.manual_seed(0)
    path = CosinePath(CosinePathConfig(kind="cosine", log_snr_shift=-1.0))
    example = draw_along(LATENTS, FRAMES, FlowMatchingConfig(condition_dropout=0.0), path)
    alpha, sigma, *_ = path.at(example.time[:, None, None])
    torch.testing.assert_close(alpha * example.noisy + sigma * example.velocity, LATENTS)


def test_context_is_clean_outside_the_span_and_hidden_in_it():
    torch.manual_seed(0)
    example = draw_example(LATENTS, FRAMES, FlowMatchingConfig(mask_ratio=(0.5, 0.5), condition_dropout=0.0))
    assert (example.context[example.span] == 0).all()
    torch.testing.assert_close(example.context[~example.span], LATENTS[~example.span])


def test_dropping_takes_text_context_and_visible_part_together_per_example():
    torch.manual_seed(0)
    latents, frames = LATENTS[:1].expand(2000, -1, -1), torch.full((2000,), 20)
    example = draw_example(latents, frames, FlowMatchingConfig(mask_ratio=(0.5, 0.5), condition_dropout=0.1))
    dropped = example.keep == 0
    assert 0.07 < dropped.float().mean() < 0.13
    assert (example.context[dropped] == 0).all()
    assert (example.noisy[dropped][~example.span[dropped]] == 0).all()
    assert (example.context[~dropped].abs().sum(dim=(1, 2)) > 0).all()


def test_the_context_is_dropped_alone_besides_the_joint_drop():
    """F5-TTS: 0.2 lose text and context, 0.3 of the others lose the context, so 0.44 in all."""
    config = FlowMatchingConfig(mask_ratio=(0.5, 0.5), condition_dropout=0.2, context_dropout=0.3)
    torch.manual_seed(0)
    example = draw_example(LATENTS[:1].expand(4000, -1, -1), torch.full((4000,), 20), config)
    without_text, without_context = example.keep == 0, example.context.abs().sum(dim=(1, 2)) == 0
    assert 0.18 < without_text.float().mean() < 0.22
    assert 0.41 < without_context.float().mean() < 0.47
    assert without_context[without_text].all()
    assert torch.equal((example.noisy * ~example.span.unsqueeze(-1)).abs().sum(dim=(1, 2)) == 0, without_context)


def test_dropping_the_context_leaves_every_other_draw_as_it_was():
    examples = []
    for dropout in (0.0, 1.0):
        torch.manual_seed(0)
        examples.append(draw_example(LATENTS, FRAMES, FlowMatchingConfig(context_dropout=dropout)))
    plain, dropped = examples
    for name in ("time", "velocity", "span", "keep"):
        assert torch.equal(getattr(plain, name), getattr(dropped, name))
    assert dropped.context.abs().sum() == 0 and plain.context.abs().sum() > 0


def test_noisy_latents_can_stay_whole_where_the_condition_is_dropped():
    torch.manual_seed(0)
    config = FlowMatchingConfig(mask_ratio=(0.5, 0.5), condition_dropout=1.0, drop_outside_span=False)
    example = draw_example(LATENTS, FRAMES, config)
    t = example.time[:, None, None]
    torch.testing.assert_close(example.noisy, LATENTS - (1 - t) * example.velocity)
    assert example.context.abs().sum() == 0 and example.keep.sum() == 0


def test_loss_counts_the_span_only_and_is_zero_for_the_true_velocity():
    torch.manual_seed(0)
    example = draw_example(LATENTS, FRAMES, FlowMatchingConfig())
    assert flow_matching_loss(example.velocity, example) == 0
    wrong_outside = example.velocity + 5.0 * (~example.span).unsqueeze(-1)
    assert flow_matching_loss(wrong_outside, example) == 0
    torch.testing.assert_close(flow_matching_loss(example.velocity + 2.0, example), torch.tensor(4.0))


@pytest.mark.parametrize("ratio", [(0.0, 0.5), (0.6, 0.5), (0.5, 1.1)])
def test_impossible_mask_ratios_are_refused(ratio):
    with pytest.raises(ValueError, match="mask_ratio"):
        FlowMatchingConfig(mask_ratio=ratio)
