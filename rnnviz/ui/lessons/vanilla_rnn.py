"""Lesson 6, the vanilla RNN: unrolled over time with the same weights, nested in itself, and in numbers step by step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import Field

from rnnviz.demonstrations import Demonstrated, ForwardPass, WeightSharing
from rnnviz.demonstrations.forward_pass import STEPS
from rnnviz.figures.demonstrations import NestedExpression, ParameterCount, UnrolledNetwork
from rnnviz.figures.demonstrations.unrolled_network import brief, factor, said_vector
from rnnviz.ui.lessons.lesson import Found, Lesson, Numbers, Onward, Part

LATEX = {"tanh": r"\tanh", "sigmoid": r"\sigma", "relu": r"\operatorname{ReLU}", "identity": ""}
UNMOVED = 1e-12  # an effect below this is none


class VanillaRnnLesson(Lesson):
    """One tiny network three times: as a drawing stepped through time, as a nested expression, and as a count of weights."""

    number = 6
    choices = ("one", "last", "later", "every")
    onward = (Onward("equations", {"experiment.cell.activation": "relu"}),)

    kind: Literal["vanilla_rnn"] = Field("vanilla_rnn", repr=False)
    tiny: ForwardPass = ForwardPass()
    unrolled: UnrolledNetwork = UnrolledNetwork()
    nested: NestedExpression = NestedExpression()
    sharing: WeightSharing = WeightSharing()

    def parts(self) -> tuple[Part, ...]:
        return (
            Part(self.tiny, (self.unrolled,), ("unrolled.at", "tiny.first_weight", "tiny.initial_state"), height=540),
            Part(self.tiny, (self.nested,), ("nested.depth", "tiny.activation")),
            Part(self.sharing, (ParameterCount(),), ("sharing.sequence_length", "sharing.hidden_size")),
        )

    def numbers(self, found: Sequence[Found]) -> Numbers:
        """Step `at` in letters and numbers, what a change of W_hh moves, and the three counts."""
        passed, _, counted = found
        assert isinstance(passed, Demonstrated) and isinstance(counted, Demonstrated)
        data, t = passed.data, self.unrolled.at
        counts = counted.data["parameters"].sel(length=self.sharing.sequence_length)
        effects = data["weight_effect"].values
        own, once = int(counts.sel(network="own_weights")), int(counts.sel(network="shared"))
        return {
            "at": t,
            "before": t - 1,
            "was": said_vector(data["hidden_state"].values[t - 1]),
            "now": said_vector(data["hidden_state"].values[t]),
            "output": brief(float(data["output"].values[t - 1])),
            "in_numbers": in_numbers(passed, t),
            **{f"effect_{k + 1}": float(effect) for k, effect in enumerate(effects)},
            "kept": float(data["jacobian_norm"].sel(moment=0)),
            "units": self.sharing.hidden_size,
            "length": self.sharing.sequence_length,
            "shared": f"{once:,}",
            "own": f"{own:,}",
            "connected": f"{int(counts.sel(network='fully_connected')):,}",
        }

    def right(self, numbers: Numbers) -> str:
        moved = [t for t in range(1, STEPS + 1) if float(numbers[f"effect_{t}"]) > UNMOVED]
        known = {(1,): "one", (STEPS,): "last", tuple(range(2, STEPS + 1)): "later"}
        return known.get(tuple(moved), "every")


def in_numbers(passed: Demonstrated, t: int) -> str:
    """h_t = φ(W_xh x_t + W_hh h_{t−1} + b) in LaTeX, with the numbers of step t."""
    data = passed.data
    phi = LATEX[str(passed.demonstration.flat()["activation"])]
    before, now = (column(data["hidden_state"].values[k]) for k in (t - 1, t))
    summed = column(data["preactivation"].values[t - 1])
    read = rf"{column(data['weight_xh'].values)} \cdot {factor(float(data['x'].values[t - 1]))}"
    weights = matrix([[brief(w) for w in row] for row in data["weight_hh"].values])
    return (
        rf"\begin{{aligned}} a_{t} &= {read} \\ &\quad + {weights}{before} \\ &\quad"
        rf" + {column(data['bias'].values)} \approx {summed} \\ "
        rf"h_{t} &= {phi}(a_{t}) \approx {now} \end{{aligned}}"
    )


def column(values: Iterable[float]) -> str:
    return matrix([[brief(float(value))] for value in values])


def matrix(rows: Sequence[Sequence[str]]) -> str:
    cells = r" \\ ".join(" & ".join(row) for row in rows).replace("−", "-")
    return rf"\begin{{bmatrix}} {cells} \end{{bmatrix}}"
