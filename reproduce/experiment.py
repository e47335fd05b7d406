"""What a record is made from: data, networks, a device."""

import statistics
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import torch
from tqdm import tqdm

from blurlib import data, learn, maps

from .catalogue import RECIPES


class NotShipped(ValueError):
    """A network that does not come with the package, asked for where nothing is to be trained."""


class NoData(FileNotFoundError):
    """Data that cannot be downloaded, and are not there."""


class Errors(NamedTuple):
    """Estimate less truth, in double precision; the std that was stated, or None; the truth."""

    error: torch.Tensor
    std: torch.Tensor | None
    truth: torch.Tensor


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
        """Return a recipe's network, on the device; raise NotShipped if none is to be trained."""
        network, record = self._load(name)
        kept = ("recipe", "data", "seconds", "device", "versions", "history")
        self.used[name] = {key: record[key] for key in kept if key in record}
        return network.to(self.device)

    def _load(self, name):
        if self.weights is None:
            if name not in learn.pretrained_names():
                raise NotShipped(f"{name} is not packaged; leave out --quick to train it.")
            return learn.pretrained(name)
        self.weights.mkdir(parents=True, exist_ok=True)
        path = self.weights / f"{name}.safetensors"
        if not path.is_file():
            with learn.RunLog(path.with_suffix(".csv")) as log:
                recipe, photos, held_out = RECIPES[name], None, self.held_out
                if recipe.mix is not None:
                    photos = data.photographs(self.folder)
                    held_out = learn.development_split(self.scans, photos)[1]
                maps.train_estimator(
                    recipe, path, scans=self.scans, photographs=photos, held_out=held_out,
                    device=self.device, progress=self.progress, callback=log,
                )  # fmt: skip
        network, record = learn.load_network(path)  # float16 even if just trained, as it is shipped
        if not RECIPES[name].was_recorded_as(record.get("recipe", {})):
            raise ValueError(f"{path} was not trained by today's recipe {name}; delete it.")
        if record["data"].get("held_out") not in (None, self.textures):
            raise ValueError(f"{path} was trained with other scans put aside; delete it.")
        return network, record

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
            return learn.split_scans(self.scans, data.DatasetConfig().seed)[1]
        names = learn.pretrained("thesis-30")[1]["data"]["held_out"]
        there = {scan.name: scan for scan in self.scans}
        missing = sorted(set(names) - set(there))
        if missing:
            names = f"scans that are not there: {', '.join(missing)}"
            raise NoData(f"packaged networks are tested on {names}; leave out --quick.")
        return [there[name] for name in names]

    def each(self, pictures, name):
        """Go through pictures with a progress bar."""
        return tqdm(pictures, desc=name, disable=None if self.progress else True)

    def folder_beside(self, name):
        """Return a folder of the data that stands beside that of the textures."""
        folder = data.data_folder(name, self.folder)
        if folder.name != name or not folder.is_dir():
            raise NoData(f"there is no folder {name!r} in {folder}; name one that has it.")
        return folder

    def estimators(self, networks, classical):
        """Return the estimators of networks, by their recipes' names, and classical ones."""
        learned = {name: maps.estimator_of(self.network(name)) for name in networks}
        return learned | {name: maps.classical.classical_estimator(name) for name in classical}

    def scores(self, estimator, pictures, field, title, **options):
        """Return RMSE and bias by picture, as `blurlib.maps.evaluate_image` finds them."""
        images = ((picture.name, picture.load()) for picture in self.each(pictures, title))
        found = {k: maps.evaluate_image(estimator, image, field, **options) for k, image in images}
        return [{name: one[key] for name, one in found.items()} for key in ("rmse", "bias")]

    def errors(self, estimators, pictures, make, title, *, stride, convention="nominal"):
        """Return the `Errors` of each estimator on each picture, by their names.

        `make` returns image and true sigma from a sharp image and ``rng``; `convention` says what
        the truth means, `title` stands at the progress bar. Windows are `stride` apart; what has
        a grid of its own is asked at all of its places: between them it would be interpolated.
        """
        rng = torch.Generator().manual_seed(0)
        found = {name: {} for name in estimators}
        for picture in self.each(pictures, title):
            image, truth = make(picture.load(), rng=rng)
            for name, estimator in estimators.items():
                step = stride if estimator.output_stride == 1 else estimator.output_stride
                answer = estimator.predict(image, stride=step, border="valid").to(convention)
                there = answer.at_windows(truth)
                error = answer.sigma.double() - there.double()
                found[name][picture.name] = Errors(error, answer.std, there)
        return found


def rounded(found, digits=4):
    """Round every float of a record, however deep it lies."""
    if isinstance(found, dict):
        return {key: rounded(value, digits) for key, value in found.items()}
    if isinstance(found, list | tuple):
        return [rounded(value, digits) for value in found]
    return round(found, digits) if isinstance(found, float) else found


def mean_and_std(values):
    """Return mean and standard deviation between textures, and all by texture, for a record."""
    std = statistics.stdev(values.values()) if len(values) > 1 else None
    found = {"mean_rmse": statistics.mean(values.values()), "std_rmse": std, "images": values}
    return rounded(found)


def shares_within(errors, std):
    """Return the shares of errors within one and two std, for a record."""
    share = maps.uncertainty.coverage
    return {str(number): round(share(errors, std, number), 3) for number in maps.uncertainty.WITHIN}
