"""What a study trains at a scale: parameters, rates, steps, and an estimate of the cost from stated assumptions."""

from functools import cache
from pathlib import Path
from typing import Any

from shared.autoencoders.adapters.config import AdoptedRecipe
from shared.autoencoders.config import AutoencoderConfig
from shared.autoencoders.given import RANDOM, is_random
from shared.generators.config import GeneratorConfig
from shared.plan.plan import PAPER_SCALE, Plan
from shared.plan.point import Point
from shared.plan.schema import Source
from shared.training.config import TrainingConfig

# A training step costs a forward pass and a backward pass of about twice that.
TRAINING_PASSES = 3
# Bytes for each trained parameter: float32 weights, gradients and Adam's two moments. Activations come on top.
BYTES_PER_PARAMETER = 16
# What a GPU-hour is taken for: an H100's dense bfloat16 peak, and the share of it that such models usually reach.
PEAK_FLOPS = 989e12
UTILISATION = 0.3
ASSUMED_SECONDS = 6.0  # length of an utterance where the corpus is not built yet


def describe(source: Source, scale: str, seconds: float = ASSUMED_SECONDS) -> dict[str, Any]:
    """Everything `replicate describe` shows.

    Args:
        source: the source.
        scale: one of its scales.
        seconds: assumed length of an utterance, for the generator's cost.
    """
    plan = Plan({source.name: source}, scale, seeds=[0])
    points: dict[str, Point] = {}
    for (_, study), each in plan.points.items():
        for point in each:
            same = points.get(point.variant, point).config == point.config
            points[point.variant if same else f"{point.variant} ({study})"] = point
    return {
        "source": source.name,
        "title": source.file.title,
        "paper": source.file.paper,
        "scale": scale,
        "figures": {
            f"figures/{name}.pdf": [each.variant for each in plan.points[key]]
            for name, key in plan.figures.items()
        },
        "assumptions": {
            "utterance_seconds": seconds,
            "training_flops": "autoencoder: 3 x counted forward FLOPs of a crop, losses and adversary not counted; "
            "generator: 6 x parameters x latent frames",
            "training_bytes": f"{BYTES_PER_PARAMETER} x parameters, without activations",
            "gpu_hours": f"training_flops at {UTILISATION:.0%} of an H100's {PEAK_FLOPS / 1e12:g} TFLOP/s in bf16",
        },
        "variants": {name: describe_variant(point, seconds) for name, point in points.items()},
        "guesses": source.file.guesses,
    }


def describe_variant(point: Point, seconds: float) -> dict[str, Any]:
    """Models, rates and cost of one variant, and the run folders of its first seed."""
    config = point.config
    models = count_models(config)
    generator = config.generator.training
    # Two FLOPs a parameter and frame forwards.
    frame_flops = 2 * models["generator"] * seconds * config.generator.utterances * config.frame_rate
    return {
        "latent_dim": config.autoencoder.bottleneck.dim,
        "latent_frame_rate_hz": config.frame_rate,
        "information_rate_floats_per_second": config.information_rate,
        "autoencoder": _cost_of_autoencoder(config.autoencoder, models),
        "generator": _cost(models["generator"], generator, frame_flops) if config.evaluation.generation else None,
    }


def _cost_of_autoencoder(recipe: Any, models: dict[str, int]) -> dict[str, Any]:
    """That of its training; one that is given has none, and the bytes of its weights where they lie here."""
    if isinstance(recipe, AdoptedRecipe):
        found = recipe.pretrained
        nothing = dict.fromkeys(("parameters", "steps", "batch", "micro_batches", "training_bytes"), 0)
        costs = {**nothing, "training_flops": 0.0, "gpu_hours": 0.0}
        given, size = (RANDOM, None) if is_random(recipe) else (found.model, bytes_of_weights(found.model))
        return {**costs, "given": given, "kind": found.kind, "weights_bytes": size}
    return _cost(models["autoencoder"], recipe.training, models["autoencoder_flops_per_second"] * recipe.crop_seconds)


def bytes_of_weights(model: str) -> int | None:
    """Bytes of a given model's safetensors files; None where it does not lie here, or in files of other kinds."""
    path = Path(model)
    files = path.glob("*.safetensors") if path.is_dir() else [path] if path.suffix == ".safetensors" else []
    return sum(each.stat().st_size for each in files if each.is_file()) or None


