"""The recipe of each variant at each scale stays what it was: study files are tidied, and no run is to change by that.

`golden_configs.json` has, for each source, scale and study, a digest of each variant's resolved config. Fields at their
defaults are left out, so that a new one that changes nothing changes no digest. Where a recipe is meant to change, this
module as a script writes the file anew: `python -m tests.plan.test_golden_configs`.
"""

import json
from pathlib import Path

from shared.config import digest
from shared.plan.schema import Source
from tests.sources import SOURCES

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).with_name("golden_configs.json")
REWRITE = "if that is meant, run: python -m tests.plan.test_golden_configs"


def digests(sources: dict[str, Source]) -> dict[str, dict[str, str]]:
    """`source/scale/study` → variant → digest."""
    return {
        f"{source.name}/{scale}/{study}": {variant: _digest(source, variant, scale, study) for variant in variants}
        for source in sources.values()
        for scale in source.file.scales
        for study, variants in source.variants_of_studies().items()
    }


def _digest(source: Source, variant: str, scale: str, study: str) -> str:
    return digest(source.resolve(variant, scale, study).model_dump(mode="json", exclude_defaults=True))


def test_no_variants_recipe_changed():
    was, now = json.loads(GOLDEN.read_text()), digests(SOURCES)
    both = {(study, variant) for each in (was, now) for study, variants in each.items() for variant in variants}
    changed = sorted(
        f"{study}/{variant}"
        for study, variant in both
        if was.get(study, {}).get(variant) != now.get(study, {}).get(variant)
    )
    assert not changed, f"the recipes of these variants are not those of {GOLDEN.name}: {', '.join(changed)}; {REWRITE}"


def main() -> None:
    """Write the file; a study is a line, so that a diff shows which ones changed."""
    found = digests(SOURCES)
    lines = [f"{json.dumps(study)}: {json.dumps(variants)}" for study, variants in found.items()]
    GOLDEN.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
