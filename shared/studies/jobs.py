"""The kinds of jobs: for each the module that does it and the file that is its result; and which measure latents."""

from shared.metrics.by_clip import BY_CLIP

KINDS = {
    "corpus": ("shared.corpora.build", "manifest.json"),
    "recogniser": ("shared.evaluators.recogniser", "model.safetensors"),
    "speaker": ("shared.evaluators.speaker", "model.safetensors"),
    "audio_text": ("shared.evaluators.audio_text", "model.safetensors"),
    "teacher_features": ("shared.training.teacher_features", "features.safetensors"),
    "autoencoder": ("shared.training.autoencoder", "model.safetensors"),
    "latents": ("shared.training.encode", "latents.safetensors"),
    "generator": ("shared.training.generator", "model.safetensors"),
    "ground_truth": ("shared.evaluators.ground_truth", "clips.json"),
    "reconstructions": ("shared.training.reconstruct", "clips.json"),
    "samples": ("shared.generators.sample", "clips.json"),
    "exposure": ("shared.generators.measure_exposure", "exposure.csv"),
    "compactness": ("shared.training.measure_compactness", "compactness.csv"),
    **{kind: (f"shared.training.measure_{kind}", f"{kind}.csv") for kind in BY_CLIP},
    "scores": ("shared.metrics.score", "scores.csv"),
}

LATENT = ("exposure", "compactness", *BY_CLIP)  # kinds of jobs that measure latents, no clips
