"""A field that holds an autoencoder to train, or one that is given, which may have random weights. Imports no torch."""

from typing import Any

from pydantic import BaseModel, BeforeValidator

from shared.autoencoders.adapters.config import AdoptedRecipe

GIVEN = "pretrained"
RANDOM = "random weights"  # what is called so shows that a chain runs, and nothing else


def is_random(recipe: Any) -> bool:
    """Whether an autoencoder is given and has random weights."""
    return isinstance(recipe, AdoptedRecipe) and getattr(recipe.pretrained, "random", None) is not None


def given_or(trained: type[BaseModel]) -> BeforeValidator:
    """For the annotation of a field: what names a `pretrained` model is an `AdoptedRecipe`, all else is `trained`."""

    def choose(value: Any) -> Any:
        if isinstance(value, BaseModel):
            return value
        is_given = isinstance(value, dict) and GIVEN in value
        return (AdoptedRecipe if is_given else trained).model_validate(value)

    return BeforeValidator(choose)
