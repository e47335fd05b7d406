"""Figures in one hand: functions that take arrays and an axis, draw, and never compute.

One convention everywhere: pictures are grey, sigma is viridis (dark is sharp, bright is blurred),
PSFs are magma, errors are red and blue around white, a
std and the size of an error are orange. Every axis says its unit. A page of the book
is read on a desk and on a phone, so figures are six inches wide and their letters large.

Throughout, `axis` is the `matplotlib.axes.Axes` to draw on, `title` stands above it, and numbers
come as tensors (on any device) or arrays. A picture that is not (H, W) raises a ValueError.
"""

from .._checks import public as _public
from .diagrams import draw_lens, draw_network
from .files import write_ellipses, write_sigma_map
from .glued import glue
from .house import ERROR_COLOURS, IMAGE_COLOURS, LINE_COLOURS, PSF_COLOURS, SIGMA_COLOURS
from .house import STD_COLOURS, STYLE, WIDTH, panels, style
from .lines import plot_line, plot_otf, plot_path
from .maps import compare_maps, show_ellipses, show_error_map, show_sigma_map, show_std_map
from .pictures import gallery, show_image, show_otf, show_patch_grid, show_psf

__all__ = _public(globals())
