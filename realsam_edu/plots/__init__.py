"""Figures: `(data, ax=None) -> ax`. They train nothing and know no torch."""

from .bench import bench_figure, plot_growth, plot_token_cost, plot_training
from .neurons import (
    ABOVE,
    DASHED,
    DASHES,
    describe_raster,
    plot_loss,
    plot_membrane,
    plot_raster,
    plot_rates,
    plot_surrogate,
    use_style,
    version_map,
)
from .speed import plot_ladder, plot_launches, plot_order, plot_throughput
from .training import (
    describe_ablation,
    describe_curriculum,
    plot_ablation,
    plot_curriculum,
    plot_diversity,
    plot_floor,
    plot_rate_histogram,
    plot_thresholds,
)
