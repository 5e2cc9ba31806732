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
    "weight_hh": Quantity("<i>W</i><sub>hh</sub>", ("layer", "row", "unit")),
}

# What a training leaves behind. `update` counts 0 … U − 1; what stands there was measured before the update was made.
# `snapshot` is an update of which more was kept. θ are all parameters together, g is ∂L/∂θ, ĝ the same after clipping.
GATES = ("snapshot", "layer", "gate_name")
TRAINING_QUANTITIES = {
    "loss": Quantity("<i>L</i>", ("update",)),
    "accuracy": Quantity("accuracy", ("update",)),
    "learning_rate": Quantity("η", ("update",)),
    "gradient_norm": Quantity("‖<i>g</i>‖", ("update",)),
    "clipped_gradient_norm": Quantity("‖<i>ĝ</i>‖", ("update",)),
    "clipped": Quantity("<i>ĝ</i> ≠ <i>g</i>", ("update",)),
    "direction_change": Quantity("∠(<i>g</i>, <i>ĝ</i>)", ("update",), "degree"),
    "parameter_gradient_norm": Quantity("‖∂<i>L</i>/∂θ<sub>i</sub>‖", ("update", "parameter")),
    "update_ratio": Quantity("‖Δθ<sub>i</sub>‖/‖θ<sub>i</sub>‖", ("update", "parameter")),
    "gradient_profile": Quantity("log₁₀ ‖∂ℓ/∂<i>s</i><sub>t</sub>‖", ("snapshot", "band", "time"), "decade"),
    "gate_mean": Quantity("mean gate", GATES),
    "gate_saturation": Quantity("saturated share", GATES),
    "spectral_radius": Quantity("ρ(<i>W</i><sub>hh</sub>)", GATES),
    "singular_value": Quantity("σ₁(<i>W</i><sub>hh</sub>)", GATES),
    "answer": Quantity("<i>y</i><sub>t</sub>", ("snapshot", "time")),
    "target": Quantity("<i>y</i><sup>*</sup><sub>t</sub>", ("snapshot", "time")),
}
