"""What a record is made from: data, networks, a device."""

import json
import statistics
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tqdm import tqdm

from ..data import DatasetConfig
from ..learn import RunLog, load_network, pretrained, pretrained_names, split_scans
from ..maps import train_estimator
from .catalogue import RECIPES


class NotShipped(ValueError):
    """A network that does not come with the package, asked for where nothing is to be trained."""


class NoData(FileNotFoundError):
    """Data that cannot be downloaded, and are not there."""


@dataclass(frozen=True)
class Experiment:
    """The scans, and what to do with them.

    Attributes
    ----------
    scans : Collection
        Of the Brodatz album.
    folder : path-like or None
        Where all data lie; None for what ``BLURLIB_DATA`` names.
    device : str
        Where to train and to predict.
    weights : Path or None
        Folder of trained networks; what is not there yet is trained and put there. None for the
        packaged ones, and no training.
    progress : bool
        Whether to show progress bars.
    used : dict
        How each network that was asked for was trained, by its name.
    """

    scans: object
    folder: object = None
    device: str = "cpu"
    weights: Path | None = None
    progress: bool = False
    used: dict = field(default_factory=dict)

    def network(self, name):
        """Return the network of a recipe, on the device.

        Parameters
        ----------
        name : str
            One of `catalogue.RECIPES`.

        Returns
        -------
        network : BlurClassifier
            In evaluation mode.

        Raises
        ------
        NotShipped
            If it would have to be trained, and nothing is to be.
        """
        network, record = self._load(name)
        kept = ("recipe", "data", "seconds", "device", "versions", "history")
        self.used[name] = {key: record[key] for key in kept if key in record}
        return network.to(self.device)

    def _load(self, name):
        if self.weights is None:
            if name not in pretrained_names():
                raise NotShipped(
                    f"{name} does not come with the package; leave out --quick to train it."
                )
            return pretrained(name)
        path = self._train(name)
        network, record = load_network(path)  # float16 even if just trained, as it is shipped
        # What a recipe is in a file: JSON knows no tuples.
        if record.get("recipe") != json.loads(json.dumps(RECIPES[name].as_dict())):
            raise ValueError(
                f"{path} was not trained by today's recipe {name}; delete it to train it anew."
            )
        held_out = record["data"].get("held_out")
        if held_out is not None and held_out != self.textures:
            raise ValueError(
                f"{path} was trained with other scans put aside than these; delete it to train it "
                "anew, or name the folder that it was trained on."
            )
        return network, record

    def _train(self, name):
        """Train a network if it is not there yet; return its file."""
        self.weights.mkdir(parents=True, exist_ok=True)
        path = self.weights / f"{name}.safetensors"
        if not path.is_file():
            with RunLog(path.with_suffix(".csv")) as log:
                train_estimator(
                    RECIPES[name], path, scans=self.scans, held_out=self.held_out,
                    device=self.device, progress=self.progress, callback=log,
                )  # fmt: skip
        return path

    @property
    def textures(self):
        """Names of the scans that are held out, for a record."""
        return [scan.name for scan in self.held_out]

    @cached_property
    def held_out(self):
        """The scans whose materials the unseen protocol puts aside.

        Which they are depends on the scans that there are; so for the packaged networks it is
        those that were put aside when they were trained.
        """
        if self.weights is not None:
            return split_scans(self.scans, DatasetConfig().seed)[1]
        names = pretrained("thesis-30")[1]["data"]["held_out"]
        there = {scan.name: scan for scan in self.scans}
        missing = sorted(set(names) - set(there))
        if missing:
            raise NoData(
                f"the packaged networks are tested on scans that are not there: "
                f"{', '.join(missing)}; leave out --quick to train on what is there."
            )
        return [there[name] for name in names]

    def each(self, scans, name):
        """Go through scans with a progress bar."""
        return tqdm(scans, desc=name, disable=None if self.progress else True)


def mean_and_std(values):
    """Return mean and standard deviation between textures, for a record.

    Parameters
    ----------
    values : dict of str to float
        RMSE by texture.

    Returns
    -------
    found : dict
        ``mean_rmse``, ``std_rmse`` (None for one texture alone) and ``images``, all values.
    """
    several = len(values) > 1
    return {
        "mean_rmse": round(statistics.mean(values.values()), 4),
        "std_rmse": round(statistics.stdev(values.values()), 4) if several else None,
        "images": {name: round(value, 4) for name, value in values.items()},
    }
