"""What is said or written in validation or test clips only, so that no model learns it from training clips."""

from collections import defaultdict
from collections.abc import Callable, Iterable

from shared.corpora.manifest import Clip, Manifest

SHOWN = 5


def unseen(manifest: Manifest, symbols: Callable[[str], Iterable[str]], what: str) -> str | None:
    """A sentence on the symbols that texts of other splits have and those of the train split lack, if there are any.

    Args:
        manifest: of the corpus.
        symbols: of a text, such as its characters.
        what: the symbols are, in the plural.
    """
    known = {symbol for clip in manifest.split("train") for symbol in symbols(clip.text)}
    clips: dict[str, list[Clip]] = defaultdict(list)
    for clip in manifest.clips:
        for symbol in set(symbols(clip.text)) - known:
            clips[symbol].append(clip)
    if not clips:
        return None
    often = sorted(clips, key=lambda symbol: (-len(clips[symbol]), symbol))
    shown = [f"{each!r} ({_count(clips[each])}, such as {clips[each][0].id})" for each in often[:SHOWN]]
    rest = [f"and {len(often) - SHOWN} more"] if len(often) > SHOWN else []
    return (
        f"{what} that validation or test texts have and no training text, so that nothing is learned of them: "
        f"{len(clips)}, {', '.join(shown + rest)}"
    )


def _count(clips: list[Clip]) -> str:
    return f"{len(clips)} clip{'s' if len(clips) > 1 else ''}"
