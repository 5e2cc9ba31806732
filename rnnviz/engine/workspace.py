"""The arrays of a pass that nobody reads any more, for the next pass of the same shape.

To make them, and a view of every step for NumPy, costs a pass at H = 32 a tenth of its time.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from rnnviz.cells import Cell
from rnnviz.cells.kernel import Kernel

ROOM = 64 << 20  # bytes; where a pass needs more, its views are no longer what it costs


class Workspace:
    """One kernel of every kind and layer, the last that was used.

    Who hands a workspace to a pass has copied what he still needs of the pass before.
    """

    def __init__(self) -> None:
        self.kernels: dict[tuple[type[Kernel], int], Kernel] = {}

    def kernel(
        self, kind: type[Kernel], place: int, cell: Cell, parameters: Mapping[str, Tensor], inputs: Tensor
    ) -> Kernel:
        """A kernel with these weights and inputs for the layer at this place, old arrays under new contents if they fit."""
        kept = self.kernels.get((kind, place))
        if kept is not None and kept.fits(cell, inputs):
            kept.load(cell, parameters, inputs)
            return kept
        self.kernels.pop((kind, place), None)
        made = kind(cell, parameters, inputs)
        if made.nbytes + sum(kernel.nbytes for kernel in self.kernels.values()) <= ROOM:
            self.kernels[kind, place] = made
        return made
