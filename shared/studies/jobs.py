"""The kinds of jobs: for each the module that does it and the file that is its result."""

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
    "truncation": ("shared.training.measure_truncation", "truncation.csv"),
    "scores": ("shared.metrics.score", "scores.csv"),
}
