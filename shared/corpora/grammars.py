"""Grammars of made-up sentences: one word from each slot, so that every sentence is spoken-word readable."""

import math
import random

# Words of one slot differ in their vowels or in strong consonants; most have one or two syllables.
GRAMMARS: dict[str, tuple[tuple[str, ...], ...]] = {
    name: tuple(tuple(slot.split()) for slot in slots)
    for name, slots in {
        "tiny": ("move hide take drop", "red blue green black", "box lamp key spoon"),
        "command": (
            "move take find show drop lift hide bring",
            "red blue green white black yellow purple orange",
            "box ball key lamp chair spoon ring knife window carpet",
            "near under past above behind from with toward",
            "zero one two three four five six seven eight nine",
        ),
        "large": (
            "the a this that every another my your his our their one",
            "old young tall small happy angry quiet clever brave tired hungry gentle famous lonely careful "
            "proud strange polite nervous honest sleepy curious friendly silent wealthy modest stubborn "
            "cheerful patient foolish",
            "farmer doctor teacher soldier painter driver baker sailor lawyer student writer singer dancer "
            "hunter builder nurse judge king queen child brother sister uncle neighbour captain tailor "
            "butcher pilot waiter gardener engineer musician stranger visitor traveller officer plumber "
            "chemist juggler monk",
            "found took sold bought carried dropped painted washed broke lifted pushed pulled threw caught "
            "hid kept lost moved opened covered cleaned watched noticed wanted borrowed stole mended dragged "
            "followed touched admired ignored described remembered",
            "the a this that every another my your his our their one",
            "red blue green yellow purple orange white black silver golden heavy light wooden metal broken "
            "shiny dirty empty narrow round square wet dry cheap precious ancient modern crooked frozen "
            "dusty hollow smooth sharp enormous",
            "box ball key lamp chair spoon ring knife window carpet table bottle basket hammer ladder mirror "
            "blanket candle pencil letter ticket bicycle barrel kettle pillow guitar violin trumpet helmet "
            "jacket button curtain shovel bucket camera clock engine anchor balloon umbrella compass lantern "
            "puzzle napkin statue feather",
            "near under past above behind beside outside inside against beyond",
            "london paris boston cairo berlin madrid dublin lisbon tokyo vienna",
        ),
    }.items()
}


def count_sentences(grammar: str) -> int:
    """How many different sentences a grammar has."""
    return math.prod(len(slot) for slot in GRAMMARS[grammar])


def draw_sentences(grammar: str, count: int, rng: random.Random) -> list[str]:
    """`count` different sentences in random order; lower case, without punctuation."""
    return [_sentence(grammar, index) for index in rng.sample(range(count_sentences(grammar)), count)]


def _sentence(grammar: str, index: int) -> str:
    words = []
    for slot in GRAMMARS[grammar]:
        index, position = divmod(index, len(slot))
        words.append(slot[position])
    return " ".join(words)
