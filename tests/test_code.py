"""The code hash: what changes it and what does not."""

import pytest

from shared import code
from shared.code import code_hash

FILES = {
    "shared/__init__.py": "",
    "shared/job.py": '"""Doc."""\nfrom shared.pack import thing\n\ndef run():\n    from shared import late\n',
    "shared/pack/__init__.py": "",
    "shared/pack/thing.py": "VALUE = 1  # a comment\n",
    "shared/late.py": "import shared.deep\n",
    "shared/deep.py": "X = 1\n",
    "shared/other.py": "Y = 1\n",
}


@pytest.fixture
def root(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def _hash(root):
    for cached in (code.code_hash, code._tree, code._imports, code._code):
        cached.cache_clear()
    return code_hash("shared.job", root)


@pytest.mark.parametrize("name", ["shared/job.py", "shared/pack/thing.py", "shared/late.py", "shared/deep.py",
                                  "shared/pack/__init__.py"])
def test_an_edit_in_anything_imported_changes_it(root, name):
    before = _hash(root)
    (root / name).write_text((root / name).read_text() + "\nNEW = 2\n")
    assert _hash(root) != before


def test_comments_docstrings_layout_and_unrelated_files_do_not(root):
    before = _hash(root)
    (root / "shared/pack/thing.py").write_text('"""A docstring."""\n\n# another comment\nVALUE = (1)\n')
    (root / "shared/other.py").write_text("Y = 2\n")
    assert _hash(root) == before


def test_it_does_not_depend_on_where_the_repository_lies(root, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for name, text in FILES.items():
        path = elsewhere / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert _hash(root) == _hash(elsewhere)


def test_a_missing_module_is_an_error(root):
    with pytest.raises(ModuleNotFoundError, match=r"shared\.nope"):
        code_hash("shared.nope", root)
