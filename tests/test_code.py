"""The code hash: what changes it and what does not."""

import sys
import types
from itertools import count

import pytest

from shared.code import code_hash

FILES = {
    "job": '''"""Doc."""
import math
import sys

from shared.deep import used as helper
from shared.pack import thing
from shared.progress import Progress
from shared.register import register


def run():
    from shared.late import late
    Progress("run", 3).update()
    print("half-way", file=sys.stderr)
    return late() + helper(1) + thing.VALUE + math.pi


def not_called():
    return 1


if __name__ == "__main__":
    run()
''',
    "pack/__init__": "",
    "pack/thing": "VALUE = 1  # a comment\nOTHER = 2\n",
    "late": "def late():\n    return 1\n",
    "deep": "FACTOR = 2\n\n\ndef used(x: int) -> int:\n    return x * FACTOR\n\n\ndef unused():\n    return 3\n",
    "register": "TABLE = {}\n\n\ndef register(value):\n    TABLE[value.__name__] = value\n    return value\n",
    "progress": "ONLY_REPORTS = True\n\n\nclass Progress:\n    every = 5.0\n",
    "other": "Y = 1\n",
}


@pytest.fixture
def hash_after(tmp_path):
    """Hash of the job after an edit, which is given the text of each file by its name and changes it."""
    numbers = count()

    def hash_after(edit=lambda files: None, config=None):
        root, files = tmp_path / str(next(numbers)), dict(FILES)
        edit(files)
        for name, text in files.items():
            path = root / "shared" / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return code_hash("shared.job", config, root=root)

    return hash_after


def _replace(name, old, new):
    def edit(files):
        assert old in files[name]
        files[name] = files[name].replace(old, new)

    return edit


def _append(name, text):
    return lambda files: files.update({name: files[name] + text})


def _moved(files):
    files["elsewhere/profound"] = files.pop("deep")
    files["job"] = files["job"].replace("shared.deep", "shared.elsewhere.profound")


def _other_thing_of_that_name(files):
    files["other"] = "def used(x):\n    return 0\n"
    files["job"] = files["job"].replace("shared.deep", "shared.other")


CHANGE = {
    "what the program runs": _replace("job", "thing.VALUE", "2 * thing.VALUE"),
    "what that calls": _replace("deep", "x * FACTOR", "x + FACTOR"),
    "a constant that this reads": _replace("deep", "FACTOR = 2", "FACTOR = 3"),
    "an attribute of a module": _replace("pack/thing", "VALUE = 1", "VALUE = 3"),
    "what is imported in a function": _replace("late", "return 1", "return 2"),
    "which of two things is imported": _other_thing_of_that_name,
    "a name of another library's": _replace("job", "import math", "import cmath as math"),
    "an import that acts": _append("pack/thing", "\nimport shared.other\nshared.other.Y += 1\n"),
    "a package that acts": _append("pack/__init__", "import sys\n\nsys.setrecursionlimit(10)\n"),
    "what is handed to a function of ours": _append(
        "late", "\n\nfrom shared.register import register\n\n\n@register\ndef extra():\n    return 1\n"
    ),
    "a module that a text names": _replace("job", "math.pi", 'load("shared.other")'),
    "a print to a file": _replace("job", 'print("half-way", file=sys.stderr)', 'print("half-way", file=result)'),
}
NO_CHANGE = {
    "nothing": lambda files: None,
    "comments, docstrings and layout": lambda files: files.update(
        {"pack/thing": '"""A docstring."""\n\n# another comment\nVALUE = (1)\nOTHER = 2\n'}
    ),
    "a file that nothing imports": _replace("other", "1", "2"),
    "a new file": lambda files: files.update(new="import os\n"),
    "a function that the program does not reach": _replace("job", "return 1", "return 2"),
    "a function of a module that is imported": _replace("deep", "return 3", "return 4"),
    "a name of a module that is not read": _replace("pack/thing", "OTHER = 2", "OTHER = 3"),
    "annotations of a function": _replace("deep", "x: int) -> int", "x: float) -> float"),
    "what is printed": _replace("job", "half-way", "two thirds"),
    "how progress is reported": _replace("progress", "5.0", "10.0"),
    "where a module lies": _moved,
    "what is imported and not used": _replace("job", "import math\n", "import math\nimport shared.other\n"),
}


@pytest.mark.parametrize("name", CHANGE)
def test_it_changes_with(hash_after, name):
    assert hash_after(CHANGE[name]) != hash_after()


@pytest.mark.parametrize("name", NO_CHANGE)
def test_it_does_not_change_with(hash_after, name):
    assert hash_after(NO_CHANGE[name]) == hash_after()


def test_of_a_module_that_is_taken_whole_everything_counts(hash_after):
    def whole(files):
        files["job"] = files["job"].replace("thing.VALUE", "len(vars(thing))")

    def edited(files):
        whole(files)
        files["pack/thing"] = files["pack/thing"].replace("OTHER = 2", "OTHER = 3")

    assert hash_after(whole) != hash_after(edited)


