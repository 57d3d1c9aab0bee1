"""What earlier records said: from Git's history, whatever it holds, and from history.csv where Git has none."""

import json
import os
import shutil
import subprocess

import pytest

from shared.cli import replicate
from shared.record.history import FILE, Config, Past, State, _runs, history
from shared.record.table import to_csv
from shared.record.turned import history_table, studies, turned

OLD = "id,verdict,margin,low,high,seeds,clips,reason,text,where\n"
TABLE = "variant,side,metric,value\n"


class Repository:
    """A repository of one record, a day older with each commit."""

    def __init__(self, folder):
        self.folder, self.day = folder, 0
        self.scale = folder / "results/cpu"
        (self.scale / "longcat").mkdir(parents=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments):
        self.day += 1
        date = f"2026-01-{self.day:02d}T12:00:00+00:00"
        given = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date, "GIT_CONFIG_GLOBAL": "/dev/null"}
        who = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        return subprocess.run(["git", *who, *arguments], cwd=self.folder, env=kept | given, check=True,
                              capture_output=True, text=True).stdout.strip()  # fmt: skip

    def lay(self, said, wer, seeds=1, study="fig3", text="t", header=OLD, config="x"):
        """Lay a record of one claim, `a`, by each verdict."""
        rows = "".join(f"{name},{verdict},0.1,,,{seeds},9,,{text},w\n" for name, verdict in said.items())
        (self.scale / f"longcat/{study}_verdicts.csv").write_text(header + rows)
        cells = f"ground_truth,generation,wer,0.01\ndim64,generation,wer,{wer}\ndim64,generation,fad,{seeds}\n"
        (self.scale / f"longcat/{study}.csv").write_text(TABLE + cells)
        made = {"config_hash": config, "seeds": list(range(seeds))}
        (self.scale / f"longcat/{study}_provenance.json").write_text(json.dumps(made))

    def record(self, *given, **changes):
        """Commit it."""
        self.lay(*given, **changes)
        self.git("add", "-A")
        self.git("commit", "-qm", "x")
        return self.git("rev-parse", "HEAD")

    def found(self):
        past, why = history(self.scale)
        assert not why
        return past


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path)


def short(past):
    return [(each.commit, each.seeds, each.runs, each.verdict) for each in past]


def test_each_record_is_listed_and_the_one_that_lies_there_is_the_same_before_and_after_its_commit(repository):
    first = repository.record({"a": "reproduced"}, 0.1)
    second = repository.record({"a": "inconclusive"}, 0.2, seeds=2)
    repository.lay({"a": "contradicted"}, 0.3, seeds=3, config="y")
    before = repository.found()
    repository.record({"a": "contradicted"}, 0.3, seeds=3, config="y")
    assert repository.found() == before
    assert short(before) == [(first, 1, "new", "reproduced"), (second, 2, "more seeds", "inconclusive"),
                             (None, 3, "new", "contradicted")]  # fmt: skip
    assert before[0].date == "2026-01-03" and before[2].date is None and before[0].margin == 0.1


def test_runs_that_are_read_again_are_told_from_new_ones_and_other_words_are_no_record(repository):
    first = repository.record({"a": "reproduced"}, 0.1)
    repository.record({"a": "reproduced"}, 0.1, text="other words")
    new = OLD.replace("low", "scale")
    repository.record({"a": "pilot"}, 0.1, header=new)
    assert short(repository.found()) == [(first, 1, "new", "reproduced"), (None, 1, "read again", "pilot")]


@pytest.mark.parametrize(("name", "runs"), [("other", "new"), ("one", "read again")])
def test_without_a_value_in_common_the_recipe_tells(name, runs):
    config, other = Config("one", frozenset({0})), Config(name, frozenset({0}))
    before = State("2026-01-01", "a", [], {("old", "generation", "wer"): "1"}, config, config)
    record = State(None, None, [], {("renamed", "generation", "wer"): "1"}, other, config)
    assert _runs(before, record) == runs


def test_a_record_is_followed_through_another_name_and_a_branch(repository):
    first = repository.record({"a": "reproduced"}, 0.1, study="figure")
    for end in (".csv", "_verdicts.csv"):
        repository.git("mv", f"results/cpu/longcat/figure{end}", f"results/cpu/longcat/fig3{end}")
    repository.git("commit", "-qm", "x")
    repository.git("checkout", "-qb", "side")
    side = repository.record({"a": "contradicted"}, 0.2)
    repository.git("checkout", "-q", "main")
    main = repository.record({"a": "inconclusive"}, 0.3)
    repository.git("merge", "-q", "-s", "ours", "-m", "x", "side")
    repository.record({"a": "reproduced"}, 0.4)
    found = repository.found()
    assert {each.study for each in found} == {"fig3"}
    assert [each.commit for each in found] == [first, side, main, None]


