"""Series with a hidden state, and the best that any forecast of them can do: the Kalman filter's variances.

s_t = A s_{t−1} + w_t,  w ~ N(0, Q);      x_t = C s_t + v_t,  v ~ N(0, R);      var(x_t) = 1 at every t
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
import torch

Process = Literal["ar2", "wave", "level"]


class StateSpace(NamedTuple):
    transition: np.ndarray  # A, (state, state_before)
    of_state: np.ndarray  # Q, (state, state)
    seen: np.ndarray  # C, (state,)
    of_value: float  # R

    @property
    def stationary(self) -> np.ndarray:
        """P with P = A P Aᵀ + Q: what is known of the state before anything was seen."""
        size = len(self.seen)
        flat = np.linalg.solve(np.eye(size**2) - np.kron(self.transition, self.transition), self.of_state.ravel())
        return flat.reshape(size, size)

    def variance(self, state: np.ndarray) -> float:
        """Of x, where `state` is the covariance of s."""
        return float(self.seen @ state @ self.seen + self.of_value)

    def after(self, state: np.ndarray) -> np.ndarray:
        """The covariance of s one step later."""
        return self.transition @ state @ self.transition.T + self.of_state

    def read(self, state: np.ndarray) -> np.ndarray:
        """The covariance of s once x of the same step is known.  Source: Kalman (1960)."""
        with_value = state @ self.seen
        return state - np.outer(with_value, with_value) / self.variance(state)


def process(kind: Process) -> StateSpace:
    """Each has variance 1.

    ar2    x_t = 1.7 cos(2π/12) x_{t−1} − 0.85² x_{t−2} + ε_t: two values say all there is to know
    wave   a rotation by 2π/12 per step that forgets 1 %, seen through noise of variance 0.3: no number of values says all
    level  a level that forgets 3 % per step, seen through noise of variance ½
    """
    match kind:
        case "ar2":
            one, two = 1.7 * math.cos(2 * math.pi / 12), -(0.85**2)
            model = StateSpace(np.array([[one, two], [1.0, 0.0]]), np.diag([1.0, 0.0]), np.array([1.0, 0.0]), 0.0)
            return model._replace(of_state=model.of_state / model.variance(model.stationary))
        case "wave":
            angle, kept, noise = 2 * math.pi / 12, 0.99, 0.3
            turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
            return StateSpace(kept * turn, (1 - kept**2) * (1 - noise) * np.eye(2), np.array([1.0, 0.0]), noise)
    return StateSpace(np.array([[0.97]]), np.array([[(1 - 0.97**2) / 2]]), np.array([1.0]), 0.5)


def drawn(model: StateSpace, examples: int, length: int, source: torch.Generator) -> np.ndarray:
    """x of so many independent series that begin in the stationary state, (example, time)."""
    size = len(model.seen)
    noise = torch.randn(examples, length, size + 1, generator=source, dtype=torch.float64).numpy()
    state = noise[:, 0, :size] @ root(model.stationary).T
    values = np.empty((examples, length))
    for t in range(length):
        if t:
            state = state @ model.transition.T + noise[:, t, :size] @ root(model.of_state).T
        values[:, t] = state @ model.seen + math.sqrt(model.of_value) * noise[:, t, size]
    return values


def root(covariance: np.ndarray) -> np.ndarray:
    """M with M Mᵀ = covariance, which may be singular."""
    values, vectors = np.linalg.eigh(covariance)
    return vectors * np.sqrt(np.maximum(values, 0))


def best_errors(model: StateSpace, length: int) -> np.ndarray:
    """The least possible mean squared error of x_t given all of x_1 … x_{t−1}, (time,), for t = 1 … `length`."""
    state, errors = model.stationary, []
    for _ in range(length):
        errors.append(model.variance(state))
        state = model.after(model.read(state))
    return np.array(errors)


def best_ahead(model: StateSpace, most: int) -> np.ndarray:
    """The least possible error of x_{t+k} given all up to x_t, (ahead,), for k = 1 … `most`, long after the start."""
    state = model.stationary
    for _ in range(500):  # the covariance has long settled
        state = model.after(model.read(state))
    errors = []
    for _ in range(most):
        errors.append(model.variance(state))
        state = model.after(state)
    return np.array(errors)
