"""Between whole tensors, which checkpoints hold, and the shards that each process holds (FSDP)."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.utils._pytree import tree_map


def gather(state: Any, keep: bool) -> Any:
    """`state` with each sharded tensor whole and on the CPU; every process must call it.

    Args:
        state: tensors in dicts and lists.
        keep: whether this process wants the result; the others return None in place of what was sharded.
    """

    def whole(value: Any) -> Any:
        if not isinstance(value, DTensor):
            return value
        tensor = value.full_tensor()
        return tensor.cpu() if keep else None

    return tree_map(whole, state)


def shard_like(value: Tensor, target: Tensor) -> Tensor:
    """`value`, sharded as `target` is, or as it is where `target` is whole."""
    if not isinstance(target, DTensor) or value.shape != target.shape:
        return value
    return distribute_tensor(value.to(target.device), target.device_mesh, target.placements)


def load_weights(module: nn.Module, weights: dict[str, Tensor]) -> None:
    """Load whole `weights` into a module, which may be sharded."""
    now = module.state_dict()
    module.load_state_dict({name: shard_like(value, now[name]) for name, value in weights.items()})


def load_optimizer(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Load an optimiser's whole `state`; its parameters may be sharded."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    moments = {
        index: {name: shard_like(value, parameters[index]) for name, value in of_parameter.items()}
        for index, of_parameter in state["state"].items()
    }
    optimizer.load_state_dict({**state, "state": moments})
