"""Alignment of hidden states to a teacher: its loss."""

import torch

from shared.generators.repa import Repa


def test_repa_loss_is_the_mean_absolute_error_over_the_span():
    repa = Repa(width=2, teacher_dim=2)
    torch.nn.init.eye_(repa.projection.weight)
    torch.nn.init.zeros_(repa.projection.bias)
    hidden = torch.tensor([[[1.0, 2.0], [5.0, 5.0]]])
    target = torch.tensor([[[0.0, 4.0], [0.0, 0.0]]])
    loss = repa(hidden, target, torch.tensor([[True, False]]))
    torch.testing.assert_close(loss, torch.tensor(1.5))
