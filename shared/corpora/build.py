"""Job: build a corpus from its specification.

    python -m shared.corpora.build --spec SPEC.json --output FOLDER/manifest.json [--asked ASKED.json]

The audio comes to lie under `audio/` beside the manifest, which is written last: an interrupted build leaves
no manifest, and running it again makes the same files.
"""

from pathlib import Path

from shared.corpora.config import CorpusConfig, parse_corpus
from shared.corpora.evaluable import NOTHING, SOMETHING, Asked, read_asked
from shared.corpora.folder import FolderConfig, build_folder
from shared.corpora.hub import HubConfig, build_hub
from shared.corpora.manifest import Manifest
from shared.corpora.music import MusicConfig, build_music
from shared.corpora.sound import SoundConfig, build_sound
from shared.corpora.speech import SpeechConfig, build_speech
from shared.files import read_json
from shared.job import job_parser, run_job


def build_corpus(config: CorpusConfig, output: Path, workers: int = 1, asked: Asked = NOTHING) -> Manifest:
    """Build the corpus that `config` describes.

    Args:
        config: which one.
        output: where its manifest goes.
        workers: processes that make speech at once.
        asked: what recordings must lend themselves to; see `shared.corpora.evaluable`.

    Raises:
        ConfigError: the source is not usable; the message says what to change.
    """
    match config:
        case SpeechConfig():
            return build_speech(config, output, workers)
        case SoundConfig():
            return build_sound(config, output)
        case MusicConfig():
            return build_music(config, output)
        case FolderConfig():
            return build_folder(config, output, asked)
        case HubConfig():
            return build_hub(config, output, asked)


def main() -> None:
    """Run the job."""
    parser = job_parser("Build a corpus.")
    parser.add_argument("--asked", help="JSON of what will be asked of it; empty: nothing of its test clips")
    arguments = parser.parse_args()
    config = parse_corpus(read_json(arguments.spec), arguments.spec)
    asked = read_asked(Path(arguments.asked)) if arguments.asked else SOMETHING
    manifest = build_corpus(config, Path(arguments.output), arguments.threads, asked)
    hours = sum(clip.seconds for clip in manifest.clips) / 3600
    counts = f"{len(manifest.clips)} clips, {hours:.2f} h, {len(manifest.rejected)} rejected"
    print(f"{counts}: {arguments.output}")


if __name__ == "__main__":
    run_job(main)
