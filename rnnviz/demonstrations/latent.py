"""A latent autoregressive model, trained by the engine: a small recurrent network, with or without the last values beside it.

    h_t = tanh(W_ih x_{t−1} + b_ih + W_hh h_{t−1} + b_hh),   h_0 = 0, x_0 = 0
    x̂_t = W_hy h_t + b_hy + Σ_{k=1}^{τ} a_k x_{t−k}

Without the sum it is the latent model, with it the hybrid: the last τ values as they are, and a latent for the rest.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from rnnviz.cells import Elman
from rnnviz.engine.gradients import Gradients, Pass
from rnnviz.engine.network import draw_parameters
from rnnviz.engine.training import Vector
from rnnviz.experiment import Experiment, LossAtEvery
from rnnviz.optimizers import Adam, CosineDecay
from rnnviz.tasks import Batch, Noise

UPDATES = 300  # each on all sequences
LEARNING_RATE = 0.02
WINDOW = "weight_window"  # a_1 … a_τ, (1, past), beside the engine's parameters


class LatentModel:
    """Its weights, drawn as the engine draws them; `train` fits them, `forecast` and `summary` apply them."""

    def __init__(self, hidden_size: int, past: int, length: int, examples: int, dtype: str = "float32"):
        task = Noise(sequence_length=length)  # of the experiment only cell, loss and shapes are read; data are ours
        cell = Elman(hidden_size=hidden_size)
        batch = min(examples, 256)
        self.experiment = Experiment(task=task, cell=cell, loss=LossAtEvery(), batch_size=batch, dtype=dtype)  # type: ignore[arg-type]
        self.past = past
        drawn = draw_parameters(self.experiment)
        self.weights = Vector({**drawn, WINDOW: torch.zeros(1, past, dtype=drawn["weight_hy"].dtype)})

    @property
    def size(self) -> int:
        """How many weights there are; the two biases of the cell, which only ever act as their sum, count once."""
        return self.weights.vector.numel() - self.experiment.cell.hidden_size

    def made(self, sequences: np.ndarray) -> tuple[Pass, Tensor]:
        """Forward over all sequences (example, time), and the values that the window saw, (time, example, past).

        What the window says is taken from the answers, so what is left is for the network to say: the engine's targets.
        """
        values = torch.as_tensor(sequences.T.copy(), dtype=self.weights.vector.dtype)[..., None]
        late = [torch.cat([values.new_zeros(k, *values.shape[1:]), values[:-k]]) for k in range(1, self.past + 1)]
        seen = torch.cat(late, -1) if late else values[..., :0]
        inputs = torch.cat([values.new_zeros(1, *values.shape[1:]), values[:-1]])
        rest = values - seen @ self.weights.views[WINDOW].T
        return Pass(self.experiment, self.weights.views, Batch(inputs, rest)), seen

    def gradients(self, sequences: np.ndarray) -> tuple[float, Gradients]:
        """L = mean of (x_t − x̂_t)² over steps and sequences, and ∂L/∂θ: the engine's, and Σ_t ∂ℓ_t/∂x̂_t x_{t−k}."""
        made, seen = self.made(sequences)
        of_window = (made.answers.error * seen).mean((0, 1))[None]
        return made.loss, {**made.gradients(), WINDOW: of_window}

    def train(self, sequences: np.ndarray, tick: Callable[[float], None], updates: int = UPDATES) -> None:
        vector, rate = self.weights.vector, CosineDecay()
        optimizer = Adam(learning_rate=LEARNING_RATE).make(vector, 0.0)
        with torch.no_grad():
            for update in range(updates):
                _, found = self.gradients(sequences)
                vector.grad = torch.cat([found[name].flatten() for name in self.weights.views])
                optimizer.param_groups[0]["lr"] = LEARNING_RATE * rate.factor(update, updates)
                optimizer.step()
                tick((update + 1) / updates)

    def errors(self, sequences: np.ndarray) -> np.ndarray:
        """Mean squared error of x̂_t, (time,)."""
        with torch.no_grad():
            return self.made(sequences)[0].answers.loss.mean(1).double().numpy()

    def summary(self, sequences: np.ndarray) -> np.ndarray:
        """h_T, from which the last value is forecast: it has read x_1 … x_{T−1}, (example, unit)."""
        with torch.no_grad():
            return self.made(sequences)[0].layers[-1].hidden[-1].T.double().numpy()
