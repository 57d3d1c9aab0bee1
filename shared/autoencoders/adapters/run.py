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

        path = Path(config.model)
        weights = path / WEIGHTS if path.is_dir() else path
        if not weights.is_file():
            raise ConfigError(f"model {config.model}: no {WEIGHTS} there; kind run is a run folder of an autoencoder")
        said = read_description(weights, SavedAutoencoder)
        self.model: Autoencoder = load_autoencoder(weights)
        self.latent = f"what the {said.config.bottleneck.kind} bottleneck makes"
        self.facts = Facts(said.sample_rate, said.hop, self.model.latent_dim, self.model.channels)

    def autoencoder(self, channels: int) -> "Autoencoder":
        """Itself."""
        return self.model


build = Run
