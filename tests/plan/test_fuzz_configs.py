"""No damaged config passes, and none ends in a traceback: a few cases of `fuzz_configs`, one of each kind."""

from tests.plan.fuzz_configs import HARMLESS, KINDS, REFUSED, run_cases


def test_what_is_wrong_is_refused_by_name():
    ours = [each for each in run_cases(len(KINDS), seed=5) if each.ending not in (REFUSED, HARMLESS)]
    assert not ours, "\n".join(f"{each.ending}: {each.source}: {each.mutation.what}\n{each.text}" for each in ours)
