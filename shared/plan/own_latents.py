"""Write a study that compares latents which its user names: one generator, of one recipe, for each of them.

A latent is named by where its autoencoder lies: a run folder of this project, a Python file, a folder or hub id of a
class that an adapter reads; `kind:place` where the kind can't be told, and `name=` before it to call it otherwise.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from shared.autoencoders.adapters.config import AdapterConfig, AdoptedRecipe
from shared.config import NAME, ConfigError, Role, did_you_mean, digest, parse
from shared.files import write_text
from shared.plan.content import content
from shared.plan.corpus_choice import corpus_override
from shared.plan.schema import Source
from shared.statistics.scores import GROUND_TRUTH

STUDY, OWN = "latents", "mine"  # the study's name, and by default its source's
WRITTEN = "# Written by `replicate compare-latents`"
LEAST_RATE = 16000  # Hz that clips are scored at, at the least: what recognisers of speech hear
LEAST_SCORED = 8000
RULES = Path(__file__).parents[2] / "rules"
SEEDS = 2  # the fewest that tell anything apart
GENERATORS = ("infilling", "next_token")
CONTENTS = ("speech", "sound")
SPEECH = {"reconstruction": ["wer", "sim", "pesq", "stoi", "mel_distance"], "generation": ["wer", "sim"]}
SOUND = {"reconstruction": ["mel_distance", "lsd", "si_sdr", "kad"], "generation": ["text_similarity", "kad", "fad"]}
DIT = {"kind": "dit", "width": 128, "depth": 4, "heads": 2, "feed_forward": 3, "text_layers": 1,
       "text_positions": "stretched"}  # fmt: skip
# What a scale starts from, of `base.yaml`: by content and generator.
PIECES = {
    ("speech", "infilling"): {"cpu": "scales.flow_cpu", "gpu": "scales.flow_gpu", "smoke": "scales.flow_smoke"},
    ("speech", "next_token"): {
        "cpu": "scales.next_token_cpu", "gpu": "scales.next_token_gpu", "smoke": "scales.next_token_smoke",
    },
    ("sound", "infilling"): {"cpu": "scales.audio_cpu", "gpu": "scales.gpu", "smoke": "scales.audio_smoke"},
}  # fmt: skip
CORPORA = {
    "speech": {"cpu": "corpora.speech_cpu", "gpu": "corpora.speech_gpu", "smoke": "corpora.speech_smoke"},
    "sound": {"cpu": "corpora.sounds_cpu", "gpu": "corpora.sounds_gpu", "smoke": "corpora.sounds_smoke"},
}
SHOWN = {  # of generation, and of reconstruction
    "speech": (("wer", "sim"), ("wer", "mel_distance")),
    "sound": (("text_similarity", "kad"), ("mel_distance", "kad")),
}
FIGURES = '''"""Latents compared: what is generated of each, and how each reconstructs."""

from matplotlib.figure import Figure

from shared.plotting.dots import dots_figure
from shared.plotting.draw import StudyTable


def {study}(table: StudyTable) -> Figure:
    """A row for each latent."""
    return dots_figure(table, {shown})
'''


FACTS = ("sample_rate", "hop", "dim")


class _Plain(yaml.SafeDumper):
    """Writes what is there twice twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


class Latent(NamedTuple):
    """One that was found: what it is called, and what a study says of it."""

    name: str
    pretrained: dict[str, Any]

    @property
    def label(self) -> str:
        """Name, frames a second, dim."""
        rate = self.pretrained["sample_rate"] / self.pretrained["hop"]
        return f"{self.name}, {rate:.4g} Hz x {self.pretrained['dim']}"

    @property
    def variant(self) -> dict[str, Any]:
        """A study's variant of it."""
        return {"label": self.label, "all": {"autoencoder": {"pretrained": self.pretrained}}}


class Request(NamedTuple):
    """What is asked for; `seeds` training seeds of each generator, `rate` the Hz that clips are scored at."""

    latents: tuple[str, ...]
    corpus: str | None = None
    generator: str = "infilling"
    content: str = "speech"
    seeds: int = SEEDS
    rate: int | None = None
    name: str = OWN

    @property
    def line(self) -> str:
        """It as a comment: a study that begins with it was written for the same."""
        said = {name: value for name, value in self._asdict().items() if name not in ("latents", "name")}
        options = " ".join(f"{name}={value}" for name, value in said.items() if value is not None)
        return f"{WRITTEN} for {', '.join(self.latents)}; {options}."


