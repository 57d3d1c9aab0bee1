"""Wrong keys, names, claims, bytes and files for `tests.plan.fuzz_configs`; see `tests.plan.mutations`."""

import random
import re
from pathlib import Path

import yaml

from tests.plan.mutations import DEEP, Entry, Mutation, is_scalar, put, read, replace, yaml_file

PARAMS = (
    "scale: [", "- a\n", "scale: cpu\nscale: gpu\n", "scale: true\n", "scale: no_such\n", "scale: &a [*a]\n",
    "seeds: [-1]\n", "seeds: [true]\n", "seeds: 1:30\n", "seeds: [0, 9223372036854775809]\n", "processes: 0\n",
    "processes: 1.5\n", "processes: .inf\n", "processes: true\n", "changes: 3\n", "changes: {SOURCE: 3}\n",
    "changes: {no_such: {a: 1}}\n", "changes: {SOURCE: {generator: {training: {stepz: 3}}}}\n",
    "changes: {SOURCE: {corpus: 3}}\n", "changes: {SOURCE: {generator: {training: {steps: .nan}}}}\n",
    "label: ../up\n", "max_rejected: .nan\n", "max_rejected: 2\n", "corpus: /no/such/folder\n", "unknown: 1\n",
    f"scale: {DEEP}\n", "\tscale: cpu\n", "__use_yte__: true\n", "scale: !!set {a}\n", "scale: é\n",
)  # fmt: skip
TYPED = (
    "seeds=[0", "seeds=-1", "seeds=true", "seeds=1:30", "seeds=0,x", "seeds=9223372036854775809", "processes=true",
    "processes=.inf", "processes=0", "max_rejected=.nan", "scale=../cpu", "label=../up", "changes=[1]", "unknown=1",
    "changes={SOURCE: {sample_rate: -1}}", "changes={SOURCE: {sample_rate: true}}", "corpus=./no/such",
)  # fmt: skip
BAD_NAMES = ("../up", "a b", "", "-x", "a/b", "x" * 300, "$(true)", "a\\nb", ".", "é")


def _key(folder: Path, source: str, rng: random.Random) -> tuple[Path, Entry]:
    path = yaml_file(folder, source, rng)
    return path, rng.choice(read(path, lambda entry: entry.key is not None and is_scalar(entry)))


def renamed_key(folder: Path, source: str, rng: random.Random) -> Mutation:
    """A key with one letter more."""
    path, entry = _key(folder, source, rng)
    put(path, entry.key.start_mark.index, entry.key.end_mark.index, f"{entry.key.value}x")
    # What a guess is of is its key; what else the entry is of, the message may say of its parent.
    hints = ("guesses",) if entry.path[0] == "guesses" else (entry.leaf, *entry.path[:2])
    return Mutation(f"{path.name}: {entry} renamed", hints)


def doubled_key(folder: Path, source: str, rng: random.Random) -> Mutation:
    """A key and its value, twice in a mapping."""
    path, entry = _key(folder, source, rng)
    text, start = path.read_text(), entry.key.start_mark.index
    before = text[text.rfind("\n", 0, start) + 1 : start].strip(" -")
    inside = bool(before) or text[:start].rstrip().endswith((",", "{"))
    between = ", " if inside else "\n" + " " * entry.key.start_mark.column
    put(path, start, start, text[start : entry.span[1]].rstrip() + between)
    return Mutation(f"{path.name}: {entry} doubled", (entry.path[-1], entry.leaf), always=True)


def dropped_key(folder: Path, source: str, rng: random.Random) -> Mutation:
    """A key and its value left out."""
    path, entry = _key(folder, source, rng)
    rest = path.read_text()[entry.span[1] :]
    put(path, entry.key.start_mark.index, entry.span[1] + len(rest) - len(rest.lstrip(", ")), "")
    return Mutation(f"{path.name}: {entry} dropped", wrong=False)


def odd_key(folder: Path, source: str, rng: random.Random) -> Mutation:
    """Another key in place of one."""
    path, entry = _key(folder, source, rng)
    new = rng.choice(["3", "null", "[a]", "{a: b}", "''", "true", "'a.b'", "'..'", "<<"])
    new = f"? {new}\n" if new[0] in "[{" else new
    put(path, entry.key.start_mark.index, entry.key.end_mark.index, new)
    return Mutation(f"{path.name}: {entry}: key {new}", wrong=False)


def swapped(folder: Path, source: str, rng: random.Random) -> Mutation | None:
    """Two values, each in the other's place."""
    path = yaml_file(folder, source, rng)
    found, text = read(path, is_scalar), path.read_text()
    if len(found) < 2:
        return None
    first, second = sorted(rng.sample(found, 2), key=lambda entry: entry.span)
    replace(path, second, text[slice(*first.span)])
    replace(path, first, text[slice(*second.span)])
    return Mutation(f"{path.name}: {first} and {second} swapped", wrong=False)


def twice(folder: Path, source: str, rng: random.Random) -> Mutation | None:
    """A variant twice in a study, or in a claim."""
    path = yaml_file(folder, source, rng, "study", "claims")
    lists = read(path, lambda each: each.path[-1] == "variants" and isinstance(each.node, yaml.SequenceNode))
    if not lists:
        return None
    entry = rng.choice(lists)
    first = Entry((), entry.node.value[0]).span
    put(path, first[0], first[0], path.read_text()[slice(*first)] + ", ")
    return Mutation(f"{path.name}: {entry}: the first twice", ("variants",), always=True)


