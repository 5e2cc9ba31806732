"""What one pass measures: name, symbol, dimensions, unit and source of every variable in a Trace."""

from __future__ import annotations

from typing import NamedTuple


class Quantity(NamedTuple):
    """A measured variable. `symbol` is Unicode with <sub>, <sup> and <i>, which figures and pages both show.

    `source` says whose definition it is: a paper's equation, or PyTorch's.
    """

    symbol: str
    dims: tuple[str, ...]
    source: str
    unit: str = "1"

    @property
    def attributes(self) -> dict[str, str]:
        """What a variable of a Dataset says of itself."""
        return {"symbol": self.symbol, "unit": self.unit, "source": self.source}


STATES = ("layer", "time", "example", "unit")
SHARES = ("matrix", "layer", "gate_name", "time")  # of W_hh and of W_ih, by the gate whose rows they are

TORCH = "PyTorch: torch.nn.RNN, LSTM, GRU"
AUTOGRAD = "PyTorch: torch.autograd, the total derivative"
PASCANU = "Pascanu, Mikolov & Bengio (2013), eq. 5"
EQUATION_4 = "Pascanu, Mikolov & Bengio (2013), eq. 4, the term of step t"
WHOLE_STATE = "Pascanu, Mikolov & Bengio (2013), eq. 4, of the state s = (h, c) of all layers"

# `time` counts t = 1 … T; ℓ is the loss of one example, L = mean of ℓ over the batch.
QUANTITIES = {
    "input": Quantity("<i>x</i><sub>t</sub>", ("time", "example", "feature"), TORCH),
    "hidden_state": Quantity("<i>h</i><sub>t</sub>", STATES, TORCH),
    "cell_state": Quantity("<i>c</i><sub>t</sub>", STATES, TORCH),
    "gate": Quantity("gate", ("layer", "time", "gate_name", "example", "unit"), TORCH),
    "activation_slope": Quantity(
        "φ′(<i>a</i><sub>t</sub>)", STATES, "Pascanu, Mikolov & Bengio (2013), diag(σ′) in eq. 5; of the candidate"
    ),
    "pre_activation": Quantity(
        "<i>a</i><sub>t</sub>", STATES, "the argument of φ in PyTorch's equations of torch.nn.RNN, LSTM, GRU"
    ),
    "loss": Quantity("ℓ<sub>t</sub>", ("time", "example"), "PyTorch: torch.nn.MSELoss, CrossEntropyLoss, per example"),
    "hidden_state_grad": Quantity("∂ℓ/∂<i>h</i><sub>t</sub>", STATES, AUTOGRAD),
    "cell_state_grad": Quantity("∂ℓ/∂<i>c</i><sub>t</sub>", STATES, AUTOGRAD),
    "input_grad": Quantity("∂ℓ/∂<i>x</i><sub>t</sub>", ("time", "example", "feature"), AUTOGRAD),
    "state_grad_log10_norm": Quantity("log₁₀ ‖∂ℓ/∂<i>s</i><sub>t</sub>‖", ("time", "example"), WHOLE_STATE, "decade"),
    "hidden_state_grad_log10_norm": Quantity(
        "log₁₀ ‖∂ℓ/∂<i>h</i><sub>t</sub>‖", ("layer", "time", "example"), AUTOGRAD, "decade"
    ),
    "cell_state_grad_log10_norm": Quantity(
        "log₁₀ ‖∂ℓ/∂<i>c</i><sub>t</sub>‖", ("layer", "time", "example"), AUTOGRAD, "decade"
    ),
    # With (h, c) of a layer as coordinates of the whole state: their squares add up to that of ‖∂ℓ/∂s_t‖.
    "layer_state_grad_log10_norm": Quantity(
        "log₁₀ ‖∂ℓ/∂<i>s</i><sub>t</sub>‖ of a layer", ("layer", "time", "example"), AUTOGRAD, "decade"
    ),
    "weight_hh_grad_share": Quantity(
        "[∂<i>L</i>/∂<i>W</i><sub>hh</sub>]<sub>t</sub>",
        ("layer", "time", "row", "unit"),
        EQUATION_4 + "; its sum over t is PyTorch's weight_hh.grad",
    ),
    "weight_ih_grad_share": Quantity(
        "[∂<i>L</i>/∂<i>W</i><sub>ih</sub>]<sub>t</sub>",
        ("time", "row", "feature"),
        EQUATION_4 + "; its sum over t is PyTorch's weight_ih.grad",
    ),
    # x_t of these layers is the hidden state of the layer below, so a column is a unit of that. `layer_above` counts as
    # PyTorch's names do: 1 is weight_ih_l1. A network of one layer has none, and its trace no such variable.
    "weight_ih_grad_share_above": Quantity(
        "[∂<i>L</i>/∂<i>W</i><sub>ih</sub>]<sub>t</sub> of the layers above the first",
        ("layer_above", "time", "row", "unit"),
        EQUATION_4 + "; its sum over t is PyTorch's weight_ih.grad",
    ),
    "weight_grad_share_log10_norm": Quantity("log₁₀ ‖[∂<i>L</i>/∂<i>W</i>]<sub>t</sub>‖", SHARES, EQUATION_4, "decade"),
    "weight_grad_tail_log10_norm": Quantity(
        "log₁₀ ‖Σ<sub>k≥t</sub> [∂<i>L</i>/∂<i>W</i>]<sub>k</sub>‖", SHARES, EQUATION_4, "decade"
    ),
    "weight_grad_share_projection": Quantity(
        "⟨[∂<i>L</i>/∂<i>W</i>]<sub>t</sub>, ∂<i>L</i>/∂<i>W</i>⟩ / ‖∂<i>L</i>/∂<i>W</i>‖²", SHARES, EQUATION_4
    ),
    "jacobian": Quantity("∂<i>s</i><sub>t</sub>/∂<i>s</i><sub>t−1</sub>", ("time", "state", "state_before"), PASCANU),
    "jacobian_product": Quantity(
        "∂<i>s</i><sub>T</sub>/∂<i>s</i><sub>t</sub>", ("lag", "state", "state_before"), PASCANU
    ),
    "jacobian_product_log10_scale": Quantity("log₁₀ scale", ("lag",), PASCANU, "decade"),
    "itemised_log10_norm": Quantity(
        "log₁₀ ‖∂ℓ<sub>t</sub>/∂<i>s</i><sub>k</sub>‖",
        ("loss_time", "time"),
        "Werbos (1990), one loss at a time",
        "decade",
    ),
    "truncated_gradient": Quantity(
        "‖<i>g</i><sub>τ</sub> − <i>g</i>‖ / ‖<i>g</i>‖", ("measure", "truncation"), "Williams & Peng (1990)"
    ),
    # In each of four formats, the adjoint carried without rescaling: what a training in that format would see.
    "rounded_grad_log10_norm": Quantity(
        "log₁₀ ‖∂ℓ/∂<i>s</i><sub>t</sub>‖ as rounded", ("precision", "time", "example"), AUTOGRAD, "decade"
    ),
    "rounded_grad_log10_largest": Quantity(
        "log₁₀ max |∂ℓ/∂<i>s</i><sub>t</sub>| as rounded", ("precision", "time", "example"), AUTOGRAD, "decade"
    ),
    "tangent_growth": Quantity("ln <i>R</i><sub>ii</sub>", ("window", "exponent"), "Benettin et al. (1980)", "neper"),
    "weight_hh": Quantity("<i>W</i><sub>hh</sub>", ("layer", "row", "unit"), TORCH),
    "bias_ih": Quantity("<i>b</i><sub>ih</sub>", ("layer", "row"), TORCH),
    "bias_hh": Quantity("<i>b</i><sub>hh</sub>", ("layer", "row"), TORCH),
    # Of one example, as the Jacobians are; x_t of a higher layer is the hidden state of the layer below.
    "input_sum": Quantity("<i>W</i><sub>ih</sub> <i>x</i><sub>t</sub>", ("layer", "time", "row"), TORCH),
}

