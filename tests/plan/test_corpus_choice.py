"""The user's corpus in place of the studies' own: what fits it, what it is called, and when it is another."""

import csv

import pytest

from shared.config import ConfigError
from shared.plan.content import corpus_fingerprint
from shared.plan.corpus_choice import in_place_of
from shared.plan.plan import Plan
from tests.plan.edited import planned_after
from tests.sources import SOURCES


def _audio_folder(folder):
    folder.mkdir()
    with open(folder / "metadata.csv", "w", newline="") as file:
        csv.writer(file).writerows([["file_name", "text"], ["a.wav", "hello"]])
    (folder / "a.wav").write_bytes(b"not read here")
    return folder


def test_a_users_folder_is_identified_by_its_content_not_its_place(sources, tmp_path):
    first = _audio_folder(tmp_path / "one")
    plan = Plan(sources, "smoke", [0], str(first))
    assert plan.label.startswith("smoke-one-")
    (corpus,) = [job for (_, kind, _), job in plan.jobs.items() if kind == "corpus"]
    assert corpus.spec["path"] == str(first)
    assert corpus.spec["sample_rate"] == 16000
    moved = first.rename(tmp_path / "two")
    assert Plan(sources, "smoke", [0], str(moved)).jobs.keys() == plan.jobs.keys()
    assert str(tmp_path) not in plan.study_spec("longcat", "fig3").model_dump_json()


@pytest.mark.parametrize("scale", ["smoke", "cpu", "gpu", "paper"])
@pytest.mark.parametrize("corpus", ["folder", "libritts", "clotho", "somebody/else"])
def test_every_figure_takes_a_users_corpus(tmp_path, corpus, scale):
    plan = Plan(SOURCES, scale, [0], str(_audio_folder(tmp_path / "mine")) if corpus == "folder" else corpus)
    assert not plan.left_out
    assert set(plan.points) == {
        (name, study) for name, each in SOURCES.items() if scale in each.file.scales for study in each.file.studies
    }
    assert {job.spec["kind"] for job in plan.jobs.values() if job.kind == "corpus"} <= {"folder", "hub"}


def test_recordings_have_no_notes(tmp_path):
    plan = Plan(SOURCES, "smoke", [0], str(_audio_folder(tmp_path / "mine")))
    assert plan.dropped("same", "table2") == ["chroma"] and plan.dropped("longcat", "fig3") == []
    scored = [job for (owner, kind, _), job in plan.jobs.items() if (owner, kind) == ("same", "scores")]
    assert scored and not any("chroma" in job.spec["metrics"] for job in scored)
    assert Plan(SOURCES, "smoke", [0]).dropped("same", "table2") == []


def test_a_study_that_a_corpus_does_not_fit_is_left_out_and_says_why():
    # A data set without captions, and a study whose autoencoder reads them.
    plan = Plan(SOURCES, "smoke", [0], "musdb")
    assert set(plan.left_out) == {("same", "table2")}
    with pytest.raises(ConfigError, match=r"figures/same_table2.pdf: not of this corpus: .* musdb has none"):
        plan.figure("same_table2")
    assert plan.figure("longcat_fig3") == ("longcat", "fig3")
    # A mistake of the user's is one whatever the corpus.
    changes = {"same": {"generator": {"training": {"stepz": 3}}}}
    with pytest.raises(ConfigError, match="stepz"):
        Plan(SOURCES, "smoke", [0], "musdb", changes=changes)


def test_what_is_changed_of_the_corpus_holds_for_the_users(sources, tmp_path):
    folder = str(_audio_folder(tmp_path / "mine"))

    def corpora(**changes):
        jobs = Plan(sources, "smoke", [0], folder, changes={"longcat": changes}).jobs.values()
        return [job.spec for job in jobs if job.kind == "corpus"]

    assert [spec["max_seconds"] for spec in corpora(corpus={"max_seconds": 60})] == [60]
    with pytest.raises(ConfigError, match=r"corpus\.folder\.utterances: unknown key"):
        Plan(sources, "smoke", [0], folder, changes={"longcat": {"corpus": {"utterances": 60}}}).figure("longcat_fig3")
    with pytest.raises(ConfigError, match=r"longcat\.corpus\.sample_rate: changes nothing, .* \(16000\)"):
        corpora(corpus={"sample_rate": 8000})
    with pytest.raises(ConfigError, match=r"autoencoder_corpora: corpus= takes their place"):
        corpora(autoencoder_corpora=[])
    assert corpora(generator={"training": {"learning_rate": {"peak": 1e-3}}})


