"""Every figure of `plots`, each drawn with a small example: for the rules that all of them keep."""

import numpy as np
import torch

from realsam_edu import plots

PHASES = ("words", "phrases", "stories")
ABLATION = {"V4": [2.7, 2.72, 2.71], "no stress": [2.74, 2.73, 2.75], "no diversity": [2.69]}
TIMES = {"step by step": [0.9, 1.0, 1.2], "layer by layer": [0.4, 0.5, 0.45]}
ORDER = np.arange(1, 7).reshape(3, 2).T  # (L, T), step by step
HISTORIES = {"a": [(0, 3.0), (10, 2.0)], "b": [(0, 3.0), (9, 2.5)]}


def some_spikes(steps=40, neurons=30, rate=0.1):
    return (np.random.default_rng(0).random((steps, neurons)) < rate).astype(np.uint8)


def run_log(entries=12, layers=6):
    """A run of three phases whose thresholds spread."""
    return [
        {
            "tokens": 100_000 * (i + 1),
            "phase": PHASES[min(i // 4, 2)],
            "loss": 6.0 - 0.2 * i,
            "val": None if i == 1 else 6.1 - 0.2 * i,
            "thr": [[0.9 - 0.01 * i, 1.0 + 0.1 * n, 1.5 + 0.1 * n] for n in range(layers)],
        }
        for i in range(entries)
    ]


def bench_row(label, speed):
    return {"label": label, "tokens_per_second": speed, "spread": [64 / speed, 80 / speed]}


def bench_table():
    """What `realsam bench` writes, with small numbers."""
    walk = [{"token": n, "microseconds": 900.0} for n in (100, 1000)]
    line = {"sizes": [16, 32], "seconds": [0.3, 0.5], "slope": 0.0125, "intercept": 0.1, "r2": 0.99}
    rows = {"snntorch": bench_row("snnTorch", 1000.0), "fused": bench_row("Sam, fused", 4000.0)}
    return {
        "train": {"v4": {"batch_size": 8, "seq_len": 8, "rows": rows}},
        "generate": {"v4": {"positions": walk}, "gpt": {"positions": walk}},
        "scaling": {"T": line, "B": line, "N": line},
    }


SPK = some_spikes()
RATES = np.random.default_rng(0).lognormal(-2.3, 0.5, 300)
DIVERSITY = np.random.default_rng(0).lognormal(-0.125, 0.5, 64)
LOG, TABLE = run_log(), bench_table()
TWINS, MARKS = (
    {"8-bit": 5e6, "binary": 3e6, "fp32": 3e7},
    {"8-bit": 0.5, "binary": 0.25, "fp32": 3.6},
)
ENERGY = {"compute": {"Sam": 6e6, "twin": 2.7e7}, "memory": {"Sam": 1e8, "twin": 3.5e8}}
CONTROL = [{"tokens": entry["tokens"], "loss": 5.5, "val": 5.6} for entry in LOG]
STAGES = [{"phase": phase, "seq_len": 8 * 2**i} for i, phase in enumerate(PHASES)]
Z = np.random.default_rng(0).standard_normal((3, 40)) * 9  # classes, neurons
CHANCE = np.random.default_rng(1).uniform(3, 9, (25, 3))
CLASSES = ("comma", "vowel", "space")
COSTS = {"at random": {1 / 8: [0.1, 0.12], 1 / 2: [0.6]}, "one by one": {1 / 8: [0.02]}}
LESIONS = {"comma": (1.5, 0.1, [0.1, -0.2]), "vowel": (-0.1, 0.2, [0.0])}
RIPPLES = {name: np.random.default_rng(2).random((5, 20)) for name in ("intact", "cut")}

EVERY = {  # what is drawn -> (figure, its arguments before `ax`, and by name)
    "membrane": (plots.plot_membrane, (SPK[:, 0] * 1.2, SPK[:, 0], 1.0), {"cur": SPK[:, 0] * 0.6}),
    "raster": (plots.plot_raster, (SPK,), {}),
    "layers": (plots.plot_raster, (np.stack([SPK, SPK]),), {}),
    "surrogate": (plots.plot_surrogate, ((2, 25),), {}),
    "map": (plots.version_map, ("V2",), {}),
    "loss": (plots.plot_loss, (HISTORIES,), {"floors": {"unigram": 2.9}}),
    "rates": (plots.plot_rates, ([SPK.mean(0), SPK.mean(0)],), {}),
    "rates of a tensor": (plots.plot_rates, (torch.from_numpy(SPK).float().mean(0),), {}),
    "curriculum": (plots.plot_curriculum, ({"staged": LOG, "control": CONTROL}, STAGES), {}),
    "one phase": (plots.plot_curriculum, ({"control": CONTROL},), {"which": "loss"}),
    "ablation": (plots.plot_ablation, (ABLATION,), {}),
    "thresholds": (plots.plot_thresholds, (LOG,), {}),
    "two layers": (plots.plot_thresholds, (LOG,), {"layers": [0, 5]}),
    "histogram": (plots.plot_rate_histogram, (RATES,), {}),
    "histogram of a tensor": (plots.plot_rate_histogram, (torch.from_numpy(RATES),), {}),
    "floor": (plots.plot_floor, ({"V2": [(0, 5.0), (900_000, 3.1)]}, 2.9), {}),
    "diversity": (plots.plot_diversity, (DIVERSITY,), {}),
    "order": (plots.plot_order, (ORDER,), {}),
    "ladder": (plots.plot_ladder, (TIMES,), {}),
    "launches": (plots.plot_launches, (False,), {}),
    "one launch": (plots.plot_launches, (True,), {}),
    "throughput": (plots.plot_throughput, ({1: 2e9, 32: 5e10, 2048: 9e10}, 1e11), {}),
    "training speed": (plots.plot_training_speed, (TABLE["train"]["v4"],), {}),
    "token cost": (plots.plot_token_cost, (TABLE["generate"],), {}),
    "selectivity": (plots.plot_selectivity, (Z, CHANCE, CLASSES), {}),
    "confirmed": (plots.plot_selectivity, (Z, CHANCE, CLASSES), {"held": Z > 8}),
    "answers": (plots.plot_answers, (list("a dog\n"), SPK[:6, :3], CLASSES), {}),
    "costs": (plots.plot_costs, (COSTS,), {"level": 0.05}),
    "lesions": (plots.plot_lesions, (LESIONS,), {}),
    "ripples": (plots.plot_ripples, (RIPPLES,), {}),
    "position": (plots.plot_position, (RIPPLES,), {}),
    "position of one window": (plots.plot_position, ({"one": torch.rand(1, 8)},), {}),
    "energy": (plots.plot_energy_rows, (ENERGY,), {}),
    "break-even": (plots.plot_break_even, ([0, 1], [1e6, 9e6], TWINS, MARKS, 0.1), {}),
    "growth": (plots.plot_growth, (TABLE["scaling"],), {"name": "B"}),
}
