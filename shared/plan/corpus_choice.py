"""`--config corpus=…`: the user's recordings, or a public data set, take the place of the studies' own corpora."""

from pathlib import Path
from typing import Any

from shared.config import SettingError, digest
from shared.corpora.hub import KNOWN
from shared.metrics.base import metrics


def corpus_override(corpus: str | None, max_rejected: float | None = None) -> dict[str, Any] | None:
    """`--config corpus=… max_rejected=…`: an existing path is a folder of the user's audio, anything else a
    public data set's name; of either that share of clips may be unusable.

    Raises:
        ConfigError: it is neither; or only `max_rejected` is given.
    """
    if corpus is None:
        if max_rejected is not None:
            raise SettingError("max_rejected: the corpora made here reject nothing; give it with corpus=")
        return None
    limit = {} if max_rejected is None else {"max_rejected": max_rejected}
    path = Path(corpus).expanduser()
    if path.is_dir():
        return {"kind": "folder", "path": str(path), **limit}
    if path.exists() or corpus.startswith((".", "/", "~")):
        raise SettingError(f"corpus: {corpus} is not a folder")
    if "/" not in corpus and corpus.lower() not in KNOWN:
        names = ", ".join(KNOWN)
        raise SettingError(f"corpus: {corpus} is no folder here, none of {names}, and no data set's id (owner/name)")
    return {"kind": "hub", "name": corpus, **limit}


def in_place_of(own: Any, override: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """`override` for a study whose own corpus is `own`: of sounds or music, the texts are captions; stereo stays so.

    What `changes` (in params.yaml) says of the corpus holds for the one that takes its place.
    """
    content = "sound" if own.get("kind") in ("sound", "music") else own.get("content")
    kept = {"content": content, "channels": own.get("channels")}
    return {**override, **{name: value for name, value in kept.items() if value is not None}, **changes}


def without_notes(evaluation: dict[str, Any]) -> dict[str, Any]:
    """An `evaluation` without the metrics that need a piece's notes, which recordings have none of."""
    of_notes = {each.name for each in metrics() if each.needs_notes}
    return {
        name: [metric for metric in value if metric not in of_notes] if isinstance(value, list) else value
        for name, value in evaluation.items()
    }


def label_of(corpus: str) -> str:
    """Part of the name of the folder that the record of a run on `corpus` goes to: another one for each corpus.

    A folder's own name says little (`wavs`), so a hash of where it lies is added.
    """
    path = Path(corpus).expanduser()
    if path.is_dir():
        return f"{slug(path.resolve().name)}-{digest(str(path.resolve()), 6)}"
    return slug(corpus) if slug(corpus) == corpus else f"{slug(corpus)}-{digest(corpus, 6)}"


def slug(text: str) -> str:
    """`text` as part of a file name."""
    return "".join(each if each.isalnum() else "-" for each in text.lower()).strip("-") or "corpus"