def test_each_corpus_has_a_record_of_its_own(sources, tmp_path):
    folders = [tmp_path / name for name in ("a/wavs", "b/wavs", "b/wavs!")]
    for folder in folders:
        folder.parent.mkdir(exist_ok=True)
        _audio_folder(folder)
    corpora = [*map(str, folders), "a/b", "c/b", "somebody-else/b", "libritts"]
    labels = [Plan(sources, "smoke", [0], corpus).label for corpus in corpora]
    assert len(set(labels)) == len(labels)
    assert labels[-1] == "smoke-libritts"
    assert Plan(sources, "smoke", [0], str(tmp_path / "a/../a/wavs/")).label == labels[0]


def test_how_many_clips_a_folder_may_lose(sources, tmp_path):
    plan = Plan(sources, "smoke", [0], str(_audio_folder(tmp_path / "mine")), max_rejected=0.5)
    assert {job.spec["max_rejected"] for (_, kind, _), job in plan.jobs.items() if kind == "corpus"} == {0.5}
    with pytest.raises(ConfigError, match=r"max_rejected: .* give it with corpus="):
        Plan(sources, "smoke", [0], max_rejected=0.5)


def test_an_edited_clip_is_another_corpus(sources, tmp_path):
    folder = _audio_folder(tmp_path / "one")
    before = Plan(sources, "smoke", [0], str(folder)).jobs.keys()
    (folder / "a.wav").write_bytes(b"something else")
    corpus_fingerprint.cache_clear()
    assert not before & Plan(sources, "smoke", [0], str(folder)).jobs.keys()


def test_a_public_corpus_by_name(sources):
    jobs = Plan(sources, "smoke", [0], "libritts").jobs
    (corpus,) = {job.spec["name"] for (_, kind, _), job in jobs.items() if kind == "corpus"}
    assert corpus == "libritts"


@pytest.mark.parametrize(
    ("own", "kept"),
    [
        ({"kind": "speech"}, {}),
        ({"kind": "sound"}, {"content": "sound"}),
        ({"kind": "music", "channels": 2}, {"content": "sound", "channels": 2}),
        ({"kind": "hub", "name": "clotho", "content": "sound"}, {"content": "sound"}),
        ({"kind": "hub", "name": "vctk", "content": "speech"}, {"content": "speech"}),
    ],
)
def test_a_corpus_holds_what_the_studys_own_does(own, kept):
    override = {"kind": "folder", "path": "mine", "max_rejected": 0.1}
    assert in_place_of(own, override, {"max_seconds": 60}) == {**override, **kept, "max_seconds": 60}


def test_a_folder_in_a_study_of_sounds_is_one_of_sounds(sources, tmp_path):
    def change(study):
        sound = {"kind": "sound", "sample_rate": 16000, "clips": 300, "validation": 10, "test": 20}
        study["scales"]["smoke"]["corpus"] = sound

    study = planned_after(sources, tmp_path, change).sources
    assert {job.spec["kind"] for job in Plan(study, "smoke", [0]).jobs.values() if job.kind == "corpus"} == {"sound"}
    for corpus in (str(_audio_folder(tmp_path / "one")), "audiocaps"):
        jobs = Plan(study, "smoke", [0], corpus).jobs.values()
        assert {job.spec["content"] for job in jobs if job.kind == "corpus"} == {"sound"}
        jobs = Plan(sources, "smoke", [0], corpus).jobs.values()
        assert {job.spec["content"] for job in jobs if job.kind == "corpus"} == {"speech"}


def test_a_name_that_is_none_is_refused_before_anything_is_built(sources):
    with pytest.raises(ConfigError, match=r"corpus: libritz is no folder here, none of libritts, .*"):
        Plan(sources, "smoke", [0], "libritz")


@pytest.mark.parametrize("corpus", ["/no/such/folder", "./none", "~/none-at-all"])
def test_a_folder_that_is_not_there(sources, corpus):
    with pytest.raises(ConfigError, match="is not a folder"):
        Plan(sources, "smoke", [0], corpus)