def test_a_study_that_is_gone_and_a_file_that_is_none_are_no_error(repository, capsys):
    repository.record({"a": "reproduced"}, 0.1)
    (repository.scale / "longcat/fig3_verdicts.csv").write_text("broken")
    repository.git("commit", "-qam", "x")
    second = repository.record({"a": "contradicted"}, 0.2)
    for path in repository.scale.glob("longcat/*"):
        path.unlink()
    repository.git("commit", "-qam", "x")
    found = repository.found()
    assert [each.verdict for each in found] == ["reproduced", "contradicted"] and found[1].commit == second
    assert "no verdicts; left out of the history" in capsys.readouterr().err


def test_a_clone_without_history_keeps_the_file(repository, tmp_path, monkeypatch):
    repository.record({"a": "reproduced"}, 0.1)
    repository.record({"a": "contradicted"}, 0.2)
    past = repository.found()
    (repository.scale / FILE).write_text(to_csv(past, Past))
    repository.record({"a": "contradicted"}, 0.2)
    clones = tmp_path / "clones"
    clones.mkdir()
    repository.git("clone", "-q", "--depth", "1", f"file://{repository.folder}", str(clones / "shallow"))
    kept, why = history(clones / "shallow/results/cpu")
    assert kept == past and "kept as it is, as earlier records are not known: a shallow clone" in why
    # Another history, such as one that was squashed, does not know these commits.
    shutil.rmtree(clones / "shallow/.git")
    other = Repository.__new__(Repository)
    other.folder, other.day = clones / "shallow", 0
    for command in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "x")):
        other.git(*command)
    kept, why = history(clones / "shallow/results/cpu")
    assert kept == past and "1 of its commits are not in Git's history here" in why
    monkeypatch.setenv("PATH", "/nowhere")
    kept, why = history(repository.scale)
    assert kept == past and "git is not installed" in why
    (repository.scale / FILE).unlink()
    kept, why = history(repository.scale)
    assert kept == [] and "not written" in why


def of(*said, runs="new"):
    """A record of claims a, b, c, …"""
    return [Past(source="s", study="t", claim=name, date=None, commit=None, seeds=1, verdict=verdict, margin=None,
                 scale=None, runs=runs) for name, verdict in zip("abcde", said, strict=False)]  # fmt: skip


def test_what_turned_is_counted_by_what_it_became():
    before = of("reproduced", "reproduced", "contradicted", "contradicted", "inconclusive")
    after = of("reproduced", "contradicted", "inconclusive", "pilot", "reproduced")
    assert turned([before, after]) == {"stayed": 1, "reversed": 1, "became inconclusive": 1, "no verdict": 1}
    again = of("reproduced", "pilot", "inconclusive", "contradicted", runs="read again")
    assert turned([before, again]) == {"withdrawn": 2}
    assert turned([before, after[:3], of("reproduced")])["no verdict"] == 2


def test_the_history_in_git_has_every_record_that_was_replaced(request):
    path = request.config.rootpath / "results/cpu"
    past, why = history(path)
    if why:
        pytest.skip(why)
    records = {place: sum(rows[0].runs != "read again" for rows in each) for place, each in studies(past).items()}
    assert records["semavoice", "table3"] >= 4 and records["semavoice", "table4"] >= 4
    assert records["same", "table2"] >= 2 and records["longcat", "fig3"] >= 4
    said = {(each.claim, each.commit and each.commit[:7]): each.verdict for each in past if each.study == "table3"}
    assert said["t3_wer_history", "369699c"] == "contradicted" and said["t3_wer_history", "de20fc7"] == "inconclusive"
    assert "| semavoice, table4 | `cpu` |" in history_table({"cpu": past}, {})


def test_the_command_shows_records_and_claims(repository, monkeypatch, capsys):
    repository.record({"a": "reproduced"}, 0.1)
    (repository.scale / "longcat/fig3_manifest.json").write_text("{}")
    repository.lay({"a": "not testable here", "b": "pilot"}, 0.2)
    command = ["replicate", "--results", str(repository.folder / "results"), "history"]
    monkeypatch.setattr("sys.argv", command)
    replicate.main()
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "longcat fig3: 2 records" and shown[2].startswith("  2. as it lies there")
    assert [line.split(maxsplit=2) for line in shown[4:6]] == [["a", "reproduced", "not testable"], ["b", "–", "pilot"]]
    monkeypatch.setattr("sys.argv", [*command, "longcta"])
    with pytest.raises(SystemExit):
        replicate.main()
    assert "no record of 'longcta'" in capsys.readouterr().err
