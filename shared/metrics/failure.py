"""How a metric says that it has no value for a clip."""


class NotMeasured(Exception):
    """A metric is undefined for this clip; the message is the reason, written beside the missing value.

    Only this error becomes NaN in a score table. Whatever else goes wrong is a defect and stops the job.
    """
