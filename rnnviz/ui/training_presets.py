"""Published results, in small: settings of the page Training. What to look for is in the texts, under `replay.<name>`."""

from __future__ import annotations

from rnnviz.choice import Word

REPLAYS: dict[str, dict[str, Word]] = {
    # Pascanu, Mikolov & Bengio (2013), section 4.1: temporal order by plain SGD, with and without clipping by norm.
    "clipping": {
        "experiment.task": "temporal_order",
        "experiment.task.sequence_length": 20,
        "compared": "clippings",
        "experiment.initializer": "orthogonal",
        "experiment.initializer.scale": "gain",
        "experiment.initializer.scale.gain": 1.2,
        "experiment.training.optimizer": "sgd",
        "experiment.training.optimizer.learning_rate": 0.5,
        "experiment.training.clipping.threshold": 0.5,
    },
    # Hochreiter & Schmidhuber (1997), experiment 4: the adding problem, first short, then longer.
    "adding_10": {"experiment.task.sequence_length": 10},
    "adding_40": {"experiment.task.sequence_length": 40, "experiment.training.updates": 1000},
    # Le, Jaitly & Hinton (2015), section 4.1: the adding problem.
    "irnn": {
        "experiment.task.sequence_length": 50,
        "compared": "identity_start",
        "experiment.training.optimizer.learning_rate": 0.002,
    },
    # Gers, Schmidhuber & Cummins (2000); Jozefowicz, Zaremba & Sutskever (2015).
    "forget_bias": {"experiment.task.sequence_length": 50, "compared": "forget_biases"},
}