def no_name(folder: Path, source: str, rng: random.Random) -> Mutation:
    """A variant, scale or source whose name is none."""
    path = folder / "replications" / source / "study.yaml"
    section, name = rng.choice(["variants", "scales", "source"]), rng.choice(BAD_NAMES)
    found = {entry.path: entry for entry in read(path)}
    entry = found[section,]
    if section == "source":
        replace(path, entry, f'"{name}"')
    else:
        other = next(each[1] for each in found if len(each) == 2 and each[0] == section)
        value = f"{{extends: {other}" + (", label: x}" if section == "variants" else "}")
        put(path, entry.span[0], entry.span[0], f'"{name}": {value}\n' + " " * entry.node.start_mark.column)
    return Mutation(f"study.yaml: {section}: {name[:40]!r}", (section,), always=True)


def wrong_guess(folder: Path, source: str, rng: random.Random) -> Mutation | None:
    """A guess of what is no field."""
    path = folder / "replications" / source / "study.yaml"
    found = read(path, lambda each: len(each.path) == 2 and each.path[0] == "guesses" and each.path[1] != "extends")
    if not found:
        return None
    key = rng.choice(found).key
    new = rng.choice(["autoencoder.model_dump", "autoencoder.copy", "sample_rate.real", "no.such", "''"])
    put(path, key.start_mark.index, key.end_mark.index, new)
    return Mutation(f"study.yaml: guesses: {new}", ("guesses",), always=True)


def wrong_claim(folder: Path, source: str, rng: random.Random) -> Mutation | None:
    """A claim that can't be tested, or is one already."""
    path = folder / "replications" / source / "claims.yaml"
    claims = yaml.safe_load(path.read_text())["claims"] if path.exists() else []
    if not claims:
        return None
    claim = rng.choice(claims)
    kind = rng.choice(["itself", "unmeasured", "direction", "tolerance", "id"])
    if kind == "itself":
        claim["variants"] = [claim["variants"][0]] * max(2, len(claim["variants"]))
    elif kind == "unmeasured":
        claim["metric"] = "muq_eval"
    elif kind == "direction" and claim["relation"] not in ("better", "gap_widens", "peaks_inside"):
        claim["direction"] = "higher"
    elif kind == "tolerance":
        claim["tolerance"] = rng.choice([float("nan"), float("inf"), -1, True])
    else:
        claims.append(dict(claim))
    path.write_text(yaml.safe_dump({"claims": claims}))
    return Mutation(f"claims.yaml: {claim['id']}: {kind}", (claim["id"], "claims."), always=True)


def damaged_bytes(folder: Path, source: str, rng: random.Random) -> Mutation:
    """A file with another byte, or cut."""
    path = yaml_file(folder, source, rng)
    content = path.read_bytes()
    place, kind = rng.randrange(len(content)), rng.choice(["not UTF-8", "NUL", "cut", "other", "tab", "empty"])
    new = {"not UTF-8": b"\xff\xfe", "NUL": b"\0", "other": bytes([rng.randrange(33, 127)]), "tab": b"\n\t"}
    rest = b"" if kind in ("cut", "empty") else new[kind] + content[place + 1 :]
    path.write_bytes((b"" if kind == "empty" else content[:place]) + rest)
    return Mutation(f"{path.name}: {kind} at byte {place}", wrong=False, always=kind in ("not UTF-8", "NUL"))


def no_file(folder: Path, source: str, rng: random.Random) -> Mutation:
    """A folder in a file's place."""
    root = folder / "replications"
    files = [root / source / name for name in ("claims.yaml", "paper.yaml", "figures.py", "study.yaml")]
    path = rng.choice([each for each in (*files, root / "base.yaml", folder / "params.yaml") if each.exists()])
    path.unlink()
    path.mkdir()
    return Mutation(f"{path.name}: a folder", always=True)


def damaged_figures(folder: Path, source: str, rng: random.Random) -> Mutation:
    """A figures.py that can't be imported, or has no function for a study."""
    path = folder / "replications" / source / "figures.py"
    text = path.read_text()
    study = re.findall(r"^def (\w+)\(", text, re.MULTILINE)[-1]
    new = {
        "syntax": text + "\ndef (:\n",
        "module": "import no_such_module\n" + text,
        "submodule": "import matplotlib.no_such_module\n" + text,
        "name": "from shared.plotting.dots import no_such_name\n" + text,
        "undefined": text + "\nPANELS_2 = no_such_name + 1\n",
        "undefined within": text + "\n\ndef other(table):\n    return no_such_name(table)\n",
        "no function": text.replace(f"def {study}(", f"def {study}_x("),
        "arguments": text.replace(f"def {study}(table", f"def {study}(other, table"),
        "bytes": text,
        "deep": text + "\nX = " + "(" * 500 + ")" * 500 + "\n",
    }
    kind = rng.choice(sorted(new))
    path.write_bytes(new[kind].encode() + (b"\xff" if kind == "bytes" else b""))
    return Mutation(f"figures.py: {kind}", always=True)


def wrong_params(folder: Path, source: str, rng: random.Random) -> Mutation:
    """A params.yaml with a mistake."""
    new = rng.choice([*PARAMS, "bytes"]).replace("SOURCE", source)
    (folder / "params.yaml").write_bytes(b"scale: \xff\n" if new == "bytes" else new.encode())
    return Mutation(f"params.yaml: {new[:60]!r}", ("params.yaml", "--config"), always=True)


def wrong_settings(folder: Path, source: str, rng: random.Random) -> Mutation:
    """A `--config` with a mistake."""
    typed = rng.choice(TYPED).replace("SOURCE", source)
    return Mutation(f"--config {typed}", (typed.partition("=")[0],), always=True, typed=(typed,))


KINDS = {
    each.__name__.replace("_", " "): each
    for each in (
        renamed_key, doubled_key, dropped_key, odd_key, swapped, twice, no_name, wrong_guess, wrong_claim,
        damaged_bytes, no_file, damaged_figures, wrong_params, wrong_settings,
    )
}  # fmt: skip
