"""Maps at full resolution that follow the edges of their picture."""

import pytest
import torch

from blurlib import maps
from blurlib.maps.edges import follow_edges

SIDE, EDGE = 64, 38  # the edge lies between two places of the grid of every fourth pixel


@pytest.fixture
def step():
    """Return a picture of two halves, the true map, and one that is unsure around the edge."""
    columns = torch.arange(SIDE).expand(SIDE, -1)
    picture = torch.where(columns < EDGE, 0.3, 0.6)
    truth = torch.where(columns < EDGE, 0.5, 2.5)
    near = ((columns - EDGE).abs() < 7)[::4, ::4]
    sigma = torch.where(near, 1.5, truth[::4, ::4])
    return picture, truth, maps.SigmaMap(sigma, torch.where(near, 0.5, 0.05), 4, 0, (SIDE, SIDE))


def test_what_is_unsure_takes_over_from_what_is_sure_up_to_the_edge(step):
    picture, truth, found = step
    plain, guided = found.full_size(), found.full_size(picture)
    assert maps.rmse(guided.sigma, truth) < 0.1 < 0.3 < maps.rmse(plain.sigma, truth)
    jump = guided.sigma[:, EDGE] - guided.sigma[:, EDGE - 1]
    assert jump.min() > 1.5 > 0.3 > plain.sigma.diff(dim=1).max()
    assert (guided.stride, guided.std is not None) == (1, True)
    torch.testing.assert_close(guided.std, plain.std)
    low, high = found.sigma.aminmax()
    assert low <= guided.sigma.min() and guided.sigma.max() <= high


def test_no_grid_is_left_in_flat_parts(rng):
    sigma = 1 + 0.2 * torch.rand(16, 16, generator=rng)
    found = maps.SigmaMap(sigma, torch.full_like(sigma, 0.2), 4, 0, (61, 61))
    kinks = [
        full.sigma.diff(n=2, dim=1)[:, 3::4].abs().mean()
        for full in (found.full_size(), found.full_size(torch.full((61, 61), 0.5)))
    ]
    assert kinks[1] < kinks[0] / 5


def test_inside_a_texture_the_map_stays(step, rng):
    _, _, found = step
    texture = torch.rand(SIDE, SIDE, generator=rng)
    difference = found.full_size(texture).sigma - found.full_size().sigma
    assert maps.rms(difference) < 0.05


def test_the_equations_are_solved_on_any_shape(rng):
    """Against the dense system, which the picture's few pixels allow."""
    sigma, std, guide = torch.rand(3, 5, 7, generator=rng)
    guide, std = guide / 50, std + 0.1
    known = (0.03 / std.clamp(max=0.5)).square().double()
    system = torch.diag(known.flatten())
    for p in range(35):
        for q in (p + 1, p + 7):
            if q < 35 and not (q == p + 1 and q % 7 == 0):
                off = (guide.flatten()[p] - guide.flatten()[q]).item() / 0.01
                pull = torch.zeros(35, dtype=torch.float64)
                pull[p], pull[q] = 1, -1
                system += torch.exp(torch.tensor(-(off**2) / 2)) * torch.outer(pull, pull)
    wanted = torch.linalg.solve(system, (known * sigma).flatten()).view(5, 7)
    found = follow_edges(sigma, std, guide)
    torch.testing.assert_close(found.double(), wanted, atol=1e-2, rtol=0)


def test_what_has_no_guide_stays_bilinear(step, monkeypatch):
    picture, _, found = step
    plain = found.full_size().sigma
    silent = maps.SigmaMap(found.sigma, None, 4, 0, (SIDE, SIDE))
    assert torch.equal(silent.full_size(picture).sigma, plain)
    full = found.full_size()
    assert torch.equal(full.full_size(picture).sigma, plain)
    monkeypatch.setattr(maps.sigma_map, "MOST_GUIDED", 1000)
    assert torch.equal(found.full_size(picture).sigma, plain)


def test_a_guide_of_another_size_is_named(step):
    with pytest.raises(ValueError, match=r"guide must have the map's size \(64, 64\), got"):
        step[2].full_size(torch.rand(64, 60))
    with pytest.raises(TypeError, match="guide must be a torch tensor"):
        follow_edges(*torch.ones(2, 4, 4), [1.0])
