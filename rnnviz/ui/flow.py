"""What a person can choose about the nine networks, as one record that the pages share, and the study that it means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

from pydantic import Field

from rnnviz.activations import ActivationName
from rnnviz.cells import GRU, LSTM, ForgetBias
from rnnviz.cells.cell import Cell
from rnnviz.choice import Choice, Range, Word
from rnnviz.experiment import Experiment, Study, comparison
from rnnviz.figures import GradientFlow, LayerGradient
from rnnviz.figures.activation_use import PlaceName
from rnnviz.figures.equations import NotationName
from rnnviz.figures.phase_map import ColourName
from rnnviz.figures.shares import BlockName, MatrixName
from rnnviz.figures.units import VariableName
from rnnviz.planes import BASE, PLANES, WHITE_FEATURES, Plane, PlaneName, ResolutionName

ClaimName = Literal["norm", "radius", "weight", "lstm", "gates", "clipping", "relu", "slope", "axis"]


class OneNetwork(Choice):
    """Which network the pages of one network open up, and where in it they look."""

    kind: Literal["network"] = Field("network", repr=False)
    cell: Literal["elman", "lstm", "gru"] = "lstm"
    activation: ActivationName = "tanh"
    layer: Annotated[int, Range(1, 4)] = 1
    example: Annotated[int, Range(1, 256)] = 1
    # In the middle of the page's first sequence: a past before it, a gradient after it, and a line that is seen.
    time: Annotated[int, Range(1, 10_000, symbol="t", unit="time steps")] = 50


class GatesView(Choice):
    """What the page Gates and states shows of the network."""

    kind: Literal["gates"] = Field("gates", repr=False)
    variable: VariableName = "forget_gate"
    order: Literal["time_constant", "unit"] = "time_constant"


class WeightGradientView(Choice):
    """What the page Weight gradient shows of the network."""

    kind: Literal["weights"] = Field("weights", repr=False)
    matrix: MatrixName = "weight_hh"
    block: BlockName = "all"


class ActivationView(Choice):
    """What the page Activation shows of the network."""

    kind: Literal["squashing"] = Field("squashing", repr=False)
    place: PlaceName = "candidate"


class EquationsView(Choice):
    """Of which unit the page Equations writes the numbers, and in which notation."""

    kind: Literal["equations"] = Field("equations", repr=False)
    unit: Annotated[int, Range(1, 512)] = 1
    notation: NotationName = "pytorch"


class BpttView(Choice):
    """Where the page of itemised backpropagation cuts off the past."""

    kind: Literal["bptt"] = Field("bptt", repr=False)
    truncation_length: Annotated[int, Range(1, 10_000, symbol="τ", unit="time steps")] = 20


class MisconceptionsView(Choice):
    """Which claim the page Misconceptions has opened."""

    kind: Literal["misconceptions"] = Field("misconceptions", repr=False)
    claim: ClaimName = "norm"


class LyapunovView(Choice):
    """How long the page Lyapunov exponents follows which networks, and what they hear."""

    kind: Literal["lyapunov"] = Field("lyapunov", repr=False)
    drive: Literal["task", "noise", "silence"] = "task"
    variance: Annotated[float, Range(0.0, 4.0, step=0.05, symbol="s²")] = 1.0
    steps: Annotated[int, Range(30, 10_000, unit="time steps", log=True)] = 2_000
    warm_up: Annotated[int, Range(0, 5_000, unit="time steps", step=100)] = 500
    seeds: Annotated[int, Range(1, 10)] = 5
    untied: bool = False

    def driven(self) -> dict[str, Word]:
        """What the drive changes in an experiment."""
        changes: dict[str, Word] = {"task.sequence_length": self.steps}
        if self.drive == "noise":
            changes |= {"task": "noise", "task.variance": self.variance, "task.features": WHITE_FEATURES}
        if self.drive == "silence":
            changes |= {"task": "impulse"}
        return changes


class PhaseView(Choice):
    """Which plane the page Phase diagram maps, and what its networks have in common: the theory holds for the first map."""

    kind: Literal["phase"] = Field("phase", repr=False)
    plane: PlaneName = "variance"
    colour: ColourName = "exponent"
    resolution: ResolutionName = "medium"
    cell: Literal["elman", "lstm", "gru"] = "elman"
    activation: ActivationName = "tanh"
    initializer: Literal["gaussian", "orthogonal", "glorot", "identity"] = "gaussian"
    hidden_size: Annotated[int, Range(4, 256, symbol="H", unit="units", log=True)] = BASE.cell.hidden_size
    sequence_length: Annotated[int, Range(20, 1_000, symbol="T", unit="time steps", log=True)] = 300
    variance: Annotated[float, Range(0.0, 4.0, step=0.05, symbol="s²")] = 0.25

    @property
    def parameters(self) -> Plane:
        return PLANES[self.plane]

    def network(self) -> OneNetwork:
        """A forget bias is the LSTM's."""
        return OneNetwork(cell="lstm" if self.plane == "forget_bias" else self.cell, activation=self.activation)

    def words(self) -> dict[str, Word]:
        """What all networks of the map change in the experiment; its seed, its biases and its gain stay."""
        return {
            "task": "noise" if self.variance else "impulse", "task.features": WHITE_FEATURES, "loss": "last",
            "task.sequence_length": self.sequence_length, "batch_size": BASE.batch_size,
            "initializer": self.initializer, "initializer.scale": "gain",
            "cell": "lstm", "cell.hidden_size": self.hidden_size, "cell.layers": 1,
            **({"task.variance": self.variance} if self.variance else {}),
        }  # fmt: skip


