"""Rows of torch.optim: every optimizer and learning rate scheduler that a script can build from numbers."""

from __future__ import annotations

from functools import cache

from guigrad.ops.signature import rows
from guigrad.ops.spec import OpSpec


@cache
def optimizer_rows() -> tuple[OpSpec, ...]:
    """Constructors of optimizers and schedulers, and the methods of what they make."""
    schedulers = _SCHEDULERS.replace("\n", "\ntorch.optim.lr_scheduler.").removesuffix("torch.optim.lr_scheduler.")
    return tuple(rows(_OPTIMIZERS + schedulers + _METHODS, "optimizer"))


_OPTIMIZERS = """
torch.optim.SGD(params: Tensor[]|any, lr: float|Tensor = 0.001, momentum: float = 0, dampening: float = 0, weight_decay: float|Tensor = 0, nesterov: bool = False, *, maximize: bool = False, foreach: bool? = None, differentiable: bool = False, fused: bool? = None) -> optimizer # Steps against the gradient, with momentum if asked for.
torch.optim.Adam(params: Tensor[]|any, lr: float|Tensor = 0.001, betas: any = [0.9, 0.999], eps: float = 1e-08, weight_decay: float = 0, amsgrad: bool = False, *, foreach: bool? = None, maximize: bool = False, capturable: bool = False, differentiable: bool = False, fused: bool? = None, decoupled_weight_decay: bool = False) -> optimizer # Steps scaled by running moments of the gradient.
torch.optim.AdamW(params: Tensor[]|any, lr: float|Tensor = 0.001, betas: any = [0.9, 0.999], eps: float = 1e-08, weight_decay: float = 0.01, amsgrad: bool = False, *, maximize: bool = False, foreach: bool? = None, capturable: bool = False, differentiable: bool = False, fused: bool? = None) -> optimizer # Adam with weight decay apart from the gradient.
torch.optim.ASGD(params: Tensor[]|any, lr: float|Tensor = 0.01, lambd: float = 0.0001, alpha: float = 0.75, t0: float = 1000000.0, weight_decay: float = 0, foreach: bool? = None, maximize: bool = False, differentiable: bool = False, capturable: bool = False) -> optimizer # Averages the points of SGD.
torch.optim.Adadelta(params: Tensor[]|any, lr: float|Tensor = 1.0, rho: float = 0.9, eps: float = 1e-06, weight_decay: float = 0, foreach: bool? = None, *, capturable: bool = False, maximize: bool = False, differentiable: bool = False) -> optimizer # Steps scaled by running averages of gradients and steps.
torch.optim.Adafactor(params: Tensor[]|any, lr: float|Tensor = 0.01, beta2_decay: float = -0.8, eps: any = [None, 0.001], d: float = 1.0, weight_decay: float = 0.0, *, foreach: bool? = None, maximize: bool = False) -> optimizer # Adam with less memory.
torch.optim.Adagrad(params: Tensor[]|any, lr: float|Tensor = 0.01, lr_decay: float = 0, weight_decay: float = 0, initial_accumulator_value: float = 0, eps: float = 1e-10, foreach: bool? = None, *, maximize: bool = False, differentiable: bool = False, fused: bool? = None) -> optimizer # Steps scaled by the sum of squared gradients.
torch.optim.Adamax(params: Tensor[]|any, lr: float|Tensor = 0.002, betas: any = [0.9, 0.999], eps: float = 1e-08, weight_decay: float = 0, foreach: bool? = None, *, maximize: bool = False, differentiable: bool = False, capturable: bool = False) -> optimizer # Adam with the largest gradient as its scale.
torch.optim.LBFGS(params: Tensor[]|any, lr: float|Tensor = 1, max_iter: int = 20, max_eval: int? = None, tolerance_grad: float = 1e-07, tolerance_change: float = 1e-09, history_size: int = 100, line_search_fn: str? = None) -> optimizer # A quasi-Newton method; its step calls a function for the loss: step(closure).
torch.optim.Muon(params: Tensor[]|any, lr: float = 0.001, weight_decay: float = 0.1, momentum: float = 0.95, nesterov: bool = True, ns_coefficients: any = [3.4445, -4.775, 2.0315], eps: float = 1e-07, ns_steps: int = 5, adjust_lr_fn: str? = None) -> optimizer # Momentum whose steps are made orthogonal.
torch.optim.NAdam(params: Tensor[]|any, lr: float|Tensor = 0.002, betas: any = [0.9, 0.999], eps: float = 1e-08, weight_decay: float = 0, momentum_decay: float = 0.004, decoupled_weight_decay: bool = False, *, foreach: bool? = None, maximize: bool = False, capturable: bool = False, differentiable: bool = False) -> optimizer # Adam with Nesterov's momentum.
torch.optim.RAdam(params: Tensor[]|any, lr: float|Tensor = 0.001, betas: any = [0.9, 0.999], eps: float = 1e-08, weight_decay: float = 0, decoupled_weight_decay: bool = False, *, foreach: bool? = None, maximize: bool = False, capturable: bool = False, differentiable: bool = False) -> optimizer # Adam that waits until its scale can be trusted.
torch.optim.RMSprop(params: Tensor[]|any, lr: float|Tensor = 0.01, alpha: float = 0.99, eps: float = 1e-08, weight_decay: float = 0, momentum: float = 0, centered: bool = False, capturable: bool = False, foreach: bool? = None, maximize: bool = False, differentiable: bool = False) -> optimizer # Steps scaled by a running mean of squared gradients.
torch.optim.Rprop(params: Tensor[]|any, lr: float|Tensor = 0.01, etas: any = [0.5, 1.2], step_sizes: any = [1e-06, 50], *, capturable: bool = False, foreach: bool? = None, maximize: bool = False, differentiable: bool = False) -> optimizer # Steps by the sign of the gradient alone.
torch.optim.SparseAdam(params: Tensor[]|any, lr: float|Tensor = 0.001, betas: any = [0.9, 0.999], eps: float = 1e-08, maximize: bool = False) -> optimizer # Adam for sparse gradients.
"""

