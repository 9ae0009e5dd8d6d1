"""Figures: `(data, ax=None) -> ax`. They train nothing and know no torch."""

from .energy import plot_break_even, plot_energy_rows
from .inside import (
    describe_selectivity,
    plot_answers,
    plot_costs,
    plot_lesions,
    plot_position,
    plot_ripples,
    plot_selectivity,
)
from .neurons import describe_raster, plot_membrane, plot_raster, plot_surrogate
from .recording import raster_svg
from .road import version_map
from .speed import (
    bench_figure,
    plot_growth,
    plot_ladder,
    plot_launches,
    plot_order,
    plot_throughput,
    plot_token_cost,
    plot_training_speed,
)
from .style import ABOVE, DASHED, DASHES, MARKS, axes, colors, themed, use_style
from .training import (
    describe_ablation,
    describe_curriculum,
    plot_ablation,
    plot_curriculum,
    plot_diversity,
    plot_floor,
    plot_loss,
    plot_rate_histogram,
    plot_rates,
    plot_thresholds,
)
