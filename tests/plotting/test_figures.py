"""Figures: what they show, and the same bytes each time."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shared.measurements.compactness import read_compactness
from shared.measurements.exposure_bias import Curve
from shared.plotting.compactness import compactness_figure
from shared.plotting.curve import curve_figure
from shared.plotting.draw import StudyTable, load_layout
from shared.plotting.exposure_bias import exposure_bias_figure
from shared.plotting.latent_noise import latent_noise_figure
from shared.plotting.style import save_figure, styled
from shared.plotting.truncation import truncation_figure
from shared.record.table import Row
from tests.measurements.made_up_compactness import write_compactness

REPLICATIONS = Path(__file__).parents[2] / "replications"
LAYOUT = REPLICATIONS / "longcat" / "figures.py"
VALUES = {"wer": (0.05, 0.1, 0.2), "sim": (0.6, 0.65, 0.55), "stoi": (0.8, 0.85, 0.9), "pesq": (1.3, 1.4, 1.6),
          "dnsmos_ovrl": (2.5, 2.4, 2.2), "dnsmos_p808": (3.3, 3.2, 3.0)}  # fmt: skip


def _table(scale="cpu", variants=("dim64", "dim128", "dim256"), utmos=False):
    values = VALUES | ({"utmos": (3.2, 3.1, 2.9)} if utmos else {})
    rows = [
        Row(variant=variant, label=variant, setting=str(4**place), paper_setting=str(64 * 2**place), side=side,
            metric=metric, value=each[place], low=each[place] * 0.95, high=each[place] * 1.05, n=10, seeds=1,
            paper=each[place], paper_where="Figure 3", paper_trust="primary")
        for side in ("reconstruction", "generation")
        for metric, each in values.items()
        for place, variant in enumerate(variants)
    ]
    return StudyTable("Title", "latent dim", "", scale, 1, list(variants), rows)


def _texts(figure):
    axes = figure.axes
    found = [text.get_text() for each in (figure, *axes) for text in each.texts]
    return found + [each.get_title() for each in axes] + [each.get_ylabel() for each in axes]


@pytest.mark.parametrize("study", ["fig3", "table4"])
def test_a_study_is_drawn_the_same_twice_and_dollar_signs_as_they_are(tmp_path, study):
    text = r"from $5 \x to $6 ^{"  # as a formula it can't be drawn
    rows = [row.model_copy(update={"label": text}) for row in _table().rows]
    table = replace(_table(), title=text, axis=text, rows=rows)
    written = []
    for name in ("one", "two"):
        with styled():
            figure = load_layout(LAYOUT, study)(table)
            save_figure(figure, tmp_path / f"{name}.pdf", tmp_path / f"{name}.png")
        written.append([(tmp_path / f"{name}{suffix}").read_bytes() for suffix in (".pdf", ".png")])
    assert written[0] == written[1]
    assert b"CreationDate" not in written[0][0]
    assert text in " ".join(_texts(figure))


def test_dots_have_a_row_for_the_paper_where_it_has_a_value():
    table = _table()
    with_paper = load_layout(LAYOUT, "table4")(table)
    assert "lower row: the paper's values" in " ".join(_texts(with_paper))
    ours = [row.model_copy(update={"paper": None}) for row in table.rows]
    alone = load_layout(LAYOUT, "table4")(replace(table, rows=ours))
    assert len(with_paper.axes) == 2 * len(alone.axes) and "the paper" not in " ".join(_texts(alone))
    assert len(alone.axes) == 3  # UTMOS is not scored


@pytest.fixture(scope="module")
def plain():
    """The texts of the studies as the table is, at scale cpu."""
    return {study: _texts(load_layout(LAYOUT, study)(_table())) for study in ("fig3", "fig4", "table4")}


def test_the_papers_four_panels_with_wer_negated(plain):
    for title in ("Intelligibility", "Similarity", "Naturalness", "Quality", "−WER %", "STOI", "PESQ"):
        assert title in plain["fig3"]
    assert plain["fig4"] == plain["fig3"]


def test_dnsmos_stands_in_where_utmos_is_out_of_reach_and_says_so(plain):
    assert "DNSMOS P.808 for UTMOS" in plain["fig3"]
    assert "DNSMOS P.808 for UTMOS" not in _texts(load_layout(LAYOUT, "fig3")(_table(utmos=True)))


def test_phonemes_stand_in_for_words_where_these_were_not_judged():
    rows = [row.model_copy(update={"metric": "per"}) if row.metric == "wer" else row for row in _table().rows]
    texts = _texts(load_layout(LAYOUT, "fig3")(replace(_table(), rows=rows)))
    assert "PER for WER" in texts and "−PER %" in texts and "STOI" in texts


@pytest.mark.parametrize("study", ["fig3", "table4"])
def test_only_smoke_is_stamped(plain, study):
    assert "smoke: not evidence" in _texts(load_layout(LAYOUT, study)(_table("smoke")))
    assert "smoke: not evidence" not in plain[study]


def test_a_metric_that_nobody_scored_leaves_a_note_not_a_crash():
    table = _table()
    nothing = {"value": None, "paper": None}
    rows = [row if row.metric != "stoi" else row.model_copy(update=nothing) for row in table.rows]
    figure = load_layout(LAYOUT, "fig3")(StudyTable("T", "dim", "", "cpu", 1, table.variants, rows))
    assert any("STOI:\nnot scored at this scale" in text for text in _texts(figure))
    figure.draw_without_rendering()


def _rates(variants, paper=True):
    """A table of KAD over measured kbps."""
    rows = [
        Row(variant=name, label=name, setting=None, paper_setting=None, side=side, metric=metric, value=value,
            low=None, high=None, n=10, seeds=1, paper=value if paper else None, paper_where=None, paper_trust=None)
        for place, name in enumerate(variants)
        for side, metric, value in (("reconstruction", "kbps", 5.0 * 2**place), ("generation", "kad", 2.0 - place))
    ]
    return StudyTable("T", "KL target", "nats", "cpu", 1, list(variants), rows)


def test_a_curve_is_drawn_over_what_was_measured_one_line_for_each_group():
    layout = load_layout(REPLICATIONS / "target_kl" / "figures.py", "table2")
    figure = layout(_rates(["kl80", "kl160", "kl320"]))
    assert "not published" in _texts(figure) and "not scored at this scale" in _texts(figure)  # all but KAD
    (ours,) = (axes for axes in figure.axes if axes.get_title() == "KAD")
    assert ours.get_lines()[0].get_xydata().tolist() == [[5, 2], [10, 1], [20, 0]]
    assert ours.get_xlabel() == "ours: Rate (kbps)" and ours.get_xscale() == "log"


def test_a_curve_leaves_out_what_has_no_place_or_no_value():
    table = _rates(["a", "b", "c"], paper=False)
    lost = table.row("b", "reconstruction", "kbps")
    table = replace(table, rows=[row for row in table.rows if row is not lost])
    figure = curve_figure(table, [("generation", "kad")], ("reconstruction", "kbps"), {"one": ["a", "b"], "two": ["c"]})
    ours, paper = figure.axes
    assert [line.get_xydata().tolist() for line in ours.get_lines()] == [[[5, 2]], [[20, 0]]]
    assert not paper.get_xticks().size and [text.get_text() for text in figure.legends[0].get_texts()] == ["one", "two"]


def test_a_line_that_repeats_another_is_not_drawn_and_the_legend_tells_lines_apart():
    table = _rates(["a", "b", "c"], paper=False)
    lines = {"one": ["a", "b"], "same": ["b"]}
    figure = curve_figure(table, [("generation", "kad")], ("reconstruction", "kbps"), lines)
    assert len(figure.axes[0].get_lines()) == 1
    one, two = figure.legends[0].get_lines()
    assert one.get_linestyle() != two.get_linestyle() and one.get_marker() != two.get_marker()


def _exposure(variants, seeds=1, clips=(40, 30, 20, 12, 6)):
    """A table with curves: free-running grows by a tenth of the variant's place, teacher-forced stays at 0.1."""
    table = _rates(variants)
    place, counts = np.arange(1.0, len(clips) + 1), np.array(clips, dtype=float)
    for index, variant in enumerate(variants, start=1):
        forced, free = np.full(len(place), 0.1), 0.1 + 0.1 * index * place
        curves = [Curve(0.2 * place, forced, free + 0.05 * seed, counts, counts) for seed in range(seeds)]
        table.latents.setdefault("exposure_bias", {})[variant] = curves
    return table


