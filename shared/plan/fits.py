"""What a config of its own can't tell, since it depends on the scale: whether the warm-up ends, and memory suffices."""

from typing import Any

from shared.plan.memory import memory_problem, sections
from shared.training.config import TrainingConfig
from shared.training.stages_config import StageConfig

SMOKE = "smoke"  # a scale of so few steps that all of them may be warm-up: it shows that everything connects


def problem_at(config: Any, scale: str) -> str | None:
    """Why a config can't be run at a scale, or None: the field and what is wrong."""
    if scale != SMOKE and (problem := _endless_warmup(config)):
        return problem
    return memory_problem(config, scale)


def _endless_warmup(config: Any) -> str | None:
    for field, section in sections(config, ""):
        if not isinstance(section, TrainingConfig | StageConfig) or section.learning_rate is None:
            continue
        warmup, name = section.learning_rate.warmup, f"{field}.learning_rate.warmup".removeprefix(".")
        if warmup > section.steps:
            return f"{name}: {warmup} steps, and there are {section.steps}"
    return None
