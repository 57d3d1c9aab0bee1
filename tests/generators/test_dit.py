"""The transformer: paper size, padding, conditioning, rotation."""

import pytest
import torch

from shared.generators.builder import count_parameters, meta_generator
from shared.generators.dit import DiT
from shared.generators.dit_config import DiTConfig
from shared.generators.infilling_config import InfillingConfig
from shared.layers.attention import attend, rotary_angles, rotate
from shared.text.base import Text
from shared.text.encoders.characters import CharacterEncoder
from shared.text.encoders.characters_config import CharactersConfig
from shared.text.encoders.umt5_config import UMT5Config
from tests.generators.velocity import change_of, check_padding, check_prepared

SMALL = DiTConfig(kind="dit", width=16, depth=2, heads=2, text_layers=1)


def make_dit(config: DiTConfig = SMALL) -> DiT:
    """A transformer whose zero-initialised layers are filled, so that its output says something."""
    torch.manual_seed(0)
    dit = DiT(config, latent_dim=3, text_dim=5).eval()
    for layer in (dit.modulation, dit.final_modulation, dit.project):
        torch.nn.init.normal_(layer.weight, std=0.2)
    return dit


def inputs(frames=(9, 6), tokens=(7, 4)) -> dict:
    generator = torch.Generator().manual_seed(1)
    return {
        "latents": torch.randn(2, 9, 3, generator=generator),
        "time": torch.tensor([0.2, 0.8]),
        "context": torch.randn(2, 9, 3, generator=generator),
        "frames": torch.tensor(frames),
        "text": Text(torch.randn(2, 7, 5, generator=generator), torch.tensor(tokens)),
        "keep": torch.ones(2),
    }


def test_paper_scale_has_the_official_parameter_count():
    config = InfillingConfig(
        architecture=DiTConfig(kind="dit", width=1536, depth=24, heads=24), text=UMT5Config(kind="umt5")
    )
    assert count_parameters(meta_generator(config, latent_dim=64)) == 981_955_648


@pytest.mark.parametrize("positions", ["index", "stretched"])
def test_padding_changes_nothing(positions):
    dit, batch = make_dit(SMALL.model_copy(update={"text_positions": positions})), inputs()
    check_padding(dit, batch)


def test_a_condition_prepared_once_serves_all_times():
    dit, batch = make_dit(), inputs()
    assert len(check_prepared(dit, batch).read) == 2
    del batch["latents"], batch["time"]
    assert dit.prepare(**batch).read == [None, None]  # in training the blocks, which may be sharded, make their own


@pytest.mark.parametrize("name", ["latents", "time", "context", "text"])
def test_every_condition_reaches_the_velocity(name):
    dit, batch = make_dit(), inputs()
    assert change_of(dit, batch, name).max() > 1e-4


def test_a_dropped_text_counts_for_nothing():
    dit, batch = make_dit(), inputs()
    batch["keep"] = torch.tensor([1.0, 0.0])
    before = dit(**batch)
    batch["text"] = batch["text"]._replace(features=batch["text"].features + 0.1)
    after = dit(**batch)
    assert torch.equal(after[1], before[1]) and not torch.equal(after[0], before[0])


def test_starts_as_the_zero_velocity():
    assert DiT(SMALL, 3, 5)(**inputs()).abs().max() == 0


def test_gradients_reach_every_parameter():
    dit = make_dit()
    dit(**inputs()).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in dit.parameters())


def test_hidden_states_of_a_block_can_be_asked_for():
    velocity, hidden = make_dit()(**inputs(), return_layer=1)
    assert velocity.shape == (2, 9, 3) and hidden.shape == (2, 9, 16)


def test_rotation_keeps_norms_and_depends_on_relative_positions_only():
    query, key = torch.randn(2, 1, 1, 4, 8, generator=torch.Generator().manual_seed(0)).unbind()

    def score(shift: float) -> torch.Tensor:
        positions = torch.arange(4.0).unsqueeze(0) + shift
        angles = rotary_angles(positions, 8, 1e4)
        rotated = rotate(query, angles)
        torch.testing.assert_close(rotated.norm(dim=-1), query.norm(dim=-1))
        return rotated @ rotate(key, angles).transpose(-1, -2)

    torch.testing.assert_close(score(0.0), score(11.0), rtol=1e-4, atol=1e-5)


def test_attention_ignores_masked_keys():
    query, key, value = torch.randn(3, 1, 2, 4, 8, generator=torch.Generator().manual_seed(0)).unbind()
    mask = torch.tensor([True, True, False, True]).view(1, 1, 1, 4)
    kept = attend(query, key[:, :, [0, 1, 3]], value[:, :, [0, 1, 3]], mask[..., [0, 1, 3]])
    torch.testing.assert_close(attend(query, key, value, mask), kept)


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match="multiple of heads"):
        DiTConfig(kind="dit", width=20, depth=1, heads=3)


def test_each_character_is_embedded_and_an_empty_text_is_too():
    encoder = CharacterEncoder(CharactersConfig(kind="characters", dim=4, vocabulary="abcéä "))
    features, lengths, ends = encoder(["aé", "Äbc", "", " "])
    assert ends is None
    assert lengths.tolist() == [2, 3, 1, 1]
    assert len({tuple(each) for each in features.flatten(0, 1).tolist()}) == 8  # and the padding
    torch.testing.assert_close(encoder(["ABE\u0301"])[0], encoder(["abé"])[0])
    assert features[0, 2].abs().sum() == 0
