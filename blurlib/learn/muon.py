"""Muon: steps about as large in every direction that a layer of weights can take."""

import math

import torch

from .._checks import check_number

#: Coefficients of the iteration, and how often it is done.
_QUINTIC, _ROUNDS = (3.4445, -4.7750, 2.0315), 5

#: What is less than this share of the norm counts as nothing.
_NOTHING = 1e-12

#: Smallest side of a layer of weights that is worth it.
_MIN_WIDTH = 16


class Muon(torch.optim.AdamW):
    r"""AdamW, but for the weights of wide layers: their momentum is made orthogonal.

    A layer's gradient, as a matrix from inputs to outputs, has few large singular values and many
    small ones, along which little is learned. Muon takes about the nearest orthogonal matrix
    instead, of the momentum as Nesterov looks ahead with it, so that all but the faintest
    directions are learned alike. Biases, and layers with fewer than 16 inputs or outputs, are left
    to AdamW.

    Parameters
    ----------
    parameters : iterable of Parameter
        What is to be learned.
    lr : float
        Learning rate of both: a step of Muon is scaled to change its weights as much as one of
        AdamW usually does.
    weight_decay : float, optional
        Of both.
    momentum : float, optional
        Of the wide layers, from 0 to 0.9999.

    Raises
    ------
    TypeError, ValueError
        If the momentum is out of range, or the parameters come in groups.

    References
    ----------
    .. [1] K. Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024; key
       ``jordan2024``.
    .. [2] J. Liu et al., "Muon is scalable for LLM training", 2025, for the scale; key ``liu2025``.

    Examples
    --------
    >>> layer = torch.nn.Linear(32, 16)
    >>> optimizer = Muon(layer.parameters(), lr=0.1)
    >>> layer(torch.ones(1, 32)).sum().backward()
    >>> optimizer.step()
    """

    def __init__(self, parameters, lr, weight_decay=1e-2, momentum=0.95):
        self._momentum = check_number(momentum, "momentum", low=0, high=0.9999)
        parameters = list(parameters)
        if not all(isinstance(parameter, torch.Tensor) for parameter in parameters):
            raise TypeError("Muon sorts the parameters itself; pass them without groups or names.")
        sides = {wide: [p for p in parameters if is_wide(p) == wide] for wide in (True, False)}
        groups = [{"params": some, "orthogonal": wide} for wide, some in sides.items() if some]
        super().__init__(groups, lr=lr, weight_decay=weight_decay)

    @torch.no_grad()
    def step(self, closure=None):
        """Change the weights once.

        Parameters
        ----------
        closure : callable, optional
            Must be None: the gradient is taken once.

        Raises
        ------
        ValueError
            If there is a closure.
        """
        if closure is not None:
            raise ValueError("Muon takes the gradient once; call step() without a closure.")
        gradients = {}
        for group in self.param_groups:
            for parameter in group["params"] if group["orthogonal"] else ():
                if parameter.grad is not None:
                    self._step_wide(parameter, group)
                    gradients[parameter], parameter.grad = parameter.grad, None
        super().step()  # AdamW passes over what has no gradient
        for parameter, gradient in gradients.items():
            parameter.grad = gradient

    def _step_wide(self, parameter, group):
        state = self.state[parameter]
        if not state:
            # AdamW looks for a count of steps in every state that it is given back.
            state |= {"momentum": torch.zeros_like(parameter), "step": torch.tensor(0.0)}
        state["step"] += 1
        state["momentum"].lerp_(parameter.grad, 1 - self._momentum)
        ahead = parameter.grad.lerp(state["momentum"], self._momentum)  # Nesterov's
        direction = orthogonal(ahead.flatten(1))
        direction *= 0.2 * math.sqrt(max(direction.shape))
        parameter.mul_(1 - group["lr"] * group["weight_decay"])
        parameter.add_(direction.view_as(parameter), alpha=-group["lr"])


def is_wide(parameter):
    """Tell whether a parameter holds a layer's weights, from many inputs to many outputs."""
    return parameter.ndim > 1 and min(parameter.flatten(1).shape) >= _MIN_WIDTH


def orthogonal(matrix):
    """Return about the nearest orthogonal matrix; of zeros it makes zeros.

    The same singular vectors; singular values from 0.68 to 1.2, but for those that were below a
    five-hundredth of the matrix' norm, which stay smaller.
    """
    a, b, c = _QUINTIC
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    wide = wide / (wide.norm() + 1e-7)
    # The rows of units that never fire fade until a CPU takes a hundred times as long over them.
    wide = torch.where(wide.abs() < _NOTHING, 0, wide)
    for _ in range(_ROUNDS):
        square = wide @ wide.T
        wide = a * wide + (b * square + c * square @ square) @ wide
    return wide if matrix.shape[0] <= matrix.shape[1] else wide.T
