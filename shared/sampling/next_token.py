"""Sampling a next-token model: patch after patch, each from its own noise, until the model says that speech ends."""

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from shared.generators.backbones.continuation import Continuation
from shared.generators.diffusion import solver_steps
from shared.generators.next_token import NextTokenGenerator
from shared.generators.text_positions import Prompt
from shared.sampling.next_token_config import NextTokenSolverConfig


class Reader:
    """The backbone's state after what has been read so far, for a batch of sequences of different lengths.

    Sequences end together: what is shorter is padded in front, and the padding is masked.

    Args:
        generator: trained, in eval mode.
        texts: what is to be said.
        prompts: patches that are continued, each `(patches, patch, dim)`.
        longest: patches that may follow.
        paces: text tokens a patch, `(batch,)`; none: the mean.
    """

    def __init__(
        self, generator: NextTokenGenerator, texts: list[str], prompts: list[Tensor], longest: int,
        paces: Tensor | None = None,
    ):
        self.generator = generator
        self.paces = generator.positions.tokens_per_patch.expand(len(texts)) if paces is None else paces
        sequences = generator.sequences(texts, prompts, self.paces)
        embeddings, positions = (pad_sequence(list(each), True, 0.0, "left") for each in zip(*sequences, strict=True))
        lengths = torch.tensor([len(each.positions) for each in sequences], device=positions.device)
        mask = torch.arange(positions.shape[1], device=positions.device) >= positions.shape[1] - lengths[:, None]
        self.read = torch.tensor([len(prompt) for prompt in prompts], device=positions.device)
        self.tokens = lengths - self.read - 1
        self.backbone = Continuation(generator.backbone, embeddings, positions, mask.long(), longest)

    @property
    def state(self) -> Tensor:
        """After the last patch, `(batch, width)`."""
        return self.backbone.state

    def append(self, patches: Tensor) -> None:
        """Read one more patch of each sequence, `(batch, patch, dim)`."""
        self.read = self.read + 1
        positions = self.generator.positions.of_patches(self.tokens, self.read, self.paces)
        self.backbone.append(self.generator.connector(patches.flatten(1)), positions)


def sample(
    generator: NextTokenGenerator, solver: NextTokenSolverConfig, noise: Tensor, frames: Tensor,
    prompts: list[Tensor], texts: list[str], said: list[str | None],
) -> list[Tensor]:
    """See `SolverConfig`; prompts whose text is known set the pace where the generator's positions follow it."""
    heard = [Prompt(text, len(prompt)) for text, prompt in zip(said, prompts, strict=True)]
    paces = generator.positions.paces(heard)
    return sample_next_tokens(generator, solver, noise, frames, prompts, texts, paces)


@torch.inference_mode()
def sample_next_tokens(
    generator: NextTokenGenerator, solver: NextTokenSolverConfig, noise: Tensor, frames: Tensor,
    prompts: list[Tensor], texts: list[str], paces: Tensor | None = None,
) -> list[Tensor]:
    """Latents that follow each prompt, `(frames, dim)`: whole patches, one at least.

    Args:
        generator: trained, in eval mode.
        solver: the settings.
        noise: what each frame is made from, `(batch, longest, dim)`.
        frames: most frames of each example, prompt included, `(batch,)`.
        prompts: scaled latents that are continued, each `(prompt frames, dim)`; a last incomplete patch is cut off.
        texts: prompt text and target text, joined.
        paces: text tokens a patch, `(batch,)`, as the generator's `positions.paces` tells them; none: the mean.
    """
    size = generator.config.patch
    ends = [max(size, length - len(prompt)) for length, prompt in zip(frames.tolist(), prompts, strict=True)]
    rows = [row[len(prompt) :][:end] for row, prompt, end in zip(noise, prompts, ends, strict=True)]
    starts = generator.patches(pad_sequence(rows, batch_first=True))
    longest = torch.tensor([max(1, end // size) for end in ends], device=noise.device)
    histories = [generator.patches(prompt[None, : len(prompt) // size * size])[0] for prompt in prompts]
    reader = Reader(generator, texts, histories, int(longest.max()), paces)
    nothing = torch.zeros_like(starts[0, :1])
    previous = torch.cat([torch.cat([nothing, history])[-1:] for history in histories])
    solve_patch = PatchSolver(generator, solver)
    patches, length = [], longest.clone()
    for index in range(int(longest.max())):
        if index:
            reader.append(previous)
            ended = (generator.end(reader.state).squeeze(-1) > 0) & (index < length)
            length = length.masked_fill(ended, index)
            if (length <= index).all():
                break
        previous = solve_patch(starts[:, index], reader.state, previous)
        patches.append(previous)
    sampled = torch.stack(patches, dim=1).flatten(1, 2)
    return [row[: count * size] for row, count in zip(sampled, length.tolist(), strict=True)]


class PatchSolver:
    """Makes patches of noise: the head's guided predictions at the solver's times, one after another.

        (1 + w) · prediction − w · unconditional prediction

    Both predictions are made in one call of the head. Its modulations are made for all times at once; those of the
    unconditional one are the same for all patches.

    Args:
        generator: trained, in eval mode.
        settings: evaluations and guidance w.
    """

    def __init__(self, generator: NextTokenGenerator, settings: NextTokenSolverConfig):
        self.generator, self.settings = generator, settings
        times = [step.time for step in solver_steps(settings.evaluations)]
        self.times = generator.head.embed_times(torch.tensor(times, device=generator.null.device))
        self.null = generator.head.modulations(self.times, generator.null.unsqueeze(0))

    def __call__(self, noise: Tensor, state: Tensor, previous: Tensor) -> Tensor:
        """One patch of each sequence `(batch, patch, dim)` from its noise, the state and the patch before."""
        head, guidance, count = self.generator.head, self.settings.guidance, len(noise)
        modulations = head.modulations(self.times, state)
        if guidance:
            pairs = zip(modulations, self.null, strict=True)
            modulations = [torch.cat([each, null.expand_as(each)], dim=1) for each, null in pairs]
            previous = previous.repeat(2, 1, 1)

        def predict(noisy: Tensor, index: int) -> Tensor:
            now = [each[index] for each in modulations]
            if not guidance:
                return head.modulated(noisy, now, previous)
            conditional, null = head.modulated(noisy.repeat(2, 1, 1), now, previous).split(count)
            return torch.lerp(null, conditional, 1 + guidance)

        return self.generator.diffusion.solve(predict, noise, self.settings.evaluations)
