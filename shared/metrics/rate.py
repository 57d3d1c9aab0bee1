"""Rate: the nats and bits a second of a reconstruction's latent, as the job that reconstructed it noted them."""

from shared.metrics.base import Case, Metric
from shared.metrics.failure import NotMeasured
from shared.metrics.statistic import AT_LEAST_0, Statistic


class Rate(Metric):
    """KL divergence of a clip's posterior from the prior, and the rate that this is."""

    name, place = "rate", 100
    columns = ("kl", "kbps")
    statistics = (
        Statistic("kl", "KL (nats/frame)", False, digits=1, place=170, bounds=AT_LEAST_0),
        Statistic("kbps", "Rate (kbps)", False, digits=2, place=180, bounds=AT_LEAST_0),
    )
    stereo = "of the latent of both channels"
    estimator = "KL(posterior || N(0, 1)) of a latent frame, mean over frames; kbps = Hz · KL / ln 2"

    def __call__(self, case: Case) -> tuple[float, float]:
        if case.clip.kl is None or case.clip.kbps is None:
            raise NotMeasured("the clip is not a reconstruction, or its latent has no noise")
        return case.clip.kl, case.clip.kbps
