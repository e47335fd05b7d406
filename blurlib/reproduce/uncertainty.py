"""The doubt of a network that regresses, calibrated on scans that it has not seen."""

import torch

from ..maps import estimator_of, make_test_image
from ..maps.uncertainty import fit_std_scale

#: The fields that doubt is calibrated on, clean.
FIELDS = ("ramp", "sin")

#: Step between the places that are looked at, in pixels.
STRIDE = 4


def calibrate(network, scans):
    """Give a network the one factor that makes its deviations right on scans it has not seen.

    Parameters
    ----------
    network : SigmaNet
        Just trained; its ``doubt_scale`` is set.
    scans : sequence of Picture
        Of other materials than it was trained on.

    Returns
    -------
    facts : dict
        ``scale`` and the names of the scans, for the file's record.
    """
    network.doubt_scale.fill_(1.0)
    errors, deviations = joined(
        errors_of(network, scan, field) for field in FIELDS for scan in scans
    )
    network.doubt_scale.fill_(fit_std_scale(errors, deviations))
    return {"scale": network.doubt_scale.item(), "on": [scan.name for scan in scans]}


def errors_of(network, scan, field, **degradation):
    """Return estimate less truth, and the stated deviation, at every fourth pixel of a scan."""
    blurred, truth = make_test_image(scan.load(), field, **degradation)
    found = estimator_of(network).predict(blurred, stride=STRIDE, border="valid")
    return found.sigma - found.at_windows(truth), found.std


def joined(pairs):
    """Return all errors and all deviations, in one row each."""
    errors, deviations = zip(*pairs, strict=True)
    return (torch.cat([part.flatten() for part in parts]) for parts in (errors, deviations))
