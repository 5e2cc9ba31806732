"""A network as a file: its weights under PyTorch's names, and the experiment that made them (safetensors)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from rnnviz.choice import InvalidParameter
from rnnviz.engine.network import draw_parameters
from rnnviz.experiment import Experiment

EXPERIMENT = "experiment"  # the entry of the file's header with the flat form of the experiment, as JSON


class UnusableWeights(ValueError):
    """A file that holds no network of ours, or a damaged one."""


class Network(NamedTuple):
    """`parameters` as `draw_parameters` names them; `experiment` says which cell they are of, and how they were made."""

    experiment: Experiment
    parameters: Mapping[str, Tensor]

    def to_bytes(self) -> bytes:
        tensors = {name: value.detach().contiguous() for name, value in self.parameters.items()}
        return save(tensors, {EXPERIMENT: json.dumps(self.experiment.flat(), ensure_ascii=False)})

    @classmethod
    def from_file(cls, path: Path) -> Network:
        """Raises UnusableWeights, which says why, and OSError where there is no file."""
        path.open("rb").close()  # safetensors does not say which error of the system it met
        try:
            with safe_open(path, "pt") as file:
                words = json.loads((file.metadata() or {})[EXPERIMENT])
                network = cls(Experiment.from_flat(words), {name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118  (a file, no mapping)
        except (SafetensorError, KeyError, json.JSONDecodeError) as error:
            raise UnusableWeights(f"{path.name} holds no network of rnnviz: {error}") from None
        except InvalidParameter as error:
            raise UnusableWeights(f"{path.name} is of an experiment that does not exist here: {error}") from None
        expected = {name: value.shape for name, value in draw_parameters(network.experiment).items()}
        found = {name: value.shape for name, value in network.parameters.items()}
        if found != expected:
            raise UnusableWeights(f"the arrays in {path.name} are not those of the network that it names")
        return network
