"""Wrong values for `tests.plan.fuzz_configs`: each kind of mutation edits one file of a copied source."""

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?")
SIZES = ("width", "latent_width", "depth", "dim", "channels", "batch", "n_fft", "embedding", "n_mels")
AT_LEAST_0 = (*SIZES, "steps", "warmup", "crop_seconds", "peak", "weight", "clips", "evaluations", "hop", "ema")
DEEP = "[" * 3000 + "]" * 3000
TEXTS = ("guesses", "title", "paper", "source", "studies")  # sections that are no configs
ODD = ("null", "0", "-3", "''", "[]", "{}", '"a: b"', "2001-01-01", "[[1, 2], [3]]", "{kind: nothing}", "é", "=", "<<")

# Field → values that it must not have.
DOMAIN = {
    "betas": ("[0.9, 1.0]", "[1.5, 0.9]", "[-0.1, 0.9]"),
    "latent_scale": ("0", "-0.5", "0.0"),
    "warmup": ("100000000",),
    "hop": ("100000",),
    "n_mels": ("5000",),
    "asr": ("./nowhere", "no such model", "/no/model", "a/b c", "-x"),
    "speaker": ("./nowhere", "no such model"),
    "clap": ("./nowhere", "no such model", "a//b"),
    "model": ("no such model", "a/b c", "'*'"),
    "peak": ("0",),
    "ema": ("1.0", "1.5"),
    "accumulation": ("0", "7919"),
    "mask_ratio": ("[1.0, 0.5]", "[0.5, 1.5]"),
    "kind": ("nothing", "3"),
    "family": ("nothing",),
    "seeds": ("{cpu: [-1]}", "{cpu: [9223372036854775809]}", "{cpu: [true]}", "{cpu: [0, 0]}", "{cpu: 1}"),
    "metric": ("f0_rmse_of_nothing",),
    "trust": ("sure",),
    "side": ("both",),
}

# The same at any depth of the scale that is planned, whether a file says the field or not.
ADDED = {
    "generator.training.betas": ("[0.9, 1.0]",),
    "autoencoder.training.betas": ("[1.0, 0.5]",),
    "evaluation.seed": ("-1", "9223372036854775809"),
    "corpus.seed": ("-1", "true"),
    "generator.latent_scale": ("0", "-1", "true"),
    "autoencoder.training.learning_rate.warmup": ("100000000",),
    "evaluators.asr": ("./nowhere", "no model"),
    "evaluation.clips": ("9000000",),
    "sampling.batch": ("true", "1:30"),
    "corpus.sample_rate": ("8000",),
    "generator.training.accumulation": ("1.5",),
    "autoencoder.crop_seconds": ("1e12",),
    "autoencoder.training.stepz": ("3",),
    "evaluation.reconstruction": ("[stoi, stoi]",),
    "generator.training.compile": ("'yes'", "1"),
    "autoencoder.bottleneck.dim": ("1000000000000",),
    "generator.training.batch": ("100000000000000",),
    "autoencoder.reconstruction.others.no_such": ("{weight: 1}",),
}


class Mutation(NamedTuple):
    """What was done.

    Attributes:
        what: for people.
        hints: words of which a refusal must have one: the field, or the line.
        wrong: it must be refused if any config shows it.
        always: it must be refused, whether a config shows it or not.
        typed: what is given as `--config`.
    """

    what: str
    hints: tuple[str, ...] = ()
    wrong: bool = True
    always: bool = False
    typed: tuple[str, ...] = ()


class Entry(NamedTuple):
    """A value in a YAML file, with its path, its node and that of its key."""

    path: tuple[str, ...]
    node: Any
    key: Any = None

    @property
    def leaf(self) -> str:
        """The field, also where the key is a dotted path."""
        return self.path[-1].rpartition(".")[2]

    @property
    def span(self) -> tuple[int, int]:
        """Where its text lies in the file."""
        return self.node.start_mark.index, self.node.end_mark.index

    @property
    def hints(self) -> tuple[str, ...]:
        """Words that say where it is."""
        parts = [part for part in ".".join(self.path[-3:]).split(".") if not part.isdigit()]
        return (*parts[-2:], f":{self.node.start_mark.line + 1}:")

    def __str__(self) -> str:
        return ".".join(self.path)


def read(path: Path, suits: Callable[[Entry], bool] = lambda entry: True) -> list[Entry]:
    """The values in a YAML file that suit."""

    def walk(node: Any, path: tuple[str, ...], key: Any = None) -> Iterator[Entry]:
        if path:
            yield Entry(path, node, key)
        if isinstance(node, yaml.MappingNode):
            for name, value in node.value:
                yield from walk(value, (*path, str(name.value)), name)
        elif isinstance(node, yaml.SequenceNode):
            for place, value in enumerate(node.value):
                yield from walk(value, (*path, str(place)))

    return [entry for entry in walk(yaml.compose(path.read_text(), Loader=yaml.SafeLoader), ()) if suits(entry)]


def put(path: Path, start: int, end: int, new: str) -> None:
    """Another text in place of a part of a file."""
    text = path.read_text()
    path.write_text(text[:start] + new + text[end:])


