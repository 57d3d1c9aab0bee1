"""The contrastive critic: its equation, its negatives, masks, the size, and when the encoder learns from it."""

import pytest
import torch
from torch.nn import functional as F

from shared.losses.contrastive import ContrastiveCritic, Triples, negatives
from shared.losses.contrastive_config import ContrastiveCriticConfig
from shared.text.base import Text

TINY = ContrastiveCriticConfig(weight=1.0, detach_steps=3, width=16, depth=2, head_dim=8, wavelet_levels=2)
BATCH = 5


def make(text_dim: int | None = 4, **changes) -> ContrastiveCritic:
    torch.manual_seed(0)
    critic = ContrastiveCritic(TINY.model_copy(update=changes), 6, 2, text_dim)
    for block in critic.blocks:  # branches that are zero at first hear nothing
        torch.nn.init.normal_(block.attention.out.weight, std=0.5)
        torch.nn.init.normal_(block.feed_forward.out.weight, std=0.5)
    return critic


def batch() -> tuple[torch.Tensor, torch.Tensor, Text]:
    generator = torch.Generator().manual_seed(0)
    latents, audio = torch.randn(BATCH, 6, 3, generator=generator), torch.randn(BATCH, 2, 32, generator=generator)
    lengths = torch.tensor([3, 1, 4, 2, 3])
    valid = (torch.arange(4) < lengths[:, None]).unsqueeze(-1)
    return latents, audio, Text(torch.randn(BATCH, 4, 4, generator=generator) * valid, lengths)


def test_parameters_of_the_published_critic():
    with torch.device("meta"):
        critic = ContrastiveCritic(ContrastiveCriticConfig(weight=1.0), 256, 2, 768)
    block = 4 * 512**2 + 2 * (2 * 64 + 1) + 2 * (2 * 512 + 1) + (512 + 1) * 2048 + (1024 + 1) * 512
    expected = 4 * block + (512 + 256 + 768 + 3) * 512 + 512 + (512 + 2)
    assert sum(each.numel() for each in critic.parameters()) == expected


def test_the_loss_is_its_formula():
    critic, (latents, audio, text) = make().eval(), batch()
    bands = critic.wavelet(audio)

    def score(shift_audio: int, shift_text: int) -> torch.Tensor:
        rolled = Text(*(torch.roll(each, -shift_text, 0) for each in text[:2]))
        return critic.judge(Triples(torch.roll(bands, shift_audio, 0), latents, rolled))

    terms = []
    for shift in (1, 2, 3, 4):
        for others in ((shift, 0), (0, shift), (shift, shift)):
            terms.append(F.softplus(0.5 - (score(0, 0) - score(*others)).clamp(max=10)).mean())
    torch.testing.assert_close(critic(latents, audio, text), torch.stack(terms).mean())


def test_negatives_hold_anothers_audio_or_text_and_the_own_latent():
    latents, audio, text = batch()
    own = Triples(audio, latents, text)
    audio_only, text_only, both = negatives(own, 2)
    assert all(each.latents is latents for each in (audio_only, text_only, both))
    assert torch.equal(audio_only.audio[2], audio[0]) and audio_only.text is text
    assert torch.equal(text_only.text.features[0], text.features[2]) and text_only.text.lengths[0] == 4
    assert text_only.audio is audio
    assert torch.equal(both.audio[2], audio[0]) and torch.equal(both.text.features[0], text.features[2])
    assert len(negatives(own._replace(text=None), 1)) == 1


@pytest.mark.parametrize(("batch_size", "expected"), [(2, 1), (16, 15), (32, 10), (128, 2), (1000, 1)])
def test_the_number_of_negatives(batch_size, expected):
    """min(1024 / (3 · batch), batch − 1) shifts, and one where that is none."""
    assert list(make().shifts(batch_size)) == list(range(1, expected + 1))


def test_padding_of_a_text_is_not_read():
    critic, (latents, audio, text) = make().eval(), batch()
    longer = Text(F.pad(text.features, (0, 0, 0, 0)), text.lengths)
    noisy = text.features + 100 * (torch.arange(4) >= text.lengths[:, None]).unsqueeze(-1)
    bands = critic.wavelet(audio)
    scores = [critic.judge(Triples(bands, latents, each)) for each in (longer, Text(noisy, text.lengths))]
    torch.testing.assert_close(*scores)
    changed = Text(text.features + 1, text.lengths)
    assert (critic.judge(Triples(bands, latents, changed)) - scores[0]).abs().min() > 1e-6


def test_masks_and_gain_are_in_training_only():
    critic, (latents, audio, text) = make(), batch()
    triples = Triples(critic.wavelet(audio), latents, text)
    assert not torch.equal(critic.judge(triples), critic.judge(triples))
    critic.eval()
    assert torch.equal(critic.judge(triples), critic.judge(triples))


def test_masks_leave_out_frames_of_audio_and_features_of_both():
    torch.manual_seed(0)
    critic = make()
    audio, latents = critic._mask(torch.ones(200, 50, 16), torch.ones(200, 50, 16))
    silent = (audio == 0).all(dim=2)
    assert silent.float().mean().item() == pytest.approx(0.4, abs=0.02)
    heard = audio[~silent]
    assert (heard == 0).float().mean().item() == pytest.approx(0.35, abs=0.02)
    assert heard.max().item() == pytest.approx(1 / 0.65)
    dropped = latents.abs() < 0.5
    assert dropped.float().mean().item() == pytest.approx(0.1, abs=0.01)
    assert latents[dropped].std().item() == pytest.approx(1e-2, rel=0.05)


def test_each_latent_and_each_weight_learns_from_it():
    critic, (latents, audio, text) = make(), batch()
    latents.requires_grad_()
    critic(latents, audio, text).backward()
    assert (latents.grad.abs().sum((1, 2)) > 0).all()
    gradients = {name: each.grad for name, each in critic.named_parameters()}
    missing = [name for name, each in gradients.items() if each is None or each.abs().max() < 1e-7]
    assert missing == ["score.bias"]  # it cancels in a difference of scores


def test_it_learns_which_latent_belongs_to_which_audio():
    """Latents that hold the audio's own loudness can be told from others; those of noise can't."""
    losses = []
    for related in (True, False):
        critic = make(text_dim=None, frame_mask=0.0, audio_dropout=0.0, gain=0.0)
        optimizer = torch.optim.Adam(critic.parameters(), lr=1e-2)
        recent = []
        for step in range(40):
            torch.manual_seed(step)
            level = torch.randn(4, 1, 1)
            audio = level * torch.ones(4, 2, 32)
            latents = (level if related else torch.randn(4, 1, 1)).expand(4, 6, 3)
            loss = critic(latents, audio)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            recent.append(loss.item())
        losses.append(sum(recent[-15:]) / 15)
    assert losses[0] < 0.85 * losses[1]


def test_what_can_not_be_told_apart_is_refused():
    critic, (latents, audio, text) = make(), batch()
    with pytest.raises(ValueError, match="two or more"):
        critic(latents[:1], audio[:1], Text(text.features[:1], text.lengths[:1]))
    with pytest.raises(ValueError, match="needs a text"):
        critic(latents, audio)
    with pytest.raises(ValueError, match="takes none"):
        make(text_dim=None)(latents, audio, text)
    with pytest.raises(ValueError, match="width 20 must be a multiple of head_dim 64"):
        ContrastiveCriticConfig(weight=1.0, width=20)
