"""What the tests show in the widgets: a trace, a run log with its card, a population."""

from types import SimpleNamespace

import numpy as np

PHASES = ("words", "phrases", "sentences", "stories", "conversations", "mixed")

CARD = [
    {"phase": p, "seq_len": 8, "epochs": 3, "val": 4.0, "perplexity": 54.6, "ended": "converged"}
    for p in PHASES
]


def make_trace(layers=2, steps=160, neurons=512, prompt=40, seed=0):
    """Leaky neurons driven by noise: an honest trace with no trained model behind it."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 0.25, (steps, layers, neurons))
    drive = rng.lognormal(-2.2, 0.7, (layers, neurons)) + noise
    thr = rng.uniform(0.5, 1.5, (layers, neurons)).astype(np.float32)
    u, s, mem = np.zeros((layers, neurons)), 0, []
    for t in range(steps):
        u = (0.85 * u + drive[t] - s * thr).astype(np.float32)
        s = u > thr
        mem.append(u)
    mem = np.stack(mem, 1)  # (L, T, N)
    text = "Now is the winter\nof our discontent made glorious summer " * 4
    top_p = -np.sort(-rng.dirichlet(np.ones(8), steps)).astype(np.float32)
    return SimpleNamespace(
        chars=list((text * 10)[:steps]),
        spk=(mem > thr[:, None]).astype(np.uint8),
        mem=mem,
        thr=thr,
        top_chars=[list("etao inh")] * steps,
        top_p=top_p,
        prompt_len=prompt,
    )


def make_log(per_phase=4, layers=6, stress=True, thr=False):
    """A run through all phases, as `realsam train` logs it."""
    rng = np.random.default_rng(0)
    log = []
    for i in range(per_phase * len(PHASES)):
        phase = PHASES[i // per_phase]
        entry = {"step": 100 * (i + 1), "tokens": 50_000 * (i + 1), "seconds": 9.0 * i}
        entry |= {"phase": phase, "seq_len": min(8 * 2 ** (i // per_phase), 64)}
        entry |= {"loss": 6.0 - 0.1 * i, "val": 6.1 - 0.1 * i, "rate": 0.1, "alive": 0.97}
        entry |= {"lr": 2e-3, "norm": 0.4, "stress": 0.5 - 0.01 * i if stress else None}
        entry |= {"rates": rng.uniform(0.05, 0.15, layers).round(3).tolist()}
        entry |= {"thr": [[0.8, 1.0 + 0.01 * i, 1.4]] * layers if thr else None}
        log.append(entry | {"sample": f"Tom has a ball, {i} of them."})
    return log


def make_control(log):
    return [{"tokens": e["tokens"], "loss": 5.5, "val": 5.0 - 1e-6 * e["tokens"]} for e in log]


def two(**change):
    """The shortest log, its second entry changed."""
    return [{"tokens": 1, "loss": 2.0}, {"tokens": 2, "loss": 1.9} | change]


def make_population(steps=48, neurons=40, seed=0):
    """Currents, leaks, diversities and thresholds with nothing regular about them."""
    rng = np.random.default_rng(seed)
    cur = rng.normal(0.1, 0.4, (steps, neurons)).astype(np.float32)
    thr = rng.uniform(0.6, 1.4, neurons).astype(np.float32)
    return cur, rng.uniform(0.4, 0.95, neurons), rng.lognormal(-0.125, 0.5, neurons), thr
