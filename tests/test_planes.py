"""The axes of a phase diagram: every value comes back from the experiment that it made."""

from __future__ import annotations

import pytest

from rnnviz.engine.budget import check_budget, work_of
from rnnviz.planes import BASE, PLANES
from rnnviz.ui.filling import WORK

every_plane = pytest.mark.parametrize("name", PLANES)


@every_plane
@pytest.mark.parametrize("resolution", ["coarse", "medium", "fine"])
def test_every_network_lies_where_its_name_says(name, resolution):
    plane = PLANES[name]
    study = plane.study(BASE, resolution)
    across, up = plane.across.at(resolution), plane.up.at(resolution)
    experiments = study.experiments()
    assert list(experiments) == [f"{i}-{j}" for j in range(len(up)) for i in range(len(across))]
    if name == "forget_bias":
        assert {one.cell.kind for one in experiments.values()} == {"lstm"}
    for key, one in experiments.items():
        i, j = map(int, key.split("-"))
        assert plane.at(one) == (across[i], up[j])
        assert BASE.changed(plane.words(across[i], up[j])) == one
    assert len({one.key for one in experiments.values()}) == len(across) * len(up)


@every_plane
def test_a_finer_map_holds_the_coarser_one(name):
    for axis in PLANES[name]:
        coarse, medium, fine = (axis.at(resolution) for resolution in ("coarse", "medium", "fine"))
        assert set(coarse) <= set(medium) <= set(fine) and coarse[0] == fine[0] and coarse[-1] == fine[-1]
        places = [axis.place(value) for value in fine]
        assert places == sorted(set(places))
        assert [axis.value(place) for place in places] == list(fine)


@every_plane
@pytest.mark.parametrize("cell", ["elman", "lstm", "gru"])
def test_every_network_may_be_asked_for(name, cell):
    """Else a corner of the map would be refused. Of one part the page asks for as much as WORK at once."""
    for one in PLANES[name].study(BASE.changed({"cell": cell}), "medium").experiments().values():
        check_budget(one)
        assert work_of(one, ()) < WORK


def test_without_input_the_network_is_kicked_once():
    """At rest, a chaotic network would stay for ever, and its exponent be that of the rest: ln ρ(W)."""
    rows = PLANES["variance"].study(BASE, "coarse").experiments()
    assert rows["0-0"].task.kind == "impulse" and rows["0-1"].task.kind == "noise"


def test_an_experiment_without_a_parameter_lies_nowhere():
    assert PLANES["variance"].at(BASE.changed({"task": "adding"})) is None
    assert PLANES["forget_bias"].at(BASE) is None
    assert PLANES["activation"].at(BASE.changed({"initializer.scale": "spectral_radius"})) is None