def find_latent(reference: str) -> Latent:
    """Load the autoencoder that a reference names, for its facts, and try it.

    Raises:
        ConfigError: there is none, no adapter reads it, or it does not do what one has to.
    """
    from shared.autoencoders.adopted import check_contract

    name, kind, place = _parts(reference)
    kind = kind or _kind(place)
    found = AdapterConfig.of_kind(kind)
    assert found, "the kind is one that there is"
    unknown = {"kind": kind, "model": place, "sample_rate": 1, "hop": 1, "dim": 1}
    adapter = parse(found, unknown, reference).build()
    facts = adapter.facts
    check_contract(adapter.autoencoder(facts.channels).eval(), facts.sample_rate, reference)
    said = {fact: getattr(facts, fact) for fact in FACTS}
    return Latent(name or _name(place), {"kind": kind, "model": place, **said})


def _parts(reference: str) -> tuple[str | None, str | None, str]:
    """`name=kind:place` in its parts, the place by its whole path; a path may have such signs, too.

    Raises:
        ConfigError: there is no such kind.
    """
    name, sign, rest = reference.partition("=")
    named, place = (name, rest) if sign and NAME.fullmatch(name) else (None, reference)
    kind, colon, rest = place.partition(":")
    said, place = (kind, rest) if colon and kind in AdapterConfig.kinds() else (None, place)
    path = Path(place).expanduser()
    if colon and not said and not path.exists() and NAME.fullmatch(kind):
        raise ConfigError(f"latents: {place}: no kind {kind!r}{did_you_mean(kind, AdapterConfig.kinds())}")
    return named, said, str(path.resolve()) if path.exists() else place


def _kind(place: str) -> str:
    """What reads what lies at a place.

    Raises:
        ConfigError: nothing lies there, or no adapter reads it.
    """
    from shared.autoencoders.adapters.base import kind_of

    path = Path(place)
    if path.suffix == ".py":
        return "file"
    if (path / "model.json").is_file() or (path.name == "model.safetensors" and path.with_name("model.json").is_file()):
        return "run"
    if "/" not in place and not path.exists():
        raise ConfigError(f"latents: {place}: no such file or folder here, and a hub id is owner/name")
    return kind_of(place)


def _name(place: str) -> str:
    """The last part of a path or id, as the name of a variant."""
    path = Path(place.partition("@")[0])
    last = re.sub(r"[^A-Za-z0-9._-]", "-", path.stem if path.suffix == ".py" else path.name)
    return last.strip("._-")[:64] or "latent"


class Header(NamedTuple):
    """The two comments that a study which was written begins with.

    Attributes:
        request: what it was written for.
        text: digest of the rest and of figures.py as they were written; they are its user's where that is not theirs.
        files: digest of what lay where the latents lie.
    """

    request: str
    text: str
    files: str

    def __str__(self) -> str:
        return f"{self.request}\n# As written: {self.text}, of latents: {self.files}\n"


SECOND_LINE = re.compile(r"# As written: (\w*), of latents: (\w*)\n")


def write_study(request: Request, root: Path) -> Path:
    """Write `<root>/<name>/study.yaml` and `figures.py`, unless they were written for this request and these latents.

    What its user has edited is not written again.

    Args:
        request: what to compare.
        root: the folder of the sources.

    Returns:
        The study file.

    Raises:
        ConfigError: a latent can't be found, two have one name, a folder of this name holds another study, or one that
            was edited would have to be written again.
    """
    folder = root / request.name
    path = folder / "study.yaml"
    header, there = _read(path) if path.exists() else (None, "")
    if header and header.request == request.line and header.files == _files(request):
        return path
    _check_options(request)
    latents = [find_latent(each) for each in request.latents]
    _check(request, latents)
    files = _files(request)
    if header and header.text != _digest(folder, there):
        _check_edited(request, path, header, latents)
        write_text(path, f"{header._replace(files=files)}{there}")
        return path
    shown = dict(zip(("generation", "reconstruction"), SHOWN[request.content], strict=True))
    write_text(folder / "figures.py", FIGURES.format(study=STUDY, shown=shown))
    text = yaml.dump(study_of(request, latents), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=110)
    write_text(path, f"{Header(request.line, _digest(folder, text), files)}{text}")
    return path


def _read(path: Path) -> tuple[Header, str]:
    """A study's header, and the rest."""
    if not is_written(path):
        raise ConfigError(f"{path}: is not one that compare-latents wrote; give another --name")
    first, _, rest = path.read_text(encoding="utf-8").partition("\n")
    found = SECOND_LINE.match(rest)
    text, files = found.groups() if found else ("", "")
    return Header(first, text, files), rest[found.end() if found else 0 :]


def _digest(folder: Path, text: str) -> str:
    figures = folder / "figures.py"
    return digest([text, figures.read_text(encoding="utf-8") if figures.exists() else None])


def _files(request: Request) -> str:
    """Digest of what lies where the latents lie; of a hub id, of the id."""
    return digest([content(Role.MODEL, "latents", _parts(each)[2]) for each in request.latents])


