"""A made-up record of one study of LongCat, whole, for tests to take from and to damage."""

import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

from shared.metrics.config import KadConfig
from shared.record.keep_clips import KeptClip, write_mp3
from shared.record.kept import Run
from shared.record.manifest import write_manifest
from shared.record.table import Row, to_csv
from shared.statistics.claims import Verdict
from shared.statistics.study import StudiedVariant, StudySpec

SOURCE, STUDY = "longcat", "fig3"
VARIANTS = {"dim64": 0.04, "dim128": 0.05, "dim256": 0.18}
RATE = 16000


def row(variant: str, value: float | None, side: str = "generation", metric: str = "wer", **changes) -> Row:
    """A row of a table."""
    ends = {"low": None, "high": None} if value is None else {"low": value * 0.9, "high": value * 1.1}
    rest = {"label": variant.removeprefix("dim"), "setting": "8", "paper_setting": "64", "n": 4, "seeds": 1}
    told = {"paper": None, "paper_where": None, "paper_trust": None}
    return Row(variant=variant, side=side, metric=metric, value=value, **{**rest, **ends, **told, **changes})


P = {"reproduced": (0.001, 0.999), "contradicted": (0.999, 0.001), "inconclusive": (0.4, 0.6)}


def verdict(identity: str, said: str, margin: float | None = None, **changes) -> Verdict:
    """A verdict, of a test with two runs or of a pilot with one."""
    tested = said in P
    ends = {"low": margin - 0.05, "high": margin + 0.05} if tested else {"low": None, "high": None}
    of_test = dict(zip(("holds", "fails"), P.get(said, (None, None)), strict=True)) | {"look": None}
    rest = {"scale": None if margin is None else "points", "seeds": 2 if tested else 1, "clips": 4, "origin": "paper"}
    told = {"primary": False, "reason": "", "text": f"claim {identity}", "where": "Figure 3"}
    return Verdict(id=identity, verdict=said, margin=margin, **{**rest, **of_test, **told, **ends, **changes})


def tone(hertz: float, seconds: float = 1.0) -> np.ndarray:
    """`(time,)` at RATE."""
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


def clip(variant: str, side: str | None, name: str = "c0", text: str = "red <fox>") -> KeptClip:
    """An entry of a list of clips."""
    file = f"{variant}_{side}_{name}.mp3"
    seed = None if side is None else 0
    return KeptClip(file=file, variant=variant, label=variant, side=side, seed=seed, id=name, text=text,
                    prefix_seconds=None, seconds=1.0)  # fmt: skip


def png(size: tuple[int, int] = (40, 20)) -> bytes:
    """A picture."""
    file = io.BytesIO()
    Image.new("RGB", size, "white").save(file, "PNG")
    return file.getvalue()


def provenance(seeds: tuple[int, ...] = (0,)) -> dict:
    """A study's provenance, with more in it than the page reads."""
    machine = {"processor": "P1", "cores": 2, "memory_gib": 8.0, "gpu": [], "system": "Linux x86_64", "python": "3.11"}
    origin = {"commit": "c" * 40, "dirty": False, "code_hash": "x", "hardware": machine, "jobs": 3}
    return {
        "source": SOURCE, "study": STUDY, "scale": "cpu", "seeds": list(seeds), "date_utc": "2026-01-02T03:04:05+00:00",
        "commit": "a" * 40, "dirty": True, "config_hash": "other", "corpus_hash": [], "lock_hash": {},
        "hardware": machine, "origins": {"scores": [origin]},
        "job_seconds": {"autoencoder": 3700.0, "scores": 20.0}, "job_seconds_total": 3720.0, "metrics": {},
    }  # fmt: skip


def _spec(scale: str) -> StudySpec:
    """The study, with paths from the source's folder."""
    scores = {name: {0: {"generation": Path(f"scores/{STUDY}/{name}_s0_generation.csv")}} for name in VARIANTS}
    return StudySpec(
        source=SOURCE, study=STUDY, title="made up", paper="Figure 3", axis=None, scale=scale, label=scale, seeds=[0],
        variants=[StudiedVariant(name=name, label=name, scores=each) for name, each in scores.items()],
        ground_truth=None, set_metrics={}, kad=KadConfig(), config_hash="", folder=Path(SOURCE), studies={}, jobs=[],
    )  # fmt: skip


def make_record(results: Path, scale: str = "cpu") -> Path:
    """Write the record; returns the source's folder."""
    folder = results / scale / SOURCE
    audio = folder / "clips" / STUDY
    (folder / "scores" / STUDY).mkdir(parents=True)
    audio.mkdir(parents=True)
    rows = [row(name, value, paper=10 * value, paper_where="Figure 3", paper_trust="primary")
            for name, value in VARIANTS.items()]  # fmt: skip
    verdicts = [
        verdict("fig3_tts_wer", "reproduced", 0.14, primary=True),
        verdict("fig3_vae_utmos", "not testable here", reason="no <utmos>"),
    ]
    (folder / f"{STUDY}.csv").write_text(to_csv(rows, Row))
    (folder / f"{STUDY}_verdicts.csv").write_text(to_csv(verdicts, Verdict))
    (folder / f"{STUDY}_provenance.json").write_text(json.dumps(provenance()))
    (folder / f"{STUDY}_metrics.json").write_text("{}")
    (folder / f"{STUDY}.md").write_text("# made up\n")
    (folder / f"{STUDY}.png").write_bytes(png())
    for name, value in VARIANTS.items():
        lines = [f"c{index},100,{round(100 * value)}," for index in range(4)]
        text = "\n".join(["id,words,word_errors,reason", *lines, ""])
        (folder / f"scores/{STUDY}/{name}_s0_generation.csv").write_text(text)
    (folder / f"{STUDY}_study.json").write_text(_spec(scale).model_dump_json())
    runs = [Run(variant=name, seed=0, side="generation", kind="scores", key=name) for name in VARIANTS]
    (folder / f"{STUDY}_runs.csv").write_text(to_csv(runs, Run))
    clips = [clip("ground_truth", None), *(clip(name, "generation") for name in VARIANTS)]
    for place, each in enumerate(clips):
        write_mp3(audio / each.file, tone(300 + 100 * place), RATE)
    (audio / "clips.csv").write_text(to_csv(clips, KeptClip))
    write_manifest(folder, STUDY)
    return folder
