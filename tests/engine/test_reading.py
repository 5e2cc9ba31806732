"""A network as a file, and a text as it reads it, against torch.nn."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file, save_file

from rnnviz.engine.network import draw_parameters
from rnnviz.engine.reading import read
from rnnviz.engine.weights import Network, UnusableWeights
from rnnviz.experiment import Experiment
from rnnviz.tasks.characters import ALPHABET, OTHER

TEXT = "if x:  # 한\n"


def network(cell: str, layers: int = 1) -> Network:
    words = {"task": "characters", "cell": cell, "cell.hidden_size": 7, "cell.layers": layers, "dtype": "float64"}
    experiment = Experiment.from_flat(words)
    return Network(experiment, draw_parameters(experiment))


@pytest.mark.parametrize("layers", [1, 2])
def test_a_text_is_read_as_torch_reads_it(layers):
    made = network("lstm", layers)
    twin = torch.nn.LSTM(97, 7, num_layers=layers, dtype=torch.float64)
    twin.load_state_dict({name: value for name, value in made.parameters.items() if not name.endswith("hy")})
    places = [ALPHABET.index(character) if character in ALPHABET else OTHER for character in TEXT]
    hidden, (_, cell) = twin(torch.eye(97, dtype=torch.float64)[places])
    found = read(made, TEXT)
    torch.testing.assert_close(found.hidden_state, hidden, atol=1e-14, rtol=1e-12)
    torch.testing.assert_close(found.cell_state[-1], cell[-1], atol=1e-14, rtol=1e-12)
    scores = torch.nn.functional.linear(hidden, made.parameters["weight_hy"], made.parameters["bias_hy"])
    torch.testing.assert_close(found.probability, scores.softmax(-1), atol=1e-14, rtol=1e-12)


@pytest.mark.parametrize("cell", ["elman", "gru"])
def test_a_cell_without_cell_state_reads_too(cell):
    found = read(network(cell), TEXT)
    assert found.cell_state is None and found.hidden_state.shape == (len(TEXT), 7)


def test_a_network_comes_back_from_its_file_and_torch_reads_it(tmp_path):
    made, path = network("gru"), tmp_path / "gru.safetensors"
    path.write_bytes(made.to_bytes())
    back = Network.from_file(path)
    assert back.experiment == made.experiment
    assert all(torch.equal(back.parameters[name], value) for name, value in made.parameters.items())
    assert load_file(path).keys() == made.parameters.keys()


def test_other_files_are_refused_in_words(tmp_path):
    path = tmp_path / "other.safetensors"
    path.write_bytes(b"no header here")
    with pytest.raises(UnusableWeights, match="no network"):
        Network.from_file(path)
    save_file({"weight": torch.ones(2)}, path)
    with pytest.raises(UnusableWeights, match="no network"):
        Network.from_file(path)
    made = network("elman")
    path.write_bytes(Network(made.experiment, {**made.parameters, "bias_hy": torch.ones(3)}).to_bytes())
    with pytest.raises(UnusableWeights, match="not those"):
        Network.from_file(path)
    path.write_bytes(made.to_bytes()[:-9])
    with pytest.raises(UnusableWeights, match="no network"):
        Network.from_file(path)
    with pytest.raises(FileNotFoundError):
        Network.from_file(tmp_path / "nowhere.safetensors")