# What a training leaves behind. `update` counts 0 … U − 1; what stands there was measured before the update was made.
# `snapshot` is an update of which more was kept. θ are all parameters together, g is ∂L/∂θ, ĝ the same after clipping.
CLIPPING = "PyTorch: torch.nn.utils.clip_grad_norm_, clip_grad_value_"
GATES = ("snapshot", "layer", "gate_name")
TRAINING_QUANTITIES = {
    "loss": Quantity("<i>L</i>", ("update",), "PyTorch: torch.nn.MSELoss, CrossEntropyLoss, mean over the batch"),
    "accuracy": Quantity("accuracy", ("update",), "share of right answers, as the task's score defines them"),
    "learning_rate": Quantity("η", ("update",), "PyTorch: torch.optim.lr_scheduler"),
    "gradient_norm": Quantity("‖<i>g</i>‖", ("update",), CLIPPING),
    "clipped_gradient_norm": Quantity("‖<i>ĝ</i>‖", ("update",), CLIPPING),
    "clipped": Quantity("<i>ĝ</i> ≠ <i>g</i>", ("update",), CLIPPING),
    "direction_change": Quantity("∠(<i>g</i>, <i>ĝ</i>)", ("update",), CLIPPING, "degree"),
    "parameter_gradient_norm": Quantity("‖∂<i>L</i>/∂θ<sub>i</sub>‖", ("update", "parameter"), AUTOGRAD),
    "update_ratio": Quantity(
        "‖Δθ<sub>i</sub>‖/‖θ<sub>i</sub>‖", ("update", "parameter"), "the step that torch.optim takes, over the weights"
    ),
    "gradient_profile": Quantity(
        "log₁₀ ‖∂ℓ/∂<i>s</i><sub>t</sub>‖", ("snapshot", "band", "time"), WHOLE_STATE, "decade"
    ),
    "gate_mean": Quantity("mean gate", GATES, TORCH),
    "gate_saturation": Quantity(
        "saturated share", GATES, "Karpathy, Johnson & Li (2015): a gate below 0.1 or above 0.9"
    ),
    "spectral_radius": Quantity("ρ(<i>W</i><sub>hh</sub>)", GATES, PASCANU),
    "singular_value": Quantity("σ₁(<i>W</i><sub>hh</sub>)", GATES, PASCANU),
    "answer": Quantity(
        "<i>y</i><sub>t</sub>", ("snapshot", "time"), "the readout W_hy h_t + b_hy; a class where it is one"
    ),
    "target": Quantity("<i>y</i><sup>*</sup><sub>t</sub>", ("snapshot", "time"), "the task's"),
}
