"""A map whose edges are those of its picture."""

import numpy as np
import torch
from scipy import sparse

from .._checks import check_image, check_same

#: A map that follows edges: what two neighbours' grey levels and their sigmas usually differ by,
#: which deviations count as stated, and the steps of the solver. Chosen on development pictures.
_LEVEL_STEP, _SIGMA_STEP, _STD_CLAMP, _SOLVER_STEPS = 0.01, 0.03, (0.02, 0.5), 20


def follow_edges(sigma, std, guide):
    r"""Return a full-sized map whose edges are those of its picture.

    Parameters
    ----------
    sigma, std : Tensors of shape (H, W)
        A map, interpolated between its places, and the deviation that it states.
    guide : Tensor of shape (H, W)
        The picture, in [0, 1].

    Returns
    -------
    followed : Tensor of shape (H, W)
        Within the range of `sigma`.

    Raises
    ------
    TypeError, ValueError
        If the guide is no picture, or sizes differ.

    Notes
    -----
    The likeliest map where an answer at pixel p errs by its std, and neighbours p, q differ the
    less, the more alike they are in the picture I:

    .. math:: \sum_p \frac{(x_p - \sigma_p)^2}{\mathrm{std}_p^2}
        + \sum_{p, q} e^{-(I_p - I_q)^2 / 2 d^2} \, \frac{(x_p - x_q)^2}{s^2}

    by some steps of conjugate gradients. So what is unsure takes over from what is sure, up to an
    edge of the picture; inside a texture, which is full of edges, the map stays as it was.

    References
    ----------
    .. [1] A. Levin et al., "Colorization using optimization", SIGGRAPH 2004.

    Examples
    --------
    >>> sigma, guide = torch.ones(8, 9), torch.rand(8, 9)
    >>> torch.allclose(follow_edges(sigma, sigma / 10, guide), sigma)
    True
    """
    check_same(
        check_image(guide, "guide", ndim=2).shape, sigma.shape, "guide must have the map's size"
    )
    width = guide.shape[1]
    known = (_SIGMA_STEP / std.clamp(*_STD_CLAMP)).square().flatten().numpy()
    # How alike each pixel and the one before it are, and the one above it; along the border 0.
    before, above = np.zeros((2, known.size), np.float32)
    for alike, axis in ((before, 1), (above, 0)):
        start = (slice(None),) * axis + (slice(1, None),)
        off = guide.cpu().float().diff(dim=axis) / _LEVEL_STEP
        alike.reshape(guide.shape)[start] = (off.square() / -2).exp()
    pulls = known + before + above
    pulls[:-1] += before[1:]
    pulls[:-width] += above[width:]
    lower = sparse.diags([-before[1:], -above[width:]], [-1, -width], dtype=np.float32)
    system = lower + lower.T + sparse.diags(pulls)
    start = sigma.flatten().numpy()
    found, _ = sparse.linalg.cg(
        system, known * start, start, maxiter=_SOLVER_STEPS, M=sparse.diags(1 / pulls)
    )
    return torch.from_numpy(found).view_as(sigma).clamp_(*sigma.aminmax())
