"""What is best by `metric` in reconstruction is not best by `against` in generation."""

from typing import TYPE_CHECKING

from shared.statistics.catalogue import STATISTICS
from shared.statistics.inference import Outcome, all_of, any_of
from shared.statistics.relations.base import Cells, Measured, Need, Relation, given, what
from shared.statistics.words import show

if TYPE_CHECKING:
    from shared.statistics.claims import Claim


class RanksDisagree(Relation):
    """The margin is how much better the best other variant generates than the one that reconstructs best."""

    name = "ranks_disagree"
    both_sides = True

    def needs(self, claim: "Claim") -> list[Need]:
        """See `Relation`."""
        return [("reconstruction", claim.metric), ("generation", given(claim.against))]

    def test(self, claim: "Claim", measured: list[Measured]) -> Outcome:
        """See `Relation`.

        The reconstructor that looks best must be better than each other one, tested as if it had been named beforehand:
        that a given one wrongly comes out best is as rare as the level says, and that any does, no more than twice that
        (Gutmann & Maymin 1987).
        """
        reconstruction, generation = measured
        best = reconstruction.best()
        others = [place for place in range(len(reconstruction)) if place != best]
        known = all_of(reconstruction.better(best, place).above() for place in others)
        ahead = [generation.better(place, best) for place in others]
        return Outcome(
            all_of([known, any_of([each.above() for each in ahead])]),
            all_of([known, all_of(each.below() for each in ahead)]),
            max(ahead, key=lambda each: each.estimate),
        )

    def sentence(self, claim: "Claim", cells: Cells) -> str:
        best = {}
        for need in self.needs(claim):
            sign = 1 if STATISTICS[need[1]].higher_is_better else -1
            rows = [cells[(name, *need)] for name in claim.variants]
            values = [sign * row.value for row in rows]
            best[need] = rows[values.index(max(values))]
        (first, reconstructs), (second, generates) = best.items()
        value = show(STATISTICS[second[1]], cells[(reconstructs.variant, *second)].value)
        text = f"{what(first)} is best on {reconstructs.label} ({show(STATISTICS[first[1]], reconstructs.value)})"
        if reconstructs.variant == generates.variant:
            return f"{text}, and so is {what(second)} ({value})"
        better = show(STATISTICS[second[1]], generates.value)
        return f"{text}, {what(second)} on {generates.label} ({better} against {value})"
