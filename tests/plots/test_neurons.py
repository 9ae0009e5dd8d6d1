"""Figures of neurons: they show every spike, mark it, and describe it by its numbers."""

import numpy as np
import pytest
import torch
from plots.figures import some_spikes

from realsam_edu import plots
from realsam_edu.plots import neurons

pytestmark = pytest.mark.usefixtures("clean_style")


def test_tensors_with_a_gradient_are_welcome_and_left_as_they_were():
    spk = torch.from_numpy(some_spikes()).float().requires_grad_()
    before = spk.detach().clone()
    plots.plot_raster(spk)
    plots.plot_membrane(spk[:, 0], spk[:, 0], torch.tensor(1.0))
    assert torch.equal(spk, before)


def test_a_raster_shows_every_spike(monkeypatch):
    spk = some_spikes()
    ax = plots.plot_raster(spk)
    assert sum(len(c.get_segments()) for c in ax.collections) == spk.sum()
    monkeypatch.setattr(neurons, "MAX_MARKS", 10)
    image = plots.plot_raster(spk).images[0].get_array()
    assert np.array_equal(image[..., 3] > 0, spk.T > 0)


def test_the_threshold_is_dashed_and_spikes_are_marked():
    mem, spk = np.array([0.5, 1.5, 0.2, 1.1]), np.array([0, 1, 0, 1])
    ax = plots.plot_membrane(mem, spk, 1.0)
    threshold = next(line for line in ax.lines if "threshold" in line.get_label())
    assert threshold.is_dashed()
    marks = next(line for line in ax.lines if "spike" in line.get_label())
    assert marks.get_xdata().tolist() == [1, 3]
    assert marks.get_ydata().tolist() == [1.5, 1.1]


def test_a_raster_is_described_by_its_numbers():
    spk = np.zeros((10, 5))
    assert "no neuron fires" in plots.describe_raster(spk)
    spk[3], spk[:, 2] = 1, 1
    said = plots.describe_raster(spk)
    assert "5 neurons over 10 time steps" in said
    assert "to 5 (step 3)" in said
    assert "neuron 2, fires in 100% of the steps" in said
    assert "10 neurons" in plots.describe_raster(np.stack([spk, spk]))