def _check_edited(request: Request, path: Path, header: Header, latents: Iterable[Latent]) -> None:
    """Whether a study that its user has edited still fits what is asked."""
    anew = f"delete {path.parent} to have it written anew"
    if header.request != request.line:
        asked = "and was written for another request"
        raise ConfigError(f"{path}: was edited since it was written, {asked}; give another --name, or {anew}")
    source = Source(path)
    for latent in latents:
        said, found = _said(source, latent.name), latent.pretrained
        other = [fact for fact in FACTS if said.get("model") == found["model"] and said[fact] != found[fact]]
        if other:
            now, then = (", ".join(f"{fact} {each[fact]}" for fact in other) for each in (found, said))
            told = f"{latent.name} now has {now}, where the study says {then}"
            raise ConfigError(f"{path}: was edited since it was written, and {told}; say that there, or {anew}")


def _said(source: Source, variant: str) -> dict[str, Any]:
    """What a study says of a latent that it is given; nothing of one that it does not have."""
    if variant not in source.file.variants:
        return {}
    recipe = source.resolve(variant, next(iter(source.file.scales)), STUDY).autoencoder
    return recipe.pretrained.model_dump() if isinstance(recipe, AdoptedRecipe) else {}


def is_written(study: Path) -> bool:
    """Whether a study file is its user's, and no source of this project."""
    with study.open(encoding="utf-8") as file:
        return file.readline().startswith(WRITTEN)


def _check_options(request: Request) -> None:
    """What would else be found in the study that is written, which then stands in the way of all others."""
    if request.seeds < 1:
        raise ConfigError(f"seeds: must be 1 at least (got {request.seeds})")
    if request.rate is not None and request.rate < LEAST_SCORED:
        raise ConfigError(f"sample-rate: must be {LEAST_SCORED} Hz at least (got {request.rate})")
    rules = (path.read_text(encoding="utf-8") for path in RULES.glob("*.smk"))
    if request.name in {name for text in rules for name in re.findall(r"^(?:rule|checkpoint) (\w+)", text, re.M)}:
        raise ConfigError(f"name: a rule of the workflow is called {request.name}, too; give another")
    corpus_override(request.corpus)


def _check(request: Request, latents: Iterable[Latent]) -> None:
    names = [each.name for each in latents]
    if not NAME.fullmatch(request.name):
        raise ConfigError(f"name: {request.name!r} is no name of a folder: letters, digits, dots, dashes, underscores")
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ConfigError(f"latents: two are called {twice}; write one as other=PLACE")
    if wrong := next((name for name in names if not NAME.fullmatch(name) or name == GROUND_TRUTH), None):
        raise ConfigError(f"latents: {wrong!r} is no name of a variant; write name=PLACE")
    if len(names) < 2:
        raise ConfigError("latents: name two at least")
    if (request.content, request.generator) not in PIECES:
        raise ConfigError(f"generator: {request.generator} is not made for {request.content}; take infilling")


def study_of(request: Request, latents: list[Latent]) -> dict[str, Any]:
    """The study file as data."""
    least = max(LEAST_RATE, min(each.pretrained["sample_rate"] for each in latents))
    rate = least if request.rate is None else request.rate
    seeds = list(range(request.seeds))
    scales = {scale: _scale(request, scale, rate) for scale in ("cpu", "gpu", "smoke")}
    return {
        "source": request.name,
        "title": "Which latent",
        "paper": "none: latents of one's own choice",
        "studies": {
            STUDY: {
                "title": f"One {request.generator.replace('_', '-')} generator for each latent",
                "seeds": {"cpu": seeds, "gpu": seeds},
                "variants": [each.name for each in latents],
            }
        },
        "variants": {each.name: each.variant for each in latents},
        "scales": scales,
    }


def _scale(request: Request, scale: str, rate: int) -> dict[str, Any]:
    piece = PIECES[request.content, request.generator][scale]
    evaluation = dict(SPEECH if request.content == "speech" else SOUND)
    data: dict[str, Any] = {"extends": piece if scale == "cpu" else ["cpu", piece], "sample_rate": rate}
    override = corpus_override(request.corpus)
    if override is None:
        data["corpus"] = {"extends": CORPORA[request.content][scale], "sample_rate": rate}
    else:
        data["corpus"] = override | {"content": request.content}
    if scale == "cpu" and (request.content, request.generator) == ("speech", "infilling"):
        data["generator"] = {"architecture": DIT, "text": {"dim": 64}, "flow": {"condition_dropout": 0.1}}
        data["sampling"] = {"solver": {"extends": "solvers.longcat"}}
    data["evaluation"] = evaluation
    return data
