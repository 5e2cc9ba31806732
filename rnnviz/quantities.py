"""What one pass measures: the name, the symbol, the dimensions and the unit of every variable in a Trace."""

from __future__ import annotations

from typing import NamedTuple


class Quantity(NamedTuple):
    """A measured variable. `symbol` is Unicode with <sub>, <sup> and <i>, which figures and pages both show."""

    symbol: str
    dims: tuple[str, ...]
    unit: str = "1"


STATES = ("layer", "time", "example", "unit")

# `time` counts t = 1 … T; ℓ is the loss of one example, L = mean of ℓ over the batch.
QUANTITIES = {
    "input": Quantity("<i>x</i><sub>t</sub>", ("time", "example", "feature")),
    "hidden_state": Quantity("<i>h</i><sub>t</sub>", STATES),
    "cell_state": Quantity("<i>c</i><sub>t</sub>", STATES),
    "gate": Quantity("gate", ("layer", "time", "gate_name", "example", "unit")),
    "activation_slope": Quantity("φ′(<i>a</i><sub>t</sub>)", STATES),
    "loss": Quantity("ℓ<sub>t</sub>", ("time", "example")),
    "hidden_state_grad": Quantity("∂ℓ/∂<i>h</i><sub>t</sub>", STATES),
    "cell_state_grad": Quantity("∂ℓ/∂<i>c</i><sub>t</sub>", STATES),
    "input_grad": Quantity("∂ℓ/∂<i>x</i><sub>t</sub>", ("time", "example", "feature")),
    "state_grad_log10_norm": Quantity("log₁₀ ‖∂ℓ/∂<i>s</i><sub>t</sub>‖", ("time", "example"), "decade"),
    "hidden_state_grad_log10_norm": Quantity(
        "log₁₀ ‖∂ℓ/∂<i>h</i><sub>t</sub>‖", ("layer", "time", "example"), "decade"
    ),
    "cell_state_grad_log10_norm": Quantity("log₁₀ ‖∂ℓ/∂<i>c</i><sub>t</sub>‖", ("layer", "time", "example"), "decade"),
    "weight_hh_grad_share": Quantity(
        "[∂<i>L</i>/∂<i>W</i><sub>hh</sub>]<sub>t</sub>", ("layer", "time", "row", "unit")
    ),
    "weight_ih_grad_share": Quantity("[∂<i>L</i>/∂<i>W</i><sub>ih</sub>]<sub>t</sub>", ("time", "row", "feature")),
    "jacobian": Quantity("∂<i>s</i><sub>t</sub>/∂<i>s</i><sub>t−1</sub>", ("time", "state", "state_before")),
    "jacobian_product": Quantity("∂<i>s</i><sub>T</sub>/∂<i>s</i><sub>t</sub>", ("lag", "state", "state_before")),
    "jacobian_product_log10_scale": Quantity("log₁₀ scale", ("lag",), "decade"),
    "itemised_log10_norm": Quantity("log₁₀ ‖∂ℓ<sub>t</sub>/∂<i>s</i><sub>k</sub>‖", ("loss_time", "time"), "decade"),
    "truncated_gradient": Quantity("‖<i>g</i><sub>τ</sub> − <i>g</i>‖ / ‖<i>g</i>‖", ("measure", "truncation")),
    "tangent_growth": Quantity("ln <i>R</i><sub>ii</sub>", ("window", "exponent"), "neper"),
    "weight_hh": Quantity("<i>W</i><sub>hh</sub>", ("layer", "row", "unit")),
}
