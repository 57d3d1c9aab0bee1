"""Flow matching: spans, the path and its velocity, dropping conditions, the loss."""

import pytest
import torch

from shared.generators.config import FlowMatchingConfig
from shared.generators.flow_matching import draw_example, draw_spans, flow_matching_loss

FRAMES = torch.tensor([20, 13, 7, 1])
LATENTS = torch.randn(4, 20, 3, generator=torch.Generator().manual_seed(0))


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
