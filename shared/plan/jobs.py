"""The kinds of jobs: for each the module that does it and the file that is its result."""

from shared.measurements.base import measurements

KINDS = {
    "corpus": ("shared.corpora.build", "manifest.json"),
    "asr": ("shared.training.evaluators.asr", "model.safetensors"),
    "speaker": ("shared.training.evaluators.speaker", "model.safetensors"),
    "clap": ("shared.training.evaluators.clap", "model.safetensors"),
    "teacher_features": ("shared.training.teacher_features", "features.safetensors"),
    "autoencoder": ("shared.training.autoencoder", "model.safetensors"),
    "latents": ("shared.training.encode", "latents.safetensors"),
    "generator": ("shared.training.generator", "model.safetensors"),
    "ground_truth": ("shared.sampling.ground_truth", "clips.json"),
    "reconstructions": ("shared.sampling.reconstruct", "clips.json"),
    "samples": ("shared.sampling.samples", "clips.json"),
    **{each.name: (each.module, each.file) for each in measurements()},
    "ladder": ("shared.metrics.ladder", "ladder.csv"),
    "scores": ("shared.metrics.score", "scores.csv"),
}
