"""A training step of LongCat's transformer against x-transformers with the same parts, at equal work a token.

    python benchmarks/dit_step.py        (in an environment with envs/bench.txt beside the usual one)

Width 256, 6 layers of self-attention, cross-attention to 40 text tokens and feed-forward, RoPE, normed queries and
keys, modulated by the flow time; no blocks over the text. Forward, backward and AdamW; process time of one thread, runs
alternate, medians. "Plain" is ours with the RMSNorm and the rotation of queries and keys as PyTorch's own graph; that
both predict the same is checked.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from unittest import mock

import torch
from torch import Tensor, nn
from x_transformers import ContinuousTransformerWrapper, Encoder

from shared.generators import dit
from shared.generators.dit_config import DiTConfig
from shared.job import run_job
from shared.layers.attention import rotate
from shared.text.base import Text

WIDTH, DEPTH, HEADS, DIM, TOKENS = 256, 6, 4, 64, 40


def norm_and_rotate_plainly(x: Tensor, norm: nn.RMSNorm, angles: Tensor, heads: int) -> Tensor:
    """What the node of `shared.layers.attention` makes."""
    return rotate(norm(x).unflatten(-1, (heads, -1)).transpose(1, 2), angles)


def timed_step(model: nn.Module, optimizer: torch.optim.Optimizer, predict: Callable[[], Tensor]) -> float:
    """Process seconds of forward, backward and optimiser."""
    start = time.process_time()
    optimizer.zero_grad()
    predict().square().mean().backward()
    optimizer.step()
    return time.process_time() - start


def compare(length: int, batch: int, runs: int) -> str:
    """A line of the table."""
    torch.manual_seed(0)
    config = DiTConfig(kind="dit", width=WIDTH, depth=DEPTH, heads=HEADS, text_layers=0)
    ours = dit.DiT(config, DIM, WIDTH)
    layers = Encoder(
        dim=WIDTH, depth=DEPTH, heads=HEADS, attn_dim_head=WIDTH // HEADS, cross_attend=True, rotary_pos_emb=True,
        attn_qk_norm=True, attn_flash=True, use_adaptive_layernorm=True, use_adaptive_layerscale=True,
        dim_condition=WIDTH,
    )
    peer = ContinuousTransformerWrapper(
        dim_in=DIM, dim_out=DIM, max_seq_len=length, attn_layers=layers, use_abs_pos_emb=False
    )
    for parameter in ours.parameters():
        if not parameter.any():
            nn.init.normal_(parameter, std=0.02)
    x, context, time_ = torch.randn(batch, length, DIM), torch.zeros(batch, length, DIM), torch.rand(batch)
    features, frames = torch.randn(batch, TOKENS, WIDTH), torch.full((batch,), length)
    text, mask = Text(features, torch.full((batch,), TOKENS)), torch.ones(batch, length, dtype=torch.bool)
    condition = torch.randn(batch, WIDTH)
    text_mask = torch.ones(batch, TOKENS, dtype=torch.bool)

    def ours_predicts() -> Tensor:
        return ours(x, time_, context, frames, text, torch.ones(batch))

    def peer_predicts() -> Tensor:
        return peer(x, context=features, mask=mask, context_mask=text_mask, condition=condition)

    plain = mock.patch.object(dit, "norm_and_rotate", norm_and_rotate_plainly)
    with torch.no_grad(), plain:
        expected = ours_predicts()
    with torch.no_grad():
        difference = (ours_predicts() - expected).abs().max()
    optimizers = [torch.optim.AdamW(model.parameters(), 1e-5) for model in (ours, peer)]
    spent: list[list[float]] = [[], [], []]
    for _ in range(runs):
        spent[0].append(timed_step(ours, optimizers[0], ours_predicts))
        with plain:
            spent[1].append(timed_step(ours, optimizers[0], ours_predicts))
        spent[2].append(timed_step(peer, optimizers[1], peer_predicts))
    mine, before, theirs = (statistics.median(each[1:]) for each in spent)
    weights = [sum(each.numel() for each in model.parameters()) / 1e6 for model in (ours, peer)]
    return (
        f"| {length} | {batch} | {weights[0]:.1f} / {weights[1]:.1f} | {mine:.3f} | {theirs:.3f} | {theirs / mine:.2f} "
        f"| {before / mine:.2f} | {difference:.0e} |"
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=11, help="of each, alternating, the first left out (default: 11)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print("| frames | batch | M weights | ours s | theirs s | theirs / ours | plain / ours | differ by |")
    print("|---|---|---|---|---|---|---|---|")
    for length, batch in ((120, 8), (1000, 2)):
        print(compare(length, batch, arguments.runs), flush=True)


if __name__ == "__main__":
    run_job(main)