_SCHEDULERS = """
StepLR(optimizer: optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> scheduler # Multiplies the rate every few steps.
MultiStepLR(optimizer: optimizer, milestones: int[], gamma: float = 0.1, last_epoch: int = -1) -> scheduler # Multiplies the rate at milestones.
ConstantLR(optimizer: optimizer, factor: float = 0.3333333333333333, total_iters: int = 5, last_epoch: int = -1) -> scheduler # A smaller rate at the start.
LinearLR(optimizer: optimizer, start_factor: float = 0.3333333333333333, end_factor: float = 1.0, total_iters: int = 5, last_epoch: int = -1) -> scheduler # A rate on a straight line.
ExponentialLR(optimizer: optimizer, gamma: float, last_epoch: int = -1) -> scheduler # Multiplies the rate at each step.
PolynomialLR(optimizer: optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> scheduler # A rate that falls as a polynomial.
CosineAnnealingLR(optimizer: optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> scheduler # A rate that falls as a cosine.
CosineAnnealingWarmRestarts(optimizer: optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1) -> scheduler # A cosine that starts again.
CyclicLR(optimizer: optimizer, base_lr: float|float[], max_lr: float|float[], step_size_up: int = 2000, step_size_down: int? = None, mode: str = 'triangular', gamma: float = 1.0, scale_fn: None = None, scale_mode: str = 'cycle', cycle_momentum: bool = True, base_momentum: float = 0.8, max_momentum: float = 0.9, last_epoch: int = -1) -> scheduler # A rate that goes up and down.
OneCycleLR(optimizer: optimizer, max_lr: float|float[], total_steps: int? = None, epochs: int? = None, steps_per_epoch: int? = None, pct_start: float = 0.3, anneal_strategy: str = 'cos', cycle_momentum: bool = True, base_momentum: float|float[] = 0.85, max_momentum: float|float[] = 0.95, div_factor: float = 25.0, final_div_factor: float = 10000.0, three_phase: bool = False, last_epoch: int = -1) -> scheduler # One rise and one fall of the rate.
ReduceLROnPlateau(optimizer: optimizer, mode: str = 'min', factor: float = 0.1, patience: int = 10, threshold: float = 0.0001, threshold_mode: str = 'rel', cooldown: int = 0, min_lr: float|float[] = 0, eps: float = 1e-08) -> scheduler # A smaller rate when the loss stands still.
LambdaLR(optimizer: optimizer, lr_lambda: any, last_epoch: int = -1) -> scheduler # The first rate times a function of the epoch.
MultiplicativeLR(optimizer: optimizer, lr_lambda: any, last_epoch: int = -1) -> scheduler # Multiplies the rate by a function of the epoch.
SequentialLR(optimizer: optimizer, schedulers: any, milestones: int[], last_epoch: int = -1) -> scheduler # Schedulers one after another.
ChainedScheduler(schedulers: any, optimizer: optimizer? = None) -> scheduler # Schedulers all at once.
"""

_METHODS = """
optimizer.step(self: optimizer) -> None ! step # Changes the parameters along their gradients.
optimizer.step(self: optimizer, closure: function) -> any ! step # Calls the function for loss and gradients, as often as it needs.
optimizer.zero_grad(self: optimizer, set_to_none: bool = True) -> None ! zero # Empties the gradients of its parameters.
optimizer.state_dict(self: optimizer) -> dict # Its state as a dict.
optimizer.load_state_dict(self: optimizer, state_dict: dict) -> None ! mutate # Takes a state back.
optimizer.add_param_group(self: optimizer, param_group: dict) -> None ! mutate # Adds parameters with options of their own.
scheduler.step(self: scheduler, metrics = None) -> None ! step # Moves the learning rate on.
scheduler.get_last_lr(self: scheduler) -> list # The learning rates in use.
scheduler.state_dict(self: scheduler) -> dict # Its state as a dict.
scheduler.load_state_dict(self: scheduler, state_dict: dict) -> None ! mutate # Takes a state back.
"""
