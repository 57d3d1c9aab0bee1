"""Which optimiser updates which weight."""

import pytest
import torch
from torch import nn

from shared.config import ConfigError, differences, parse
from shared.training.muon import Muon
from shared.training.optimizers import make_optimizers
from shared.training.recipes import RecipeTraining


def training(**changes) -> RecipeTraining:
    rate = {"peak": 0.1, "final": 0.0}
    return parse(RecipeTraining, {"steps": 1, "batch": 1, "learning_rate": rate, "weight_decay": 0.01, **changes}, "t")


def modules() -> list[nn.Module]:
    """With each kind of weight: matrices, a table, a kernel, gains and biases; and one that does not train."""
    frozen = nn.Linear(2, 2).requires_grad_(False)
    return [nn.ModuleList([nn.Embedding(5, 4), nn.Linear(4, 3), nn.LayerNorm(3), frozen]), nn.Conv1d(2, 2, 3)]


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_each_weight_that_trains_has_one_optimiser(optimizer):
    made = modules()
    wanted = [id(each) for module in made for each in module.parameters() if each.requires_grad]
    groups = [group for each in make_optimizers(made, training(optimizer=optimizer)).values()
              for group in each.param_groups]  # fmt: skip
    assert sorted(id(each) for group in groups for each in group["params"]) == sorted(wanted)
    assert all(group["weight_decay"] == 0.01 for group in groups)


def test_muon_takes_the_matrices_of_linear_layers_and_no_table():
    made = modules()
    optimizers = make_optimizers(made, training(optimizer="muon"))
    assert isinstance(optimizers["matrices"], Muon)
    (taken,) = optimizers["matrices"].param_groups[0]["params"]
    assert taken is made[0][1].weight


def test_a_table_that_a_linear_layer_shares_is_adamws():
    table, head = nn.Embedding(5, 4), nn.Linear(4, 5, bias=False)
    head.weight = table.weight
    assert make_optimizers([table, head], training(optimizer="muon")).keys() == {"rest"}


def test_what_has_no_matrix_is_left_to_adamw():
    assert make_optimizers([nn.Conv1d(2, 2, 3)], training(optimizer="muon")).keys() == {"rest"}


def test_without_a_word_it_is_adamw_which_no_runs_folder_is_named_after():
    assert isinstance(make_optimizers(modules(), training())["all"], torch.optim.AdamW)
    assert "optimizer" not in differences(training())
    assert differences(training(optimizer="muon"))["optimizer"] == "muon"


def test_muon_refuses_shards():
    with pytest.raises(ConfigError, match="sharded: false"):
        training(optimizer="muon", sharded=True)
