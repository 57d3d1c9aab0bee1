"""Read what a job saved: tensors, and `model.json` beside weights. Imports no torch.

Where a run folder has a seal, damage is found before this; these readers also serve files without one, and say what
does not fit.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from safetensors import SafetensorError, safe_open

from shared.config import ConfigError, Strict, parse
from shared.files import read_json

if TYPE_CHECKING:
    from torch import Tensor, nn

DESCRIPTION = "model.json"  # beside weights
Saved = TypeVar("Saved", bound=Strict)


def damaged(path: Path, what: str, delete: str = "it") -> ConfigError:
    """The error of a file that is not what its job writes; `delete` says what to remove to have it made anew."""
    return ConfigError(f"{path}: damaged, {what}; delete {delete} and run again, which makes it anew")


def read_tensors(
    path: Path, *names: str, framework: Literal["pt", "numpy"] = "pt", delete: str = "it"
) -> tuple[dict[str, Any], dict[str, str]]:
    """The tensors of a safetensors file, and its metadata.

    Args:
        path: the file.
        names: of the tensors, which are these and no others; without any they may be called anything.
        framework: what the tensors are of.
        delete: see `damaged`.

    Raises:
        ConfigError: the file is missing, cut off, of another format, or of other tensors.
    """
    try:
        with safe_open(path, framework=framework) as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            metadata = file.metadata() or {}
    except FileNotFoundError:
        first = "" if delete == "it" else f"delete {delete} and "
        raise ConfigError(f"{path}: no such file; {first}run again, which makes it anew") from None
    except (OSError, SafetensorError) as error:
        reason = str(error).splitlines()[0]
        raise damaged(path, f"not a whole safetensors file ({reason})", delete) from None
    if names:
        _compare(path, names, tensors, delete)
    return tensors, metadata


def load_weights(path: Path, model: "nn.Module", apart: str | None = None) -> None:
    """Load the weights at `path` into the model that they are of.

    Args:
        path: a safetensors file.
        model: has the shapes.
        apart: begins the names of weights that may be missing, since they come from elsewhere.

    Raises:
        ConfigError: the file is damaged, of another model, or holds weights that are not finite.
    """
    tensors, _ = read_tensors(path)
    expected = model.state_dict()
    needed = [name for name in expected if name in tensors or apart is None or not name.startswith(apart)]
    _compare(path, needed, tensors)
    for name, tensor in tensors.items():
        wanted = expected[name]
        if (tensor.shape, tensor.dtype) != (wanted.shape, wanted.dtype):
            shown = (f"{tuple(each.shape)} {str(each.dtype).removeprefix('torch.')}" for each in (tensor, wanted))
            raise damaged(path, "{} is {} where its model has {}".format(name, *shown))
    check_finite(path, tensors)
    model.load_state_dict(tensors, strict=apart is None)


def check_finite(path: Path, tensors: dict[str, "Tensor"]) -> None:
    """Raises ConfigError where a value of a tensor is NaN or infinite."""
    if name := not_finite(tensors):
        raise damaged(path, f"{name} holds values that are not finite")


def not_finite(tensors: dict[str, "Tensor"]) -> str | None:
    """Name of the first tensor with a value that is NaN or infinite."""
    for name, tensor in tensors.items():
        # Extremes are NaN where a value is: several times as quick as looking at each value.
        if tensor.is_floating_point() and tensor.numel() and not all(each.isfinite() for each in tensor.aminmax()):
            return name
    return None


def check_offsets(path: Path, offsets: "Tensor", frames: int) -> None:
    """Raises ConfigError where `offsets` `(clips + 1,)` does not divide so many frames into clips."""
    whole = offsets.ndim == 1 and len(offsets) > 1 and not offsets.is_floating_point()
    if not whole or offsets[0] != 0 or offsets[-1] != frames or (offsets.diff() < 0).any():
        raise damaged(path, f"its offsets do not divide {frames} frames into clips")


def read_description(weights: Path, kind: type[Saved]) -> Saved:
    """The `model.json` beside `weights`.

    Raises:
        ConfigError: it is missing, is no JSON, or is not of this kind.
    """
    path = Path(weights).with_name(DESCRIPTION)
    try:
        said = read_json(path)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; delete {weights} and run again, which makes it anew") from None
    except (ConfigError, OSError):
        raise damaged(path, "not a JSON file", str(weights)) from None
    try:
        return parse(kind, said, "it")
    except ConfigError as error:
        raise damaged(path, f"not of such a model ({str(error).splitlines()[0]})", str(weights)) from None


def _compare(path: Path, expected: Iterable[str], found: Iterable[str], delete: str = "it") -> None:
    missing, extra = sorted({*expected} - {*found}), sorted({*found} - {*expected})
    if missing or extra:
        parts = (f"{verb} {names[0]!r}{_more(names)}" for verb, names in (("lacks", missing), ("has", extra)) if names)
        raise damaged(path, f"it {' and '.join(parts)}, so it is of something else", delete)


def _more(names: list[str]) -> str:
    return f" and {len(names) - 1} more" if len(names) > 1 else ""