def replace(path: Path, entry: Entry, new: str) -> None:
    """Another text in place of a value."""
    start, end = entry.span
    put(path, start, start + len(path.read_text()[start:end].rstrip()), new)  # a block ends where the next begins


def yaml_file(folder: Path, source: str, rng: random.Random, *names: str) -> Path:
    """One of a source's YAML files; base.yaml is the copy's."""
    root = folder / "replications"
    known = {name: root / source / f"{name}.yaml" for name in ("study", "claims", "paper")}
    known["base"] = root / "base.yaml"
    return rng.choice([known[name] for name in names or known if known[name].exists()])


def is_scalar(entry: Entry) -> bool:
    return isinstance(entry.node, yaml.ScalarNode)


def is_number(entry: Entry) -> bool:
    return is_scalar(entry) and entry.node.style is None and bool(NUMBER.fullmatch(entry.node.value))


def is_field(entry: Entry) -> bool:
    return entry.path[0] not in TEXTS and "label" not in entry.path


def of_values(
    suits: Callable[[Entry], bool], news: tuple[str, ...], *files: str, wrong: bool = True, always: bool = False
) -> Callable[[Path, str, random.Random], Mutation | None]:
    """The kind of mutation that puts one of the new texts in place of a value that suits."""

    def mutate(folder: Path, source: str, rng: random.Random) -> Mutation | None:
        path = yaml_file(folder, source, rng, *files)
        found = read(path, suits)
        if not found:
            return None
        entry, new = rng.choice(found), rng.choice(news)
        replace(path, entry, new)
        return Mutation(f"{path.name}: {entry}: {new[:40]}", entry.hints, wrong, always)

    return mutate


def out_of_domain(folder: Path, source: str, rng: random.Random) -> Mutation | None:
    """A field with a value that it must not have."""
    path = yaml_file(folder, source, rng, "study", "base", "claims")
    # At smoke all steps may be warm-up.
    found = read(path, lambda each: each.leaf in DOMAIN and each.path[0] != "guesses" and "smoke" not in str(each))
    if not found:
        return None
    leaf = rng.choice(sorted({entry.leaf for entry in found}))
    entry, new = rng.choice([each for each in found if each.leaf == leaf]), rng.choice(DOMAIN[leaf])
    replace(path, entry, new)
    return Mutation(f"{path.name}: {entry}: {new}", (leaf, *entry.hints))


def added_field(folder: Path, source: str, rng: random.Random) -> Mutation | None:
    """A field with a wrong value is set at the scale that is planned, for one study."""
    path = folder / "replications" / source / "study.yaml"
    found = {entry.path: entry for entry in read(path)}
    field = rng.choice(sorted(ADDED))
    new = value = rng.choice(ADDED[field])
    for part in reversed(field.split(".")):
        value = f"{{{part}: {value}}}"
    if ("scales", "cpu", "studies") in found:
        return None
    study = next(each[1] for each in found if len(each) == 2 and each[0] == "studies")
    node = found["scales", "cpu"].node
    start = node.start_mark.index
    between = ", " if node.flow_style else "\n" + " " * node.start_mark.column
    put(path, start + node.flow_style, start + node.flow_style, f"studies: {{{study}: {value}}}{between}")
    return Mutation(f"study.yaml: scales.cpu.studies.{study}.{field}: {new}", (field.rpartition(".")[2],))


KINDS = {
    "not finite": of_values(is_number, (".nan", ".inf", "-.inf", "1e999")),
    "no number": of_values(is_number, ("true", "no", "1:30", "many", "[3, 4]", "{a: 3}", "0x1F", "1_000")),
    "too large": of_values(
        lambda entry: is_number(entry) and entry.leaf in SIZES,
        ("1000000000000", "3" + "0" * 20, "1" + "0" * 39), "study", "base",
    ),
    "below zero": of_values(
        lambda entry: is_number(entry) and entry.leaf in AT_LEAST_0, ("-1", "-1000000"), "study", "base"
    ),
    "odd value": of_values(lambda entry: is_scalar(entry) and is_field(entry), ODD, wrong=False),
    "another type": of_values(
        lambda entry: isinstance(entry.node, yaml.MappingNode), ("3", "text", "[1, 2]", "true", "[{a: b}]")
    ),
    "extends": of_values(
        lambda entry: entry.path[-1] == "extends",
        ("3", "[[x]]", "{a: b}", "no.where", "true", "''", "[cpu, 3]"), "study", "base",
    ),
    "too deep": of_values(is_scalar, (DEEP,), always=True),
    "out of domain": out_of_domain,
    "added field": added_field,
    "too many clips": of_values(
        # How many a public corpus has is not known.
        lambda entry: entry.leaf == "clips" and "evaluation" in entry.path and "paper" not in str(entry),
        ("10000000",), "study", "base",
    ),
    "axis": of_values(
        lambda entry: entry.path[0] == "studies" and entry.path[-2:] == ("axis", "field"),
        ("autoencoder", "autoencoder.model_dump", "sample_rate.real", "autoencoder.training.betas", "no_such", "''",
         "model_fields_set", "autoencoder.architecture.module", "generator.build", "evaluation.reconstruction"),
        "study", always=True,
    ),
}  # fmt: skip
