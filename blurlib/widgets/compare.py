"""Pictures of one scene over each other, with a slider from the first to the last."""

import traitlets

from blurlib.widgets._page import Amount, PageWidget
from blurlib.widgets.png import beside, from_data_uri, to_data_uri


class Compare(PageWidget):
    """Lay pictures of one scene over each other: two are wiped, more are gone through or played.

    Parameters
    ----------
    pictures : dict of str to Tensor of shape (H, W)
        Title and grey picture in [0, 1], at least two of one shape; the first lies on the left.
    text : str
        What they show, for those who cannot see them.
    at : float, optional
        Where the slider stands, 0 to 1 of its way.

    Raises
    ------
    ValueError
        If there are fewer than two pictures, or their shapes differ.

    Examples
    --------
    >>> import torch
    >>> Compare({"dark": torch.zeros(32, 40), "bright": torch.ones(32, 40)}, text="Nothing").at
    0.5
    """

    module = "compare"

    pictures = traitlets.List().tag(sync=True)
    titles = traitlets.List().tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)
    at = Amount(0.5, low=0, high=1, unit="of 1").tag(sync=True)

    def __init__(self, pictures, *, text, **traits):
        shapes = [tuple(picture.shape) for picture in pictures.values()]
        if len(shapes) < 2 or len(set(shapes)) > 1:
            raise ValueError(f"pass two or more pictures of one shape, got shapes {shapes}")
        uris = [to_data_uri(picture) for picture in pictures.values()]
        super().__init__(pictures=uris, titles=list(pictures), text=text, **traits)

    def poster(self):
        """Set the first and the last picture side by side."""
        first, last = (from_data_uri(self.pictures[i]) for i in (0, -1))
        text = f"{self.text}. On the left: {self.titles[0]}; on the right: {self.titles[-1]}."
        return beside(first, last), text
