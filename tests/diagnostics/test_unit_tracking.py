"""How well units follow a feature, against NumPy's own correlation, and where a history is found again."""

from __future__ import annotations

import numpy as np

from rnnviz.diagnostics.unit_tracking import alike, correlations, ranked

GENERATOR = np.random.default_rng(0)


def test_correlations_are_pearson_s():
    states, mark = GENERATOR.standard_normal((50, 3)), GENERATOR.integers(0, 2, 50).astype(float)
    found = correlations(states, {"mark": mark})["mark"]
    np.testing.assert_allclose(found, [np.corrcoef(states[:, unit], mark)[0, 1] for unit in range(3)], rtol=1e-12)


def test_a_unit_that_is_the_feature_comes_first_and_one_that_never_moves_last():
    mark = np.tile([0.0, 1.0, 1.0], 10)
    states = np.stack([np.full(30, 0.5), GENERATOR.standard_normal(30), -mark], 1)
    found = correlations(states, {"mark": mark, "never": np.zeros(30)})
    assert found["mark"][2] == np.float64(-1) or abs(found["mark"][2] + 1) < 1e-12
    assert np.isnan(found["mark"][0]) and np.isnan(found["never"]).all()
    assert list(ranked(found["mark"])) == [2, 1, 0]


def test_the_history_itself_is_found_first_and_places_do_not_overlap():
    path = GENERATOR.standard_normal(200)
    path[120:130] = path[40:50] + 0.01
    found = alike(path, path[40:50], 3)
    assert [start for start, _ in found[:2]] == [40, 120] and found[0][1] == 0
    assert abs(found[1][1] - 0.01) < 1e-12 and found[2][1] > 0.1
    places = sorted(start for start, _ in found)
    assert min(np.diff(places)) >= 10
    assert alike(path[:5], path[40:50], 3) == []
