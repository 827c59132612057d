"""torch's texts, each with its kind, one plain sentence of why, and the names of the fixes that ``explain`` can make.

Verbatim from torch 2.13; the patterns match what does not change from case to case. The first that matches counts.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct


class Reason(Struct, frozen=True):
    """One text that torch or Python may say. ``blame`` "read" pins it to the node that is read."""

    pattern: str
    kind: str
    why: str
    fix: str | None = None
    error: str = ""
    blame: str = ""


REASONS: Final = (
    Reason(r"^grad can be implicitly created only for scalar outputs", "autograd",
           "A gradient belongs to one number. For a tensor, backward needs a vector v of the same shape and then computes the VJP with it.",
           "add_v sum_first"),
    Reason(r"^grad can be implicitly created only for real scalar outputs", "autograd",
           "A complex number has no direction of steepest ascent: differentiate its real part or its absolute value, or give a v.", "add_v"),
    Reason(r"Trying to backward through the graph a second time", "autograd",
           "Backward frees what it saved on the way; this part of the graph was used up by the backward before.",
           "retain_graph forward_again"),
    Reason(r"^Mismatch in shape: grad_output", "shape",
           "The vector v has one entry for every entry of the root, so it must have the root's shape.", "add_v"),
    Reason(r"^got \d+ tensors and \d+ gradients", "autograd", "Every root needs a gradient of its own.", "add_v"),
    Reason(r"modified by an inplace operation", "autograd",
           "Backward needs the value that this tensor had when it was used, and an in-place operation has overwritten it since.",
           "clone_first out_of_place"),
    Reason(r"^a leaf Variable that requires grad is being used in an in-place operation", "autograd",
           "Changing a leaf in place would leave its gradient without a meaning; updates of parameters are done without recording.",
           "no_grad clone_first"),
    Reason(r"^a view of a leaf Variable that requires grad is being used in an in-place", "autograd",
           "The view shares the leaf's memory, so this would change the leaf itself.", "no_grad clone_first"),
    Reason(r"is a view and is being modified inplace\. This view is the output of a function that returns multiple views", "autograd",
           "Autograd cannot follow an in-place change of one of several views made at once.", "out_of_place"),
    Reason(r"is a view and (its base or another view of its base has been|is being) modified inplace", "autograd",
           "Autograd cannot follow an in-place change through this view.", "out_of_place"),
    Reason(r"^A view was created in no_grad mode and is being modified inplace with grad mode enabled", "autograd",
           "The view was made without recording and is changed with recording, so it is unclear what shall be recorded.", "no_grad"),
    Reason(r"Output \d+ of \w+ is a view", "autograd", "Autograd cannot follow an in-place change of this view.", "out_of_place"),
    Reason(r"(?i)^only Tensors of floating point( and complex)? dtype can require gradients", "autograd",
           "Only real numbers can change by a little: whole numbers and truth values have no gradient.", "make_float"),
    Reason(r"^you can only change requires_grad flags of leaf variables", "autograd",
           "This tensor was computed from others and follows their flags; detach() gives one that does not require grad.", "detach"),
    Reason(r"does not require grad and does not have a grad_fn", "autograd",
           "Nothing that this was computed from requires grad, so torch has recorded nothing to go back through.", "requires_grad"),
    Reason(r"^One of the differentiated Tensors does not require grad", "autograd",
           "A gradient is asked for a tensor that was not recorded.", "requires_grad"),
    Reason(r"appears to not have been used in the graph", "autograd",
           "The result does not depend on this tensor, so there is no way back to it.", "allow_unused"),
    Reason(r"^can't retain_grad on Tensor that has requires_grad=False", "autograd",
           "No gradient will ever arrive at this tensor, so there is none to keep.", "requires_grad"),
    Reason(r"^attempting to assign a gradient of size", "shape", "A gradient has the shape of its tensor."),
    Reason(r"^attempting to assign a gradient with dtype", "type", "A gradient has the dtype of its tensor.", "cast"),
    Reason(r"^assigned grad (has|expects)", "type", "A gradient has the type, shape and device of its tensor."),
    Reason(r"^Can't call numpy\(\) on Tensor that requires grad", "autograd",
           "NumPy does not record, so gradients would be lost without a word.", "detach"),
    Reason(r"support the deepcopy protocol", "autograd", "A copy of an intermediate would lose its graph.", "detach"),
    Reason(r"^Inference tensors cannot be saved for backward", "autograd",
           "What is made in inference mode can never take part in a backward.", "no_inference clone_first"),
    Reason(r"[Ii]nference tensor", "autograd", "What is made in inference mode can never be recorded later.", "no_inference"),
    Reason(r"is not on the expected device|Expected all tensors to be on the same device|on different devices", "device",
           "All tensors of one operation must lie on the same device.", "same_device"),
    Reason(r"not compiled with (CUDA|XPU|MPS) enabled|No CUDA GPUs|no NVIDIA driver|Invalid device|Expected one of cpu, cuda", "device",
           "This machine, or this build of torch, has no such device."),
    Reason(r"mat1 and mat2 shapes cannot be multiplied|size mismatch, got input|Expected size for first two dimensions of batch2"
           r"|inconsistent tensor size, expected tensor|vector and matrix|must have same reduction dim|1D tensors expected|dot : expected", "shape",
           "In a matrix product the columns of the left must be as many as the rows of the right.", "fit_shapes"),
    Reason(r"^The size of tensor a \(\d+\) must match the size of tensor b", "shape",
           "Shapes are lined up from the right; two sizes fit if they are equal or one of them is 1.", "fit_shapes"),
    Reason(r"^The expanded size of the tensor|^shape mismatch: value tensor|^output with shape .* doesn't match the broadcast shape"
           r"|shape mismatch: indexing tensors|The shape of the mask|not broadcastable|cannot be broadcast|^Attempting to broadcast a dimension", "shape",
           "The shapes cannot be made one by repeating: two sizes fit if they are equal or one of them is 1.", "fit_shapes"),
    Reason(r"^Sizes of tensors must match except in dimension|^stack expects each tensor to be equal size", "shape",
           "The tensors to be joined must have the same sizes in every other dimension.", "fit_shapes"),
    Reason(r"^shape '.*' is invalid for input of size|^cannot reshape tensor|^view size is not compatible|^unflatten", "shape",
           "Another shape must have as many entries, and a view can only be taken where no copying is needed.", "reshape"),
    Reason(r"same dtype|expected scalar type|expected m1 and m2|must have the same dtype|Found dtype \w+ but expected|Index put requires"
           r"|result type \w+ can't be cast|can't be cast to the desired output type|must match", "type",
           "The operation does not mix these dtypes: cast one of them.", "fit_dtypes", "RuntimeError"),
    Reason(r"not implemented for '(\w+)'|Unsupported dtype|can only be of|Can only calculate the mean of floating|could not infer output dtype", "type",
           "torch has no kernel for this dtype; cast the input to a floating point dtype.", "fit_dtypes"),
    Reason(r"expected Long|expected scalar type Long|index is expected to be|tensors used as indices must be|expected target dtype|Expected dtype int", "type",
           "Indices and class numbers are whole numbers: use dtype int64.", "fit_dtypes"),
    Reason(r"^Target -?\d+ is out of bounds", "shape", "The class number is not one of the classes that the scores have."),
    Reason(r"^Dimension out of range|^Dimension specified as|dim.*out of range", "shape",
           "Dimensions count from 0, or from the end with -1."),
    Reason(r"out of bounds for dimension|index \d+ is out of bounds|index out of range|too many indices|invalid index of a 0-dim", "shape",
           "The index lies outside of the tensor."),
    Reason(r"cannot be converted to Scalar|only one element tensors can be converted|only integer tensors of a single element", "shape",
           "Only a tensor with exactly one entry is one number."),
    Reason(r"^Boolean value of Tensor with more than one value is ambiguous", "type",
           "A tensor of many numbers is neither true nor false: use .any() or .all()."),
    Reason(r"can't allocate memory|not enough memory|out of memory|Storage size calculation overflowed|numel: integer multiplication", "memory",
           "The result is larger than this machine's memory."),
    Reason(r"cannot unpack|values to unpack", "type", "The right side has another number of parts than the left side has names."),
    Reason(r"iteration over a 0-d tensor", "shape", "A tensor without dimensions has nothing to go through."),
    Reason(r"'NoneType' (object|and)|and 'NoneType'|\*: 'float' and 'NoneType'|argument 'other'.* not NoneType|must be Tensor, not NoneType", "autograd",
           "It is None: a .grad is None until a backward has reached its tensor.", "run_backward"),
    Reason(r"received an invalid combination of arguments|got an unexpected keyword|missing \d+ required|takes .* positional|multiple values for"
           r"|must be .*, not|unexpected keyword", "type", "The operation cannot be called with these arguments."),
    Reason(r"unsupported operand|can only concatenate|not supported between", "type", "Python has no such operation for these types."),
    Reason(r"detected anomaly|returned nan values", "runtime", "A gradient became NaN on the way back."),
    Reason(r"derivative for .* is not implemented|is not differentiable|does not support automatic differentiation", "autograd",
           "torch knows no derivative of this operation."),
)  # fmt: skip
"""Texts of exceptions."""

WARNINGS: Final = (
    Reason(r"^The \.grad attribute of a Tensor that is not a leaf", "warning",
           "Only leaves keep their gradient; of an intermediate it is kept if retain_grad() was called before backward.",
           "retain_grad", blame="read"),
    Reason(r"^Implicit dimension choice", "warning", "It is not said along which dimension the entries shall sum to 1.", "add_dim"),
    Reason(r"^Using a target size", "warning", "The shapes differ, so every entry was compared with many: almost never what is meant."),
    Reason(r"^Using backward\(\) with create_graph=True", "warning",
           "The gradient holds the graph and the graph the gradient: set .grad to None when it is no longer needed."),
    Reason(r"lr_scheduler\.step\(\)", "warning", "The learning rate is changed after the step that uses it."),
    Reason(r"[Cc]asting complex values to real discards the imaginary part", "warning", "The imaginary part is lost here."),
    Reason(r"To copy construct from a tensor", "warning", "torch.tensor copies; clone().detach() says so."),
)  # fmt: skip
"""Texts of warnings."""