class GradientFlowPage(Choice):
    """One base experiment for all nine networks, what belongs to the GRU alone, and a view for each page.

    The base carries the LSTM, because it has everything the cells share and the forget bias besides. Both gates start
    well open for the past, which is what a trained network would have learnt: so the page opens with "who survives?".
    """

    kind: Literal["flow"] = Field("flow", repr=False)
    experiment: Experiment = Experiment(cell=LSTM(forget_bias=ForgetBias(value=3.0)))
    update_bias: Annotated[float, Range(-6.0, 10.0, step=0.1)] = 3.0
    reset: Literal["after", "before"] = "after"
    view: GradientFlow = GradientFlow()
    network: OneNetwork = OneNetwork()
    gates: GatesView = GatesView()
    weights: WeightGradientView = WeightGradientView()
    squashing: ActivationView = ActivationView()
    equations: EquationsView = EquationsView()
    layer_gradient: LayerGradient = LayerGradient()
    bptt: BpttView = BpttView()
    lyapunov: LyapunovView = LyapunovView()
    misconceptions: MisconceptionsView = MisconceptionsView()
    phase: PhaseView = PhaseView()

    def study(self) -> Study:
        return self.compared(("sigmoid", "tanh", "relu"))

    def compared(self, activations: Iterable[ActivationName]) -> Study:
        base = self.experiment
        if not isinstance(base.cell, LSTM):  # a link may name another cell; the page compares all of them
            base = base.changed({"cell": "lstm"})
        gru = GRU(update_bias=self.update_bias, reset=self.reset)
        own = {"cell.update_bias": gru.update_bias, "cell.reset": gru.reset}
        return comparison(base, activations, changes={"gru": own})

    def opened(self) -> Study:
        """The one network that the pages of one network open up: one of the study, or the linear one beside it."""
        study, name = self.compared([self.network.activation]), f"{self.network.cell}-{self.network.activation}"
        return Study(base=study.base, variations=tuple(v for v in study.variations if v.name == name))

    def opened_exactly(self) -> Study:
        """The same in float64, for what hangs on the small numbers."""
        study = self.opened()
        return Study(base=study.base.changed({"dtype": "float64"}), variations=study.variations)

    def followed(self) -> Study:
        """The same network on one long sequence, drawn anew with every seed: what Lyapunov exponents are taken from."""
        study, view = self.opened(), self.lyapunov
        alone: dict[str, Word] = {"dtype": "float64", "batch_size": 1, "loss": "last"}
        base, first = study.base.changed(alone | view.driven()), study.base.seed
        (network,) = study.variations
        changes = dict(network.changes)
        return Study.of(base, {f"seed-{k + 1}": changes | {"seed": (first + k) % 2**31} for k in range(view.seeds)})

    def mapped(self) -> Study:
        """All networks of the phase diagram, as variations of its first: it is the same wherever the experiment stands."""
        plane, resolution = self.phase.parameters, self.phase.resolution
        first = plane.words(plane.across.at(resolution)[0], plane.up.at(resolution)[0])
        return plane.study(self.standing(first).one, resolution)

    def standing(self, point: Mapping[str, Word]) -> GradientFlowPage:
        """The same with the experiment of all pages set to one network of the phase diagram; `point` says which."""
        drawn, point = self.phase.network(), dict(point)
        activation = point.pop("cell.activation", drawn.activation)  # the one network's; the nine have each their own
        network = self.network.model_copy(update={"cell": drawn.cell, "activation": activation})
        experiment = self.experiment.changed(self.phase.words()).changed(point)
        return self.model_copy(update={"experiment": experiment, "network": network})

    @property
    def mark(self) -> dict[str, Word] | None:
        """What the experiment of all pages is in the words of the phase diagram, if it is one of its networks, whether or
        not on its grid."""
        place = self.phase.parameters.at(self.one)
        point = None if place is None else self.phase.parameters.words(*place)
        return point if point is not None and self.standing(point).one == self.one else None

    @property
    def one(self) -> Experiment:
        """The experiment of that network."""
        (experiment,) = self.opened().experiments().values()
        return experiment

    @property
    def cell(self) -> Cell:
        return self.one.cell

    @property
    def layer(self) -> int:
        """Counted from 1; a layer above the last means the last."""
        return min(self.network.layer, self.experiment.cell.layers)

    @property
    def example(self) -> int:
        """Counted from 0; an example beyond the last means the last."""
        return min(self.network.example, self.experiment.batch_size) - 1

    @property
    def time(self) -> int:
        """The step of the time cursor, counted from 1; a step beyond the end means the last."""
        return min(self.network.time, self.experiment.task.sequence_length)


START = GradientFlowPage()
