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
    "tangent_growth": Quantity("ln <i>R</i><sub>ii</sub>", ("window", "exponent"), "Benettin et al. (1980)", "neper"),
    "weight_hh": Quantity("<i>W</i><sub>hh</sub>", ("layer", "row", "unit"), TORCH),
    "bias_ih": Quantity("<i>b</i><sub>ih</sub>", ("layer", "row"), TORCH),
    "bias_hh": Quantity("<i>b</i><sub>hh</sub>", ("layer", "row"), TORCH),
    # Of one example, as the Jacobians are; x_t of a higher layer is the hidden state of the layer below.
    "input_sum": Quantity("<i>W</i><sub>ih</sub> <i>x</i><sub>t</sub>", ("layer", "time", "row"), TORCH),
}
