"""The Sigma lab: the small network on the reader's own photograph."""

import io

import numpy as np
import torch.nn.functional as F
import traitlets
from PIL import Image, ImageOps

from blurlib.data import as_image, packaged_image
from blurlib.maps import load_estimator
from blurlib.widgets._page import Amount, PageWidget
from blurlib.widgets.png import beside, to_data_uri

_SHOWN = 6.0  # px; from this sigma on, the poster is white


class SigmaLab(PageWidget):
    """Map the blur of any picture with `sigma-net-small`: drop a file, or choose one.

    In the book the network runs inside the page, in a kernel it runs there; the picture goes
    nowhere else. The page also makes a rough preview without the blur; `restore.deblur` does it
    better.

    Parameters
    ----------
    pictures : sequence of str, optional
        Names of `blurlib.data.PACKAGED_IMAGES` that are offered, too.
    layer : {"sigma", "std"}, optional
        What is shown over the picture.
    opacity : float, optional
        Of the map, 0 to 1.

    Examples
    --------
    >>> sorted(SigmaLab(("camera", "text")).pictures)
    ['camera', 'text']
    """

    module = "sigma_lab"

    pictures = traitlets.Dict().tag(sync=True)
    layer = traitlets.Enum(["sigma", "std"], "sigma").tag(sync=True)
    opacity = Amount(0.6, low=0, high=1, unit="of 1").tag(sync=True)

    def __init__(self, pictures=("chelsea", "coffee", "camera"), **traits):
        uris = {name: to_data_uri(packaged_image(name)) for name in pictures}
        super().__init__(pictures=uris, **traits)
        self.on_msg(self._answer)

    def _answer(self, widget, content, buffers):
        number = content["number"]
        try:
            picture = ImageOps.exif_transpose(Image.open(io.BytesIO(buffers[0]))).convert("RGBA")
            found = load_estimator("sigma-net-small").predict(as_image(np.asarray(picture)))
        except (OSError, ValueError) as error:
            return self.send({"number": number, "error": str(error)})
        (rows, columns), layers = found.sigma.shape, (found.sigma, found.std)
        answer = {"number": number, "rows": rows, "columns": columns, "stride": found.stride}
        self.send(answer, [layer.contiguous().numpy().tobytes() for layer in layers])

    def poster(self):
        """Set a photograph and its sigma map side by side."""
        image = packaged_image("chelsea")
        sigma = load_estimator("sigma-net-small").predict(image).full_size().sigma
        text = (
            "A photograph of a cat, and its sigma map by the network: black is sharp, white a "
            f"sigma of {_SHOWN:g} px or more. With JavaScript, your own photograph stands here."
        )
        both = beside(image, (sigma / _SHOWN).clamp(0, 1))
        return F.avg_pool2d(both[None, None], 2)[0, 0], text
