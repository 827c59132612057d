"""The parts of a script for ``torchrun`` that are the same for every training. See Note [Sharded batches] in run/distributed."""

from __future__ import annotations

HEAD = '''\
"""Trains on several processes:  torchrun --nproc_per_node=2 THIS_FILE   (or: python THIS_FILE, as one process).

Each process computes its rows of every batch; DistributedDataParallel averages the gradients. Parts are weighted so that the average is
the gradient of the whole batch up to rounding, also where rows do not divide evenly. Process 0 prints, writes the losses (--losses, a JSON line
for each step) and at the end the trained leaves (--parameters, safetensors). Needs torch alone.
"""

import argparse
{modules}import ctypes
import json
import os
import sys
import threading
import time

import torch
import torch.distributed as dist
{functional}from torch.nn.parallel import DistributedDataParallel

ddp_options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
ddp_options.add_argument("--losses", default="losses.jsonl", help="where process 0 writes the losses")
ddp_options.add_argument("--parameters", default="parameters.safetensors", help="where process 0 writes the trained leaves")
ddp_options.add_argument("--tied", action="store_true", help="end when standard input is closed: with who started it")
ddp_options = ddp_options.parse_args()
if ddp_options.tied:
    threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(1)), daemon=True).start()
ddp_device = {device}
ddp_backend = "nccl" if ddp_device.type == "cuda" else "gloo"
if ddp_device.type == "cuda":
    torch.cuda.set_device(ddp_device)
    torch.set_default_device(ddp_device)
if "RANK" in os.environ:
    dist.init_process_group(ddp_backend)
else:  # started without torchrun
    dist.init_process_group(ddp_backend, store=dist.HashStore(), rank=0, world_size=1)
ddp_rank, ddp_world = dist.get_rank(), dist.get_world_size()
if ddp_rank:
    print = lambda *_, **__: None  # noqa: E731
'''

UNSEEDED = """\
ddp_seed = torch.tensor(torch.seed() % 2**62)  # the program has no seed: all processes take that of process 0
dist.broadcast(ddp_seed, 0)
torch.manual_seed(int(ddp_seed))
"""

MODULE = '''\
class Forward(torch.nn.Module):
    """The forward part of a round; its parameters are the trained leaves themselves."""

    def __init__(self, *leaves):
        super().__init__()
        self.leaves = torch.nn.ParameterList(leaves)

    def forward(self, {parameters}):
        {leaves} = self.leaves
{body}
        return {loss}


class Distributed:
    """Calls the module with this process's rows of a batch."""

    def __init__(self, module, shared, find_unused_parameters):
        ids = [ddp_device.index] if ddp_device.type == "cuda" else None
        self.module, self.shared = module, shared
        self.model = DistributedDataParallel(module, device_ids=ids, find_unused_parameters=find_unused_parameters)
        self.kind, self.step, self.told = None, 0, 0.0
        self.log = open(ddp_options.losses, "w", encoding="utf-8") if ddp_rank == 0 else None

    def __call__(self, *values):
        """(This process's part of the loss, ready for backward, and the loss of the whole batch.)"""
        count = next((len(v) for v in values[: self.shared] if isinstance(v, torch.Tensor) and v.dim()), 0)
        if count == 0:
            raise SystemExit("a batch is empty")
        start, stop = count * ddp_rank // ddp_world, count * (ddp_rank + 1) // ddp_world
        rows = slice(start, stop) if stop > start else slice(0, 1)  # without rows: one that counts nothing
        mine = [
            v[rows] if n < self.shared and isinstance(v, torch.Tensor) and v.dim() and len(v) == count else v
            for n, v in enumerate(values)
        ]
        share = (stop - start) / count
        if self.kind is None:
            self.kind = self.kind_of_loss(values, mine, share) if ddp_world > 1 else "mean"
        own = self.model(*mine)
        part = own * self.weight(self.kind, share)
        whole = part.detach() / ddp_world
        dist.all_reduce(whole)
        self.write(whole)
        return part, whole

    @staticmethod
    def weight(kind, share):
        """By what the loss of some rows is multiplied so that the average over processes is that of all rows."""
        return share * ddp_world if kind == "mean" else float(share > 0) * ddp_world

    def kind_of_loss(self, values, mine, share):
        """Whether the loss is a mean or a sum over rows: the one whose parts add up to the loss and the gradient of the whole batch."""
        leaves = [leaf for leaf in self.module.leaves if leaf.requires_grad]
        whole = self.module(*values)
        wanted = [whole.detach(), *torch.autograd.grad(whole, leaves, allow_unused=True)]
        own = self.module(*mine)
        parts = [own.detach(), *torch.autograd.grad(own, leaves, allow_unused=True)]
        for kind in ("mean", "sum"):
            good = True
            for part, all_rows in zip(parts, wanted):
                total = torch.zeros_like(all_rows if all_rows is not None else own) if part is None else part * 1.0
                total = total * (self.weight(kind, share) / ddp_world)
                dist.all_reduce(total)
                if all_rows is not None:
                    room = 1e-3 if all_rows.dtype in (torch.float16, torch.bfloat16) else 1e-4
                    size = float(all_rows.abs().max()) if all_rows.numel() else 0.0
                    gap = float((total - all_rows).abs().max()) if all_rows.numel() else 0.0
                    good = good and not gap > room * size + 1e-6
            verdict = torch.tensor(float(good))
            dist.broadcast(verdict, 0)
            if verdict:
                return kind
        dist.destroy_process_group()
        raise SystemExit("the loss of a batch is neither the mean nor the sum of the losses of its rows, so it cannot be shared out")

    def write(self, loss):
        """A line for each step."""
        self.step += 1
        if self.log is not None:
            self.log.write(json.dumps({{"step": self.step, "loss": loss.item()}}) + "\\n")
            if time.monotonic() - self.told > 0.1:
                self.log.flush()
                self.told = time.monotonic()


def save(path, tensors):
    """A safetensors file, written beside the old one and renamed over it."""
    names = {{torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.complex64: "C64"}}
    header, parts, at = {{}}, [], 0
    for name, tensor in tensors.items():
        tensor = tensor.detach().cpu().contiguous()
        if tensor.dtype not in names:
            tensor = torch.view_as_real(tensor) if tensor.is_complex() else tensor.double()
        size = tensor.numel() * tensor.element_size()
        header[name] = {{"dtype": names[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [at, at + size]}}
        parts.append(ctypes.string_at(tensor.data_ptr(), size) if size else b"")
        at += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path + ".part", "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + b"".join(parts))
    os.replace(path + ".part", path)
'''

SET_UP = """\
ddp = Distributed(Forward({leaves}).to(ddp_device), {shared}, {unused})
"""

TAIL = """\
if ddp_rank == 0:
    ddp.log.close()
    save(ddp_options.parameters, {{{names}}})
dist.barrier()
dist.destroy_process_group()
"""
