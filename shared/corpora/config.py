"""Which corpus: one strict configuration for each kind, told apart by `kind`."""

from typing import Annotated, Any

from pydantic import Field, RootModel

from shared.config import parse
from shared.corpora.folder import FolderConfig
from shared.corpora.hub import HubConfig
from shared.corpora.music import MusicConfig
from shared.corpora.sound import SoundConfig
from shared.corpora.speech import SpeechConfig

CorpusConfig = Annotated[
    SpeechConfig | SoundConfig | MusicConfig | FolderConfig | HubConfig, Field(discriminator="kind")
]


class _AnyCorpus(RootModel[CorpusConfig]):
    pass


def parse_corpus(data: Any, where: str) -> CorpusConfig:
    """Validate `data` as the config of a corpus of its `kind`; `where` names the file it came from.

    Raises:
        ConfigError: one line for each wrong field.
    """
    return parse(_AnyCorpus, data, where).root
