"""What one unit knows, against torch.nn reading the same text with the weights of the file, and NumPy's correlation."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from rnnviz.choice import InvalidParameter
from rnnviz.demonstrations import OneUnit, one_unit
from rnnviz.demonstrations.one_unit import PAGE, READ, SHIPPED, WINDOW
from rnnviz.engine.weights import Network
from rnnviz.experiment import Experiment
from rnnviz.figures.demonstrations.unit_text import COLUMNS, lines_of, small_chart
from rnnviz.tasks.characters import ALPHABET, OTHER, source
from rnnviz.tasks.python_text import features


def cell_states(text: str) -> np.ndarray:
    """c of the shipped network after every character, step by step with torch.nn.LSTMCell."""
    weights = load_file(SHIPPED)
    cell = torch.nn.LSTMCell(97, 128)
    cell.load_state_dict(
        {name.removesuffix("_l0"): value for name, value in weights.items() if not name.endswith("hy")}
    )
    state, found = (torch.zeros(1, 128), torch.zeros(1, 128)), []
    with torch.no_grad():
        for character in text:
            x = torch.zeros(1, 97)
            x[0, ALPHABET.index(character) if character in ALPHABET else OTHER] = 1
            state = cell(x, state)
            found.append(state[1][0])
    return torch.stack(found).double().numpy()


def test_the_unit_and_its_value_are_those_of_torch_and_numpy() -> None:
    data = OneUnit(tracked="comment", excerpt_page=1).compute()
    module = source("textwrap")[:READ]
    states, mark = cell_states(module), features(module)["comment"]
    expected = np.array([np.corrcoef(states[:, unit], mark)[0, 1] for unit in range(128)])
    np.testing.assert_allclose(data["correlation"].sel(tracked="comment"), expected, atol=2e-4)  # float32, 12 000 steps
    unit = int(data["watched_unit"])
    assert unit == int(np.argmax(np.abs(expected)))
    np.testing.assert_allclose(data["value"], states[:PAGE, unit], atol=1e-3)
    assert "".join(data["letter"].values) == module[:PAGE]
    np.testing.assert_array_equal(data["feature"], mark[:PAGE])


def test_the_shipped_network_has_learnt_its_language() -> None:
    """Unigram entropy of Python's source is above 4.5 bits; a network that counts no more than letters would pay that."""
    assert float(OneUnit().compute()["bits"]) < 2.2
    assert float(OneUnit(excerpt="shlex").compute()["bits"]) < 3.2  # never seen


def test_the_command_that_made_the_shipped_network_stands_beside_it() -> None:
    assert one_unit.__doc__
    words = re.findall(r"\b([\w.]+)=(\S+)", one_unit.__doc__)
    assert Network.from_file(SHIPPED).experiment == Experiment.from_flat(dict(words))


def test_typed_text_is_read_instead_with_its_own_lines() -> None:
    data = OneUnit(typed_python="x = 'a'\\ny = 2", tracked="quotes").compute()
    assert "".join(data["letter"].values) == "x = 'a'\ny = 2"
    assert data["feature"].values.tolist() == [0.0] * 4 + [1.0] * 3 + [0.0] * 6
    np.testing.assert_allclose(data["value"], cell_states("x = 'a'\ny = 2")[:, int(data["watched_unit"])], atol=1e-5)
    assert data.sizes["window"] == len("x = 'a'\ny = 2")
    assert OneUnit(typed_python="한").compute().sizes["character"] == 1
    with pytest.raises(InvalidParameter, match="typed_python"):
        OneUnit(typed_python="a\nb")


def test_the_passages_are_where_the_path_is_near() -> None:
    data = OneUnit(upto=300).compute()
    assert "".join(data["passage_letter"].values[0]) == source("textwrap")[13 * PAGE :][300 - WINDOW : 300]
    far = np.sqrt(np.square(data["passage_value"].values - data["passage_value"].values[0]).mean(1))
    np.testing.assert_allclose(data["distance"], far, atol=1e-12)
    assert far[0] == 0 and np.all(np.diff(far[1:]) >= 0) and len(far) == 6


def test_a_network_trained_here_knows_less() -> None:
    here = OneUnit(reader="trained_here", updates=50).compute()
    assert here.sizes["unit"] == 64 and float(here["bits"]) > float(OneUnit().compute()["bits"]) + 0.5


def test_lines_are_the_text_s_own_and_long_ones_go_on_below() -> None:
    rows = lines_of(list("ab\n" + "c" * (COLUMNS + 2)))
    assert [len(row) for row in rows] == [3, COLUMNS, 2] and [k for row in rows for k in row] == list(
        range(COLUMNS + 5)
    )
    assert lines_of(list("a\n")) == [[0, 1]]
    assert small_chart(np.array([-2.0, 0.0, 2.0]), 2.0) == "▁▅█"
