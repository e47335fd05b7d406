"""Patches: the windows that the network looks through."""

from .._checks import check_image, check_integer

#: Side of the thesis' patches, in pixels.
PATCH_SIZE = 32


def crop_to_multiple(image, multiple=PATCH_SIZE):
    """Cut rows below and columns to the right until both sides are multiples.

    Parameters
    ----------
    image : Tensor of shape (..., H, W)
        Any image of at least `multiple` pixels a side.
    multiple : int, optional
        In pixels.

    Returns
    -------
    cropped : Tensor of shape (..., H', W')
        A view.

    Raises
    ------
    ValueError
        If the image is smaller than `multiple`.

    Examples
    --------
    >>> import torch
    >>> crop_to_multiple(torch.zeros(70, 33)).shape
    torch.Size([64, 32])
    """
    check_image(image, min_side=check_integer(multiple, "multiple"))
    height, width = (size - size % multiple for size in image.shape[-2:])
    return image[..., :height, :width]


def extract_patches(image, patch_size=PATCH_SIZE, stride=None):
    """Cut an image into patches.

    Parameters
    ----------
    image : Tensor of shape (H, W)
        At least `patch_size` pixels a side.
    patch_size : int, optional
        Side of the patches in pixels.
    stride : int, optional
        Step between patches; by default `patch_size`, so that they do not overlap.

    Returns
    -------
    patches : Tensor of shape (N, 1, patch_size, patch_size)
        Row by row from the top left; incomplete patches at the far edges are left out.

    Raises
    ------
    TypeError, ValueError
        If the image is not (H, W), or smaller than a patch.

    References
    ----------
    .. [1] Arun Patro, "Blur Kernel Estimation using Deep Learning", slide 6; key ``patro``.

    Examples
    --------
    >>> import torch
    >>> extract_patches(torch.zeros(70, 96)).shape
    torch.Size([6, 1, 32, 32])
    """
    patch_size = check_integer(patch_size, "patch_size")
    stride = patch_size if stride is None else check_integer(stride, "stride")
    check_image(image, min_side=patch_size, ndim=2)
    windows = image.unfold(0, patch_size, stride).unfold(1, patch_size, stride)
    return windows.reshape(-1, 1, patch_size, patch_size)
