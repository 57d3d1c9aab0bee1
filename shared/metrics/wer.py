"""WER and CER: word and character errors of what the evaluator `recogniser` hears of a clip."""

from shared.metrics.base import Case, Metric, Setup
from shared.metrics.error_rate import character_errors, word_errors
from shared.metrics.statistic import AT_LEAST_0, Statistic
from shared.metrics.text import normalise


class WordErrors(Metric):
    """Errors and reference units of a clip; a set's rate is the sum of the errors over that of the units."""

    name, place = "wer", 10
    columns = ("words", "word_errors", "characters", "character_errors", "hypothesis")
    statistics = (
        Statistic(
            "wer", "WER", False, "word_errors", "words", percent=True, place=10, bounds=AT_LEAST_0, analysed="log"
        ),
        Statistic(
            "cer", "CER", False, "character_errors", "characters", percent=True, place=20, bounds=AT_LEAST_0,
            analysed="log",
        ),
    )
    before_text = True
    evaluator = "asr"

    def __init__(self, setup: Setup):
        from shared.evaluators.asr import load_recogniser

        self.model, self.normaliser = load_recogniser(setup.models[self.evaluator]), setup.settings.text
        rate = "corpus rate = sum of errors / sum of words"
        self.estimator = f"errors by jiwer, text normalised as {self.normaliser!r}; {rate}"

    def __call__(self, case: Case) -> tuple[int, int, int, int, str]:
        heard = self.model.transcribe(case.audio, case.sample_rate)
        text, heard = (normalise(each, self.normaliser) for each in (case.clip.text, heard))
        words, characters = word_errors(text, heard), character_errors(text, heard)
        return words.total, words.errors, characters.total, characters.errors, heard