@pytest.mark.parametrize("old", ['"Train."', 'help="how many"', 'description="steps"', '"manifest.json"'])
def test_texts_for_people_are_no_part_of_it(hash_after, old):
    text = (
        'job_parser("Train.", corpus="manifest.json").add_argument("--n", help="how many")\n'
        'Field(1, description="steps")\n'
    )

    def with_texts(change):
        def edit(files):
            files["late"] = f"def late():\n    {change(text).replace(chr(10), chr(10) + '    ')}return 1\n"

        return edit

    before = hash_after(with_texts(lambda text: text))
    words = old.split("=")[-1]
    assert hash_after(with_texts(lambda text: text.replace(words, '"Other words."'))) == before
    assert hash_after(with_texts(lambda text: text.replace("--n", "--m"))) != before


KINDS = '''"""Configs."""

from typing import Annotated, ClassVar, Literal

from shared.config import Role, Strict
from shared.kinds import Kind


class Shape(Kind):
    PACKAGE: ClassVar[str] = "shared.made_up"


class Circle(Shape):
    kind: Literal["circle"]
    radius: float = 1.0
    colour: str = "red"
    quickly: Annotated[bool, Role.EXECUTION] = False

    def area(self):
        return self.radius**2


class Square(Shape):
    kind: Literal["square"]
    side: float = 1.0


class Drawing(Strict):
    shape: Shape
'''
CODE = {
    "made_up/config": KINDS,
    "made_up/circle": "def draw(config):\n    return config.area(), config.quickly\n",
    "made_up/square": "def draw(config):\n    return config.side\n",
    "job": "from shared.made_up.config import Drawing\n\n\ndef main():\n    shape = parse(Drawing).shape\n"
    '    return shape.module.draw(shape)\n\n\nif __name__ == "__main__":\n    main()\n',
}


@pytest.fixture
def drawn(hash_after, monkeypatch):
    """Hash of a job that draws a shape, given as JSON, after an edit."""
    def drawn(shape, edit=lambda files: None):
        files = dict(CODE)
        edit(files)
        module = types.ModuleType("shared.made_up.config")
        monkeypatch.setitem(sys.modules, module.__name__, module)
        exec(files["made_up/config"], vars(module))
        config = module.Drawing.model_construct(shape=getattr(module, shape.pop("is"))(**shape))
        return hash_after(lambda all_files: all_files.update(files), {"drawing": config})

    return drawn


CIRCLE, SQUARE = {"is": "Circle", "kind": "circle"}, {"is": "Square", "kind": "square"}


@pytest.mark.parametrize(("name", "old", "new", "circle", "square"), [
    ("config", "radius: float = 1.0", "radius: float = 2.0", True, False),
    ("config", "**2", "**3", True, False),
    ("config", '"red"', '"blue"', False, False),
    ("config", "quickly: Annotated[bool, Role.EXECUTION] = False", "quickly: Annotated[bool, Role.EXECUTION] = True",
     False, False),
    ("config", "    shape: Shape\n", "    shape: Shape\n    size: float = 1.0\n", False, False),
    ("config", "    side: float", "    angle: float = 0.5\n    side: float", False, False),
    ("circle", "config.area()", "-config.area()", True, False),
    ("square", "config.side", "-config.side", False, True),
])  # fmt: skip
def test_of_a_config_counts_what_its_kinds_code_reads(drawn, name, old, new, circle, square):
    for shape, changes in ((CIRCLE, circle), (SQUARE, square)):
        before = drawn(dict(shape))
        assert (drawn(dict(shape), _replace(f"made_up/{name}", old, new)) != before) == changes


def test_a_new_field_counts_where_code_reads_it(drawn):
    def edit(files):
        files["made_up/config"] = KINDS.replace("    radius", "    angle: float = 0.5\n    radius")

    def read(files):
        edit(files)
        files["made_up/circle"] = CODE["made_up/circle"].replace("config.quickly", "config.angle")

    assert drawn(dict(CIRCLE), edit) == drawn(dict(CIRCLE)) != drawn(dict(CIRCLE), read)
    assert drawn(dict(SQUARE), read) == drawn(dict(SQUARE))


def test_code_that_makes_a_config_rests_on_its_defaults(drawn):
    def makes(files, default="1.0"):
        files["made_up/config"] = KINDS.replace("radius: float = 1.0", f"radius: float = {default}")
        files["made_up/circle"] = "from shared.made_up.config import Circle\n\n\ndef draw(_):\n    return Circle()\n"

    given = {**CIRCLE, "radius": 3.0}
    assert drawn(dict(given), makes) != drawn(dict(given), lambda files: makes(files, "2.0"))


def test_further_modules_count_that_are_named(tmp_path):
    (tmp_path / "shared").mkdir()
    for name, value in {"job": 1, "one": 2}.items():
        (tmp_path / f"shared/{name}.py").write_text(f"X = {value}\n")
    assert code_hash("shared.job", root=tmp_path) != code_hash("shared.job", others=["shared.one"], root=tmp_path)


def test_a_missing_module_is_an_error(tmp_path):
    with pytest.raises(ModuleNotFoundError, match=r"shared\.nope"):
        code_hash("shared.nope", root=tmp_path)
