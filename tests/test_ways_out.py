"""No code of ours hands a text to a shell, unpickles, unpacks or evaluates it, or loads others' models its own way."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.plan.workflow import job_command

ROOT = Path(__file__).parents[1]
FORBIDDEN = {
    "os.system", "os.popen", "eval", "exec", "pickle.load", "pickle.loads", "marshal.loads", "yaml.load",
    "yaml.full_load", "yaml.unsafe_load", "shutil.unpack_archive", "tarfile.open", "zipfile.ZipFile", "joblib.load",
}  # fmt: skip
SET = {"shell": False, "weights_only": True, "allow_pickle": False, "trust_remote_code": False}  # to nothing else
NEEDED = {"torch.load": "weights_only"}
FROM = "from_pretrained"
ENDS = {name.rpartition(".")[2] for name in (*FORBIDDEN, *NEEDED, FROM)}
# In a rule's shell command these are commands and options themselves; what they hold is quoted where they are made.
WORDS = {"params.launch", "params.code", "params.module", "params.options", "params.models", "params.features"}


def found_in(source: str, pretrained: bool = False) -> Iterator[str]:
    """What in a module's source is a way out; `pretrained`: it is the module that loads others' models."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        given = {each.arg: ast.unparse(each.value) for each in node.keywords if each.arg in SET}
        if getattr(node.func, "attr", None) in ENDS or getattr(node.func, "id", None) in ENDS:
            name = ast.unparse(node.func)  # of these alone, since it takes longer than all else
            if name in FORBIDDEN or (name in NEEDED and NEEDED[name] not in given):
                yield name
            if name.endswith(f".{FROM}") and not pretrained:
                yield name
        yield from (f"{word}={given[word]}" for word in given if given[word] != str(SET[word]))


def unquoted(command: str) -> set[str]:
    """The files and values that a shell command takes as they are."""
    return set(re.findall(r"{((?:input|output|params|log|wildcards)[^}:]*)}", command)) - WORDS


def test_no_module_leaves_one():
    paths = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "shared").rglob("*.py"))]
    found = {path: list(found_in((ROOT / path).read_text(), path == "shared/pretrained.py")) for path in paths}
    assert len(paths) > 400 and {path: ways for path, ways in found.items() if ways} == {}


def test_what_a_rule_hands_to_a_shell_is_quoted():
    rules = {path.name: path.read_text() for path in (ROOT / "rules").glob("*.smk")}
    commands = [part.partition("\n\n\n")[0] for text in rules.values() for part in text.split("    shell:\n")[1:]]
    assert len(commands) >= 15
    assert not [name for command in [*commands, job_command("module", "{input.a:q}")] for name in unquoted(command)]


@pytest.mark.parametrize("line", [
    "os.system(x)", "subprocess.run(x, shell=True)", "torch.load(x)", "torch.load(x, weights_only=False)",
    "np.load(x, allow_pickle=True)", "yaml.load(x, Loader)", "AutoModel.from_pretrained(x)", "eval(x)",
    "load(x, trust_remote_code=ask)",
])  # fmt: skip
def test_a_way_out_is_found(line):
    assert list(found_in(line))
    assert unquoted("a {input.b} {params.c:q} {params.launch} {threads}") == {"input.b"}
