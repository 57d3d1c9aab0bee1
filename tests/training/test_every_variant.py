"""Every variant of every study is built at every scale, and those of the papers have the published sizes."""

import functools
import json

import pytest

from shared.autoencoders.builder import meta_autoencoder
from shared.autoencoders.config import AutoencoderConfig
from shared.generators.builder import architecture_of, count_parameters, meta_generator
from shared.generators.config import GeneratorConfig
from shared.training.recipes import AutoencoderRecipe
from tests.sources import SOURCES

EVERY = [
    (name, scale, study, variant)
    for name, source in SOURCES.items()
    for scale in source.file.scales
    for study, variants in source.variants_of_studies().items()
    for variant in variants
]


# Many variants have the same model, which is built once.
@functools.cache
def latent_dim(autoencoder: str) -> int:
    """Of an autoencoder that is built of its config as JSON."""
    return meta_autoencoder(AutoencoderConfig.model_validate_json(autoencoder)).latent_dim


@functools.cache
def made_at_once(generator: str, dim: int) -> int:
    """How many numbers the last layer of a generator makes that is built of its config as JSON."""
    config = json.loads(generator)
    built = meta_generator(GeneratorConfig.of_kind(config["kind"]).model_validate(config), dim)
    return getattr(built, "head", built).project.out_features


@pytest.mark.parametrize(("source", "scale", "study", "variant"), EVERY)
def test_every_variant_is_built_at_every_scale(source, scale, study, variant):
    config = SOURCES[source].resolve(variant, scale, study)
    dim = config.autoencoder.bottleneck.dim
    if isinstance(config.autoencoder, AutoencoderRecipe):  # others are given
        assert latent_dim(config.autoencoder.model_dump_json(include=set(AutoencoderConfig.model_fields))) == dim
    # A next-token generator's head may make several frames at once.
    assert made_at_once(json.dumps(architecture_of(config.generator)), dim) % dim == 0


@pytest.mark.parametrize(
    ("variant", "parameters"), [("dim64", 156_106_625), ("dim128", 157_810_817), ("dim256", 161_219_201)]
)
def test_paper_scale_autoencoders_have_the_official_counts(variant, parameters):
    autoencoder = meta_autoencoder(SOURCES["longcat"].resolve(variant, "paper").autoencoder)
    assert sum(parameter.numel() for parameter in autoencoder.parameters()) == parameters


@pytest.mark.parametrize(("study", "published"), [("table2", 1.0e9), ("table3", 740e6)])
def test_target_kls_paper_scale_generators_have_the_published_size(study, published):
    config = SOURCES["target_kl"].resolve("kl160", "paper", study)
    generator = meta_generator(config.generator, config.autoencoder.bottleneck.dim)
    assert abs(count_parameters(generator) / published - 1) < 0.01
