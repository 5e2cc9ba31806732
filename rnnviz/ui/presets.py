"""Settings worth seeing, good and bad. What to look for in each is in the texts, under `preset.<name>`."""

from __future__ import annotations

from rnnviz.choice import Word

PRESETS: dict[str, dict[str, Word]] = {
    "pytorch": {
        "experiment.initializer": "pytorch_default",
        "experiment.initializer.scale": "natural",
        "experiment.cell.forget_bias": 0.0,
        "update_bias": 0.0,
    },
    "keras": {
        "experiment.initializer": "keras_default",
        "experiment.initializer.scale": "natural",
        "experiment.cell.forget_bias": 1.0,
        "update_bias": 0.0,
    },
    "edge_of_chaos": {
        "experiment.task": "noise",
        "experiment.initializer": "gaussian",
        "experiment.initializer.scale.gain": 1.86,
        "experiment.cell.hidden_size": 64,
        "view.activations": "tanh",
    },
    "irnn": {"experiment.initializer": "identity", "view.activations": "relu"},
    "sigmoid_death": {"experiment.initializer.scale.gain": 2.0, "view.activations": "sigmoid"},
    "relu_explosion": {"experiment.initializer.scale.gain": 2.0, "view.activations": "relu"},
    "forget_0": {"experiment.cell.forget_bias": 0.0, "view.activations": "tanh"},
    "forget_1": {"experiment.cell.forget_bias": 1.0, "view.activations": "tanh"},
    "forget_5": {"experiment.cell.forget_bias": 5.0, "view.activations": "tanh"},
    # The chain of six of which the powers are known: 0.8 I + 0.5 N; without input tanh is linear here.
    "non_normal": {
        "experiment.task": "noise",
        "experiment.task.variance": 0.0,
        "experiment.initializer": "non_normal",
        "experiment.initializer.scale": "spectral_radius",
        "experiment.initializer.scale.spectral_radius": 0.8,
        "experiment.initializer.chain": 0.625,
        "experiment.cell.hidden_size": 6,
        "experiment.cell.forget_bias": 0.0,
        "view.activations": "tanh",
        "view.quantity": "jacobian",
    },
}
