"""Recurrent cells. To add one: write its file, name it in CELLS and AnyCell, give it words in both languages."""

from typing import Annotated

from pydantic import Field

from rnnviz.cells.cell import Cell, Parameters, State
from rnnviz.cells.elman import Elman
from rnnviz.cells.gru import GRU
from rnnviz.cells.lstm import LSTM, Chrono, ForgetBias

CELLS = (Elman, LSTM, GRU)
AnyCell = Annotated[Elman | LSTM | GRU, Field(discriminator="kind")]

__all__ = ["CELLS", "GRU", "LSTM", "AnyCell", "Cell", "Chrono", "Elman", "ForgetBias", "Parameters", "State"]
