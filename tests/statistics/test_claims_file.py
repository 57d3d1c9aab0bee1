"""What claims.yaml may say of control, tolerance, origin and primary, and what is refused when it is read."""

import pytest
import yaml

from shared.config import ConfigError
from shared.statistics.claims import Claim, load_claims

EQUAL = {
    "id": "x", "study": "s", "text": "t", "where": "w", "relation": "within", "metric": "stoi",
    "side": "reconstruction", "tolerance": 0.01, "variants": ["a", "b"], "control": ["a", "c"],
}  # fmt: skip
LESS = {**EQUAL, "relation": "better", "tolerance": None, "control": None}
STAYS = {**EQUAL, "relation": "stays", "against": "pesq"}


def read(tmp_path, *claims) -> list[Claim]:
    path = tmp_path / "claims.yaml"
    path.write_text(yaml.safe_dump({"claims": [{k: v for k, v in each.items() if v is not None} for each in claims]}))
    return load_claims(path, {"s": ["a", "b", "c", "d"]})


WRONG = {
    "no control": ({**EQUAL, "control": None}, "within needs control"),
    "a control": ({**LESS, "control": ["a", "c"]}, "better takes no control"),
    "one variant": ({**EQUAL, "control": ["c"]}, "within needs a control of at least 2 variants"),
    "its own": ({**EQUAL, "control": ["b", "a"]}, "control: the claim itself says that these do not differ"),
    "its own, of one": ({**STAYS, "control": ["b"]}, "control: the claim itself says that these do not differ"),
    "twice": ({**EQUAL, "control": ["c", "c"]}, "claims.0.control: has 'c' twice"),
    "no variant": ({**EQUAL, "control": ["a", "cc"]}, "x: study s has no variant 'cc'"),
    "can't fail": ({**EQUAL, "tolerance": 2.0}, "x: tolerance 2: stoi can't differ by more; it can't fail"),
    "no tolerance": ({**EQUAL, "tolerance": 0}, "claims.0.tolerance: Input should be greater than 0"),
    "whose": ({**LESS, "origin": "theirs"}, "claims.0.origin: Input should be 'paper' or 'ours'"),
    "primary, but ours": ({**LESS, "origin": "ours", "primary": True}, "primary is of the paper's own claims"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_claim_is_one_line(tmp_path, name):
    claim, expected = WRONG[name]
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, claim)
    assert expected in str(caught.value) and len(str(caught.value).splitlines()) == 1


def test_a_source_is_read_for_one_claim(tmp_path):
    with pytest.raises(ConfigError, match="x and y are both primary; a source is read for one"):
        read(tmp_path, {**LESS, "primary": True}, {**LESS, "id": "y", "primary": True})


def test_what_a_claim_says_unless_it_is_told(tmp_path):
    equal, less, stays = read(tmp_path, EQUAL, {**LESS, "id": "y"}, {**STAYS, "id": "z", "control": ["c"]})
    assert (equal.control, less.control, stays.control) == (["a", "c"], None, ["c"])
    assert (less.origin, less.primary) == ("paper", False)


def test_a_share_of_a_setting_has_no_bounds_and_its_control_another_setting(tmp_path):
    hits = {**EQUAL, "relation": "hits_setting", "tolerance": 2.0, "control": ["a", "b"]}
    assert read(tmp_path, hits)[0].tolerance == 2.0
