"""The kinds of jobs: for each the module that does it and the file that is its result; and which measure latents."""

from shared.metrics.latent_kinds import BY_CLIP

KINDS = {
    "corpus": ("shared.corpora.build", "manifest.json"),
    "recogniser": ("shared.training.evaluators.asr", "model.safetensors"),
    "speaker": ("shared.training.evaluators.speaker", "model.safetensors"),
    "audio_text": ("shared.training.evaluators.clap", "model.safetensors"),
    "teacher_features": ("shared.training.teacher_features", "features.safetensors"),
    "autoencoder": ("shared.training.autoencoder", "model.safetensors"),
    "latents": ("shared.training.encode", "latents.safetensors"),
    "generator": ("shared.training.generator", "model.safetensors"),
    "ground_truth": ("shared.sampling.ground_truth", "clips.json"),
    "reconstructions": ("shared.sampling.reconstruct", "clips.json"),
    "samples": ("shared.sampling.samples", "clips.json"),
    "exposure": ("shared.measurements.exposure", "exposure.csv"),
    "compactness": ("shared.measurements.compactness", "compactness.csv"),
    **{kind: (f"shared.measurements.{kind}", f"{kind}.csv") for kind in BY_CLIP},
    "scores": ("shared.metrics.score", "scores.csv"),
}