def _cost(parameters: int, training: TrainingConfig, forward_flops: float) -> dict[str, Any]:
    """What a training costs, from the forward FLOPs of one example."""
    flops = TRAINING_PASSES * forward_flops * training.batch * training.steps
    return {
        "parameters": parameters,
        "steps": training.steps,
        "batch": training.batch,
        "micro_batches": training.accumulation,
        "training_flops": flops,
        "training_bytes": BYTES_PER_PARAMETER * parameters,
        "gpu_hours": flops / (UTILISATION * PEAK_FLOPS) / 3600,
    }


def count_models(config: Any) -> dict[str, int]:
    """Parameters of what is trained and the autoencoder's forward FLOPs for a second of audio, on the meta device."""
    from shared.generators.builder import architecture_of

    parameters, flops = 0, 0
    if not isinstance(config.autoencoder, AdoptedRecipe):
        autoencoder = AutoencoderConfig(
            architecture=config.autoencoder.architecture, bottleneck=config.autoencoder.bottleneck
        )
        parameters, flops = _count_autoencoder(autoencoder, config.sample_rate)
    architecture = GeneratorConfig.of_kind(config.generator.kind)
    assert architecture, "the recipe is of one of the kinds"
    generator = architecture.model_validate(architecture_of(config.generator))
    return {
        "autoencoder": parameters,
        "generator": _count_generator(generator, config.autoencoder.bottleneck.dim),
        "autoencoder_flops_per_second": flops,
    }


# Most variants of a study differ in how they are trained: each model is counted once.
@cache
def _count_autoencoder(config: AutoencoderConfig, sample_rate: int) -> tuple[int, int]:
    """Parameters, and FLOPs of a forward pass of a second of audio."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from shared.autoencoders.builder import meta_autoencoder
    from shared.generators.builder import count_parameters

    autoencoder = meta_autoencoder(config)
    second = torch.zeros(1, autoencoder.channels, sample_rate, device="meta")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        autoencoder.decode(autoencoder.encode(second).mean)
    return count_parameters(autoencoder), counter.get_total_flops()


@cache
def _count_generator(config: GeneratorConfig, latent_dim: int) -> int:
    from shared.generators.builder import count_parameters, meta_generator

    return count_parameters(meta_generator(config, latent_dim))


def _shown(part: dict[str, Any] | None) -> tuple[str, str]:
    """Parameters, and steps x batch, of one model."""
    if part is None:
        return "–", "–"
    if "given" in part:
        size, how = part["weights_bytes"], "random" if part["given"] == RANDOM else "given"
        return f"0 ({how})", part["kind"] if size is None else f"{part['kind']}, {size / 1e6:,.4g} MB"
    return f"{part['parameters']:,}", f"{part['steps']:,} x {part['batch']}"


def as_text(description: dict[str, Any]) -> str:
    """The description for people."""
    lines = [f"{description['title']} ({description['paper']}) at scale {description['scale']}", ""]
    lines += [f"  {figure}: {', '.join(variants)}" for figure, variants in description["figures"].items()]
    header = (
        "variant",
        "dim",
        "Hz",
        "floats/s",
        "autoencoder",
        "steps x batch",
        "generator",
        "steps x batch",
        "FLOPs",
        "GPU-hours",
    )
    rows = [header]
    for name, variant in description["variants"].items():
        parts = variant["autoencoder"], variant["generator"]
        cost, hours = (sum(part[name] for part in parts if part) for name in ("training_flops", "gpu_hours"))
        models = [
            text
            for part in parts
            for text in _shown(part)
        ]
        rate, floats = variant["latent_frame_rate_hz"], variant["information_rate_floats_per_second"]
        rows.append(
            (name, str(variant["latent_dim"]), f"{rate:.4g}", f"{floats:.4g}", *models, f"{cost:.1e}", f"{hours:.3g}")
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    lines += [
        "",
        *(
            "  " + "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
            for row in rows
        ),
    ]
    lines += [
        "",
        f"Assumed: utterances of {description['assumptions']['utterance_seconds']:g} s; FLOPs of training: "
        f"{description['assumptions']['training_flops']}. GPU-hours: {description['assumptions']['gpu_hours']}. "
        f"Memory: {description['assumptions']['training_bytes']}.",
    ]
    if description["scale"] == PAPER_SCALE and description["guesses"]:
        lines += [
            "",
            "Not published, guessed:",
            *(f"  {path}: {why}" for path, why in description["guesses"].items()),
        ]
    return "\n".join(lines)
