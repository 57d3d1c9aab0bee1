"""Job: adopt an autoencoder that others trained. Nothing is trained or copied: it is loaded, tried and written down.

The `model.json` that it writes is to later jobs what a trained autoencoder's is; the weights stay in their place.
"""

from pathlib import Path

from shared.autoencoders.adapters.config import AdoptedRecipe
from shared.autoencoders.adopted import adopt, check_contract
from shared.config import Strict, parse
from shared.files import read_json, write_json
from shared.job import job_parser, run_job, set_threads


class AdoptSpec(Strict):
    """The whole config of this job."""

    autoencoder: AdoptedRecipe


def main() -> None:
    """Command line of the job."""
    arguments = job_parser(__doc__).parse_args()
    set_threads(arguments.threads)
    spec = parse(AdoptSpec, read_json(arguments.spec), arguments.spec)
    config = spec.autoencoder.pretrained
    found = adopt(config)
    check_contract(found.autoencoder, config.sample_rate, f"model {config.model}")
    about = {
        "config": spec.autoencoder.model_dump(mode="json"),
        "sample_rate": config.sample_rate,
        "hop": config.hop,
        "latent": found.latent,
        "fingerprint": found.fingerprint,
        "parameters": sum(each.numel() for each in found.autoencoder.parameters()),
    }
    write_json(Path(arguments.output), about)


if __name__ == "__main__":
    run_job(main)
