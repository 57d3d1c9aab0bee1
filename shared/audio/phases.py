"""Phases for magnitudes: a start by single pass, then Griffin-Lim.

The single pass (Beauregard, Harish and Wyse 2015) takes each spectral peak for a sinusoid, whose phase goes on from
frame to frame by its frequency. Griffin and Lim (1984) then go to and fro between spectrum and waveform. Nothing is
random. The momentum of Perraudin, Balazs and Søndergaard (2013) would bring a recording's own magnitudes nearer; those
that a model makes agree with no waveform, and with it they lose pitch.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from shared.audio.spectral import Stft, inverse_fft, overlap_add, split_frames


def find_waveform(magnitude: Tensor, stft: Stft, iterations: int) -> Tensor:
    """A waveform whose spectrogram is near `magnitude`; the channels share their phases, as a panned source's do.

    Args:
        magnitude: `(batch, channels, bins, frames)`, none below zero.
        stft: the transform that the magnitudes are of; its window is a Hann window.
        iterations: of Griffin-Lim.

    Returns:
        `(batch, channels, time)`. Its gradient takes the phases for constants.
    """
    with torch.no_grad():
        phase = griffin_lim(magnitude.detach(), stft, iterations)
    spectrum = magnitude * phase
    return stft.inverse(spectrum.flatten(0, 1)).unflatten(0, magnitude.shape[:2])


def griffin_lim(magnitude: Tensor, stft: Stft, iterations: int) -> Tensor:
    """Phases of all channels for the magnitudes `(batch, channels, bins, frames)`, as complex numbers of modulus 1.

    Returns:
        Complex `(batch, 1, bins, frames)`.
    """
    loudest = magnitude.sum(1)
    phase = of_turns(single_pass(loudest, stft.n_fft, stft.hop)[0]).unsqueeze(1)
    if magnitude.shape[-1] * stft.hop <= stft.margins[1]:
        return phase  # too short to be mirrored at its ends, and so to be transformed again
    for _ in range(iterations):
        waveform = stft.inverse((magnitude * phase).flatten(0, 1))
        phase = torch.sgn(stft(waveform).unflatten(0, magnitude.shape[:2]).sum(1, keepdim=True))
    return phase


def of_turns(turns: Tensor) -> Tensor:
    """Complex numbers of modulus 1."""
    return torch.polar(torch.ones_like(turns), 2 * math.pi * turns)


class PassState(NamedTuple):
    """What a single pass knows of the last frame, each `(batch, bins)`: phases, and turns to the next frame."""

    phase: Tensor
    step: Tensor


def single_pass(magnitude: Tensor, n_fft: int, hop: int, state: PassState | None = None) -> tuple[Tensor, PassState]:
    """Phases in turns (of 2 π) for magnitudes `(batch, bins, frames)`, of a window as long as `n_fft`.

    Of a sinusoid that lies at κ bins, the phase a frame later is κ · hop / n_fft turns further, and the bins of a
    symmetric window are half a turn apart: bin k has (κ - k) / 2 turns beside the sinusoid's.

    Args:
        magnitude: of frames that follow each other.
        n_fft, hop: of the transform.
        state: what was returned for the frames before these; none: they are the first.
    """
    number = torch.arange(magnitude.shape[1], device=magnitude.device)[:, None]
    peak = nearest_peak(magnitude)
    place = peak_place(magnitude).gather(1, peak)
    steps = place * (hop / n_fft)
    if state is None:
        state = PassState(-steps[..., 0], steps[..., 0])
    turns = []
    for here, step in zip(peak.unbind(2), steps.unbind(2), strict=True):
        # A glide covers the mean of the frequencies at its two ends.
        advance = (state.step.gather(1, here) + step) / 2
        state = PassState((state.phase.gather(1, here) + advance).remainder(1), step)
        turns.append(state.phase)
    return torch.stack(turns, dim=2) + (place - number) / 2, state


def nearest_peak(magnitude: Tensor) -> Tensor:
    """For each bin of `(batch, bins, frames)`, the bin of the peak next to it; where there is none, itself."""
    bins = magnitude.shape[1]
    number = torch.arange(bins, device=magnitude.device)[:, None].expand_as(magnitude)
    inner, below, above = magnitude[:, 1:-1], magnitude[:, :-2], magnitude[:, 2:]
    is_peak = F.pad((inner > below) & (inner >= above), (0, 0, 1, 1))
    under = number.masked_fill(~is_peak, -bins).cummax(1).values
    over = number.masked_fill(~is_peak, 2 * bins).flip(1).cummin(1).values.flip(1)
    nearest = torch.where(number - under <= over - number, under, over)
    return torch.where((nearest >= 0) & (nearest < bins), nearest, number)


def peak_place(magnitude: Tensor) -> Tensor:
    """Where a parabola through each bin's log magnitude and its neighbours' has its summit, in bins."""
    bins = magnitude.shape[1]
    number = torch.arange(bins, device=magnitude.device)[:, None]
    logs = magnitude.clamp_min(1e-8).log()
    below, inner, above = logs[:, :-2], logs[:, 1:-1], logs[:, 2:]
    bend = below - 2 * inner + above
    offset = torch.where(bend < 0, 0.5 * (below - above) / bend.clamp_max(-1e-6), torch.zeros_like(bend))
    return number + F.pad(offset.clamp(-0.5, 0.5), (0, 0, 1, 1))


class StreamState(NamedTuple):
    """What `find_stretch` knows of the stretches before.

    Attributes:
        made: the last samples that were returned, as many as a window begins before its own hop; `(batch, before)`.
        added: what earlier windows add to the samples after these, `(batch, after)`.
        weight: the sum of their squared windows there, `(after,)`.
        single_pass: that one's state.
    """

    made: Tensor
    added: Tensor
    weight: Tensor
    single_pass: PassState | None


def find_stretch(
    magnitude: Tensor, stft: Stft, iterations: int, state: StreamState | None
) -> tuple[Tensor, StreamState]:
    """The next stretch of a waveform, from the magnitudes of the windows whose hops make it up.

    The same as `find_waveform`, but what came before is settled, and nothing of what follows is known.

    Args:
        magnitude: `(batch, bins, frames)` of one channel, none below zero.
        stft: of padding "same".
        iterations: of Griffin-Lim.
        state: what was returned for the stretch before; none: this is the first.

    Returns:
        `(batch, frames * hop)`, and the state for the next stretch.
    """
    before, after = stft.margins
    length = magnitude.shape[2] * stft.hop
    if state is None:
        empty = magnitude.new_zeros(len(magnitude), max(before, after))
        state = StreamState(empty[:, :before], empty[:, :after], empty[0, :after], None)
    windows = stft.window.square().expand(1, magnitude.shape[2], -1)
    weight = F.pad(state.weight, (0, length)) + overlap_add(windows, stft.hop)[0, before:]
    known = F.pad(state.added, (0, length))

    def added(phase: Tensor) -> Tensor:
        frames = inverse_fft((magnitude * phase).transpose(1, 2), stft.n_fft) * stft.window
        return known + overlap_add(frames, stft.hop)[:, before:]

    with torch.no_grad():
        turns, passed = single_pass(magnitude, stft.n_fft, stft.hop, state.single_pass)
        phase = of_turns(turns)
        for _ in range(iterations):
            waveform = torch.cat([state.made, added(phase) / weight.clamp_min(1e-8)], dim=1)
            frames = split_frames(waveform, stft.n_fft, stft.hop) * stft.window
            phase = torch.sgn(torch.fft.rfft(frames).transpose(1, 2))
    total = added(phase)
    stretch = total[:, :length] / weight[:length].clamp_min(1e-8)
    made = torch.cat([state.made, stretch], dim=1)[:, length:]
    return stretch, StreamState(made, total[:, length:], weight[length:], passed)