def test_exposure_is_drawn_over_time_until_few_clips_are_left(tmp_path):
    figure = exposure_bias_figure(_exposure(["dim64", "dim256", "dim128"], seeds=2))
    assert [axes.get_title() for axes in figure.axes] == ["dim64", "dim256", "dim128"]
    forced, free, *seeds = figure.axes[1].get_lines()
    np.testing.assert_allclose(forced.get_xydata(), [[0.2, 0.1], [0.4, 0.1], [0.6, 0.1], [0.8, 0.1]])
    np.testing.assert_allclose(free.get_ydata(), 0.125 + 0.2 * np.arange(1, 5))
    assert len(seeds) == 4 and len({axes.get_ylim() for axes in figure.axes}) == 1
    assert "cut where fewer than 10 clips last so long" in _texts(figure)
    written = []
    for name in ("one", "two"):
        save_figure(exposure_bias_figure(_exposure(["dim64"])), tmp_path / f"{name}.pdf", tmp_path / f"{name}.png")
        written.append((tmp_path / f"{name}.pdf").read_bytes())
    assert written[0] == written[1]


def test_exposure_has_four_panels_in_a_row_and_none_for_a_variant_without():
    figure = exposure_bias_figure(_exposure(["a", "b", "c", "d", "e"]))
    tops = [round(axes.get_subplotspec().rowspan.start) for axes in figure.axes]
    assert tops == [0, 0, 0, 0, 1]
    table = _exposure(["a", "b"])
    del table.latents["exposure_bias"]["b"]
    assert [axes.get_title() for axes in exposure_bias_figure(table).axes] == ["a"]
    with pytest.raises(ValueError, match="no variant of this study asks for exposure_bias"):
        exposure_bias_figure(_table())


