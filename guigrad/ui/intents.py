"""What every action does: one method an action, called by its id. Each menu's methods are a mix-in of their own."""

from __future__ import annotations

from guigrad.ui.intents_edit import EditMenuIntents
from guigrad.ui.intents_file import FileIntents
from guigrad.ui.intents_functions import FunctionIntents
from guigrad.ui.intents_graph import GraphIntents
from guigrad.ui.intents_run import RunIntents
from guigrad.ui.intents_search import SearchIntents
from guigrad.ui.intents_step import StepIntents
from guigrad.ui.intents_train import TrainIntents
from guigrad.ui.intents_view import ViewIntents
from guigrad.ui.predict import PredictIntents


class Intents(
    FileIntents,
    EditMenuIntents,
    GraphIntents,
    FunctionIntents,
    SearchIntents,
    RunIntents,
    StepIntents,
    TrainIntents,
    PredictIntents,
    ViewIntents,
):
    """The verbs behind menus, buttons and keys. Thread: the GUI thread."""
