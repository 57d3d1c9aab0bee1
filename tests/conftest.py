"""Set-up of all tests: one thread, since tiny tensors on several threads run many times slower."""

import torch

torch.set_num_threads(1)
