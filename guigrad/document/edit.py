"""Every edit of a document: ``Edit = Document -> Diff``. An edit that cannot be done raises ``Refused`` with the reason.

Nodes are named by id, or as the code calls them ("t1", "x@1"). Each Diff is one undo step with a label.
"""

from __future__ import annotations

from guigrad.document.clipboard import copy, duplicate, paste
from guigrad.document.draft import Edit, Refused
from guigrad.document.edit_calls import expand_call, make_unique
from guigrad.document.edit_cells import set_cells
from guigrad.document.edit_data import add_data, replace_data, set_leaf_values
from guigrad.document.edit_fixes import (
    add_gradient,
    cast,
    change_op,
    change_regions,
    connect_through,
    insert_at,
    insert_before,
    insert_between,
    out_of_place,
    retain_grad,
    retain_graph,
    set_device,
    set_dtype,
    wrap_region,
)
from guigrad.document.edit_functions import (
    add_result,
    make_function,
    move_port,
    remove_function,
    remove_result,
    remove_unused,
    rename_function,
)
from guigrad.document.edit_layout import (
    add_box,
    add_note,
    arrange,
    collapse,
    edit_frame,
    move,
    place_views,
    set_route,
    set_settings,
    set_slider,
)
from guigrad.document.edit_mute import mute
from guigrad.document.edit_nodes import add_node, extract, insert_on_wire, remove, rename
from guigrad.document.edit_points import add_point, move_point, remove_point, why_fixed
from guigrad.document.edit_program import (
    EFFECTS,
    add_effect,
    chain,
    is_deterministic,
    move_item,
    remove_item,
    set_deterministic,
    wrap,
)
from guigrad.document.edit_remedies import keep_history, leave_region, soft_place, straight_through, zero_before
from guigrad.document.edit_rounds import set_batches, set_scheduler, set_stop
from guigrad.document.edit_training import add_training, set_leaves, set_loss
from guigrad.document.edit_updates import set_clip, set_number, set_optimizer, set_zero
from guigrad.document.edit_values import DEFAULT, set_argument, set_arguments, set_requires_grad, set_value
from guigrad.document.edit_wires import connect, disconnect
from guigrad.document.scope import within
from guigrad.document.shelf import add_call, add_function

__all__ = [
    "DEFAULT",
    "EFFECTS",
    "Edit",
    "Refused",
    "add_box",
    "add_call",
    "add_data",
    "add_effect",
    "add_function",
    "add_gradient",
    "add_node",
    "add_note",
    "add_point",
    "add_result",
    "add_training",
    "arrange",
    "cast",
    "chain",
    "change_op",
    "change_regions",
    "collapse",
    "connect",
    "connect_through",
    "copy",
    "disconnect",
    "duplicate",
    "edit_frame",
    "expand_call",
    "extract",
    "insert_at",
    "insert_before",
    "insert_between",
    "insert_on_wire",
    "is_deterministic",
    "keep_history",
    "leave_region",
    "make_function",
    "make_unique",
    "move",
    "move_item",
    "move_point",
    "move_port",
    "mute",
    "out_of_place",
    "paste",
    "place_views",
    "remove",
    "remove_function",
    "remove_item",
    "remove_point",
    "remove_result",
    "remove_unused",
    "rename",
    "rename_function",
    "replace_data",
    "retain_grad",
    "retain_graph",
    "set_argument",
    "set_arguments",
    "set_batches",
    "set_cells",
    "set_clip",
    "set_deterministic",
    "set_device",
    "set_dtype",
    "set_leaf_values",
    "set_leaves",
    "set_loss",
    "set_number",
    "set_optimizer",
    "set_requires_grad",
    "set_route",
    "set_scheduler",
    "set_settings",
    "set_slider",
    "set_stop",
    "set_value",
    "set_zero",
    "soft_place",
    "straight_through",
    "why_fixed",
    "within",
    "wrap",
    "wrap_region",
    "zero_before",
]