def test_exposure_of_few_clips_leaves_a_note():
    assert "fewer than 10 clips" in _texts(exposure_bias_figure(_exposure(["a"], clips=(8, 4))))


def _compactness(folder, variants, seeds=1):
    table = _rates(variants)
    for place, variant in enumerate(variants):
        paths = [folder / variant / str(seed) / "compactness.csv" for seed in range(seeds)]
        for seed, path in enumerate(paths):
            write_compactness(path, [4, 8, 8 + 4 * place, 8 + 4 * place + 2 * seed], border=20)
        table.latents.setdefault("compactness", {})[variant] = [read_compactness(path) for path in paths]
    return table


def test_compactness_has_a_panel_a_variant_a_line_a_fidelity_and_the_border_of_the_stages(tmp_path):
    figure = compactness_figure(_compactness(tmp_path, ["frozen", "free"]))
    assert [axes.get_title() for axes in figure.axes] == ["frozen", "free"]
    *lines, border = figure.axes[1].get_lines()
    # The paper's rule; of the made-up one each fidelity takes one more than the one before it, 0.80 `dims`.
    expected = [[dims + more for dims in (4, 8, 12, 12)] for more in (3, 2, 1, 0)]
    assert [line.get_ydata().tolist() for line in lines] == expected
    assert lines[0].get_xdata().tolist() == [10, 20, 30, 40] and list(border.get_xdata()) == [20, 20]
    assert len(figure.axes[1].collections) == 4  # an interval each
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [f"f = 0.{n}" for n in (99, 95, 90, 80)]
    assert len({line.get_linestyle() for line in lines}) == 4


def test_compactness_of_seeds_is_their_mean_and_the_same_bytes_twice(tmp_path):
    table = _compactness(tmp_path, ["frozen"], seeds=2)
    mean, *_ = figure_lines = compactness_figure(table).axes[0].get_lines()
    assert mean.get_ydata().tolist() == [7, 11, 11, 12] and len(figure_lines) == 4 + 8 + 1
    for name in ("one", "two"):
        save_figure(compactness_figure(table), tmp_path / f"{name}.pdf", tmp_path / f"{name}.png")
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()
    with pytest.raises(ValueError, match="no variant of this study asks for compactness"):
        compactness_figure(_table())


def _levels(names, percents):
    """A table of two variants whose values at a level are the variant's place and what is missing to 100 percent."""
    table = _rates(["a", "b"])
    shown = {"setting": None, "paper_setting": None, "n": 3, "seeds": 1, "paper": None, "paper_where": None,
             "paper_trust": None}  # fmt: skip
    for place, variant in enumerate(table.variants):
        for name in names:
            for percent in percents:
                value = 1 + place - percent / 100
                row = Row(variant=variant, label=variant.upper(), side="reconstruction", metric=f"{name}{percent}",
                          value=value, low=value - 0.1, high=value + 0.1, **shown)  # fmt: skip
                table.rows.append(row)
    return table


def test_truncation_is_drawn_over_fidelity_a_line_a_variant():
    table = _levels(("spectral", "mel"), (80, 85, 90, 95, 99, 100))
    figure = truncation_figure(table)
    assert [axes.get_title() for axes in figure.axes] == ["Spectral distance", "Mel distance"]
    _, line = figure.axes[0].get_lines()
    np.testing.assert_allclose(line.get_xdata(), [0.8, 0.85, 0.9, 0.95, 0.99, 1])
    np.testing.assert_allclose(line.get_ydata(), [1.2, 1.15, 1.1, 1.05, 1.01, 1])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["A", "B"]
    figure.draw_without_rendering()
    with pytest.raises(ValueError, match="no variant of this study asks for truncation"):
        truncation_figure(_table())


def test_noise_is_drawn_over_its_level_with_pesq_where_there_is_any():
    levels = (0, 5, 10, 20, 40, 80)
    speech = latent_noise_figure(_levels(("noise_lsd", "noise_mel", "noise_pesq"), levels))
    assert [axes.get_title() for axes in speech.axes] == ["LSD", "PESQ"]
    music = latent_noise_figure(_levels(("noise_lsd", "noise_mel"), levels))
    assert [axes.get_title() for axes in music.axes] == ["LSD", "Mel distance"]
    _, line = music.axes[1].get_lines()
    np.testing.assert_allclose(line.get_xdata(), [0, 0.05, 0.1, 0.2, 0.4, 0.8])
    np.testing.assert_allclose(line.get_ydata(), [2, 1.95, 1.9, 1.8, 1.6, 1.2])
    assert len(music.axes[1].collections) == 2  # an interval each
    assert [text.get_text() for text in music.legends[0].get_texts()] == ["A", "B"]
    speech.draw_without_rendering()
    with pytest.raises(ValueError, match="no variant of this study asks for noise"):
        latent_noise_figure(_table())
