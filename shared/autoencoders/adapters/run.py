"""An autoencoder that was trained here: a run folder, or a copy of its model.safetensors and model.json."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from shared.autoencoders.adapters.base import Adapter, Facts
from shared.autoencoders.adapters.config import AdapterConfig
from shared.config import ConfigError

if TYPE_CHECKING:
    from shared.autoencoders.base import Autoencoder

WEIGHTS = "model.safetensors"


class RunConfig(AdapterConfig):
    """The folder, or the weights in it."""

    kind: Literal["run"]


class Run(Adapter):
    """The autoencoder as it was trained, with its bottleneck."""

    def __init__(self, config: RunConfig):
        from shared.autoencoders.builder import SavedAutoencoder, load_autoencoder
        from shared.tensors import read_description

        self.where, path = config.model, Path(config.model)
        weights = path / WEIGHTS if path.is_dir() else path
        if not weights.is_file():
            raise ConfigError(f"model {config.model}: no {WEIGHTS} there; kind run is a run folder of an autoencoder")
        try:
            said = read_description(weights, SavedAutoencoder)
        except ConfigError:  # which says what to do with a run of one's own
            told = "the model.json beside its weights is missing, or of no autoencoder of this project"
            raise ConfigError(f"model {config.model}: {told}") from None
        self.model: Autoencoder = load_autoencoder(weights)
        self.latent = f"what the {said.config.bottleneck.kind} bottleneck makes"
        self.facts = Facts(said.sample_rate, said.hop, self.model.latent_dim, self.model.channels)

    def autoencoder(self, channels: int) -> "Autoencoder":
        """Itself.

        Raises:
            ConfigError: it is of more channels.
        """
        if channels != self.model.channels:
            has = f"of {self.model.channels} channels, and the audio of {channels}"
            raise ConfigError(f"model {self.where}: is {has}; say channels: {self.model.channels}, of a stereo corpus")
        return self.model


build = Run
