"""What a notebook defines is what the package does: values and gradients, on fixed seeds.

Cells tagged `defines` are executed in order, with the notebook's imports and nothing else, and
every name they define must have a comparison in `COMPARISONS`. Exercises are held to their word
too: each stub runs and says that it is not started, each solution passes the check below it.
"""

import ast
import re
from pathlib import Path

import nbformat
import pytest
import torch

from realsam_edu.checks import nb03, nb04, nb05, nb06, nb07, nb08, nb09, nb10
from realsam_edu.model import encoder, v1
from realsam_edu.model.dropout import LockedDropout
from realsam_edu.neurons import lif as neurons
from realsam_edu.neurons import surrogate
from realsam_edu.neurons.layer import RecurrentLIF
from realsam_edu.neurons.surrogate import surrogate_grad
from realsam_edu.text import bpe_lesson

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("[0-9][0-9]_*.ipynb"))


# ---------------------------------------------------------------- reading notebooks


def cells(path):
    """Yield `(id, type, tags, source)` for every cell."""
    for cell in nbformat.read(path, as_version=4).cells:
        yield cell.id, cell.cell_type, cell.metadata.get("tags", []), cell.source


def imports(source: str) -> str:
    """Return the top-level import statements of a cell, one a line."""
    found = (n for n in ast.parse(source).body if isinstance(n, ast.Import | ast.ImportFrom))
    return "\n".join(map(ast.unparse, found))


def defined_names(source: str) -> list[str]:
    """Return the functions, classes and constants that a cell defines at top level."""
    names = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign):
            names += [t.id for t in node.targets if isinstance(t, ast.Name)]
    return names


def definitions(path) -> dict[str, object]:
    """Execute imports and `defines` cells in order; return every defined name and its value."""
    namespace, found = {"__name__": f"notebook_{path.stem}"}, {}
    for cell_id, kind, tags, source in cells(path):
        if kind != "code":
            continue
        code = source if "defines" in tags else imports(source)
        exec(compile(code, f"{path.name}:{cell_id}", "exec"), namespace)
        if "defines" in tags:
            found |= {name: namespace[name] for name in defined_names(source)}
    return found


def solutions(path):
    """Yield `(stub, check, solution)` sources for every exercise of a notebook."""
    listed = list(cells(path))
    for at, (cell_id, _, tags, stub) in enumerate(listed):
        if "exercise" in tags:
            check = next(c for c in listed[at + 1 :] if "check" in c[2])
            help_cells = [c for c in listed[at + 1 : at + 4] if c[1] == "markdown"]
            text = "\n".join(source for *_, source in help_cells[:1])
            blocks = re.findall(r"<summary>Solution.*?```python\n(.*?)```", text, flags=re.S)
            yield pytest.param(path, stub, check[3], blocks, id=f"{path.stem[:2]}-{cell_id}")


# ---------------------------------------------------------------- comparing


def same(mine, theirs, *inputs, atol=0.0):
    """Compare outputs within `atol`, and the gradients of all inputs for a random upstream."""
    rng = torch.Generator().manual_seed(11)
    results = []
    for fn in (mine, theirs):
        leaves = [x.clone().requires_grad_(x.is_floating_point()) for x in inputs]
        out = fn(*leaves)
        out = out if isinstance(out, tuple) else (out,)
        rng.manual_seed(11)
        loss = sum((o * torch.randn(o.shape, generator=rng)).sum() for o in out if o.requires_grad)
        assert isinstance(loss, torch.Tensor), "no output depends on an input"
        wanted = [leaf for leaf in leaves if leaf.requires_grad]
        grads = torch.autograd.grad(loss, wanted, allow_unused=True)
        results.append((out, grads))
    (out, grads), (out_theirs, grads_theirs) = results
    for a, b in zip(out, out_theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=atol)
    for a, b in zip(grads, grads_theirs, strict=True):
        assert (a is None) == (b is None), "one side sends a gradient, the other does not"
        if a is not None:
            torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-6)


def edge_values(*shape):
    """Random numbers with the values that strict comparisons turn on: 0, 1 and -1."""
    x = torch.randn(*shape, generator=torch.Generator().manual_seed(5))
    x.view(-1)[:3] = torch.tensor([0.0, 1.0, -1.0])
    return x


def compare_surrogate_grad(fn):
    for slope in (0.5, 2.0, 25.0):
        same(lambda x, k=slope: fn(x, k), lambda x, k=slope: surrogate_grad(x, k), edge_values(200))
    same(fn, surrogate_grad, edge_values(50))  # the same default slope


def compare_spike(fn):
    for slope in (0.5, 2.0, 25.0):
        same(
            lambda x, k=slope: fn(x, k), lambda x, k=slope: surrogate.spike(x, k), edge_values(200)
        )
    same(fn, surrogate.spike, edge_values(50))


def _membranes():
    rng = torch.Generator().manual_seed(6)
    cur, mem = torch.rand(3, 7, generator=rng), 2 * torch.rand(3, 7, generator=rng)
    beta, thr = torch.rand(7, generator=rng), 0.5 + torch.rand(7, generator=rng)
    mem[0] = thr  # exactly at threshold: no spike, no reset
    return cur, mem, beta, thr


def compare_lif_step(fn):
    same(fn, neurons.lif_step, *_membranes())
    cur, mem, *_ = _membranes()
    same(lambda c, m: fn(c, m, 0.9), lambda c, m: neurons.lif_step(c, m, 0.9), cur, mem)


def compare_rlif_step(fn):
    cur, mem, beta, thr = _membranes()
    rng = torch.Generator().manual_seed(8)
    w_rec, spk = torch.randn(7, 7, generator=rng), (torch.rand(3, 7, generator=rng) < 0.3).float()
    same(fn, neurons.rlif_step, cur, spk, mem, w_rec, beta, thr, atol=1e-6)


def compare_ste_threshold(fn):
    same(fn, encoder.ste_threshold, 2 * edge_values(200))
    same(fn, encoder.ste_threshold, edge_values(4, 5))


def compare_encoder(cls):
    """Same table in, same spikes and the same gradient of the table out."""
    torch.manual_seed(0)
    theirs = encoder.SpikeEncoder(11, 6)
    mine = cls(11, 6)
    mine.load_state_dict(theirs.state_dict())
    tokens = torch.arange(11).repeat(2, 1)
    upstream = torch.randn(2, 11, 6)
    for model in (mine, theirs):
        (model(tokens) * upstream).sum().backward()
    assert torch.equal(mine(tokens), theirs(tokens))
    for a, b in zip(mine.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(a.grad, b.grad)


def compare_recurrent_lif(cls):
    """Same numbers at birth, same recordings, same gradients of weights and leaks."""
    results = []
    for one in (cls, RecurrentLIF):
        torch.manual_seed(3)
        lif = one(6, 2.0, (0.5, 5.0))
        spk, mem, state = lif(torch.randn(9, 2, 6))
        grads = torch.autograd.grad(spk.sum() + mem.square().sum(), list(lif.parameters()))
        results.append([*lif.parameters(), spk, mem, *grads, *lif.step(torch.randn(2, 6), state)])
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)


def compare_heaviside(fn):
    x = edge_values(200)
    assert torch.equal(fn(x), (x > 0).float())


def compare_hand_function(cls):
    """Recordings and gradients in float64; the past comes as two tensors."""
    nb04.check_hand_scan(lambda cur, *given: _hand_scan(cls, cur, *given))


def _hand_scan(cls, cur, w_rec, beta, thr, slope, state):
    state = state or neurons.zero_state(cur.shape[1], cur.shape[2], cur)
    spk_rec, mem_rec = cls.apply(cur, w_rec, beta, thr, slope, *state)
    return spk_rec, mem_rec, neurons.LIFState(spk_rec[-1], mem_rec[-1])


def compare_locked_dropout(cls):
    x, results = torch.ones(5, 3, 40), []
    for one in (cls, LockedDropout):
        torch.manual_seed(4)
        results.append(one(0.3)(x))
        assert torch.equal(one(0.3).eval()(x), x) and torch.equal(one(0.0)(x), x)
    assert torch.equal(*results)


def compare_spiking_layer(cls):
    layers = []
    for one in (cls, v1.SpikingLayer):
        torch.manual_seed(5)
        layers.append(one(4, v1.V1Config(hidden=6)).state_dict())
    assert layers[0].keys() == layers[1].keys()
    assert all(torch.equal(layers[0][name], layers[1][name]) for name in layers[0])


def compare_merge(fn):
    for parts, pair in (("aaab", "aa"), ("banana", "an"), ("", "ab"), ("abab", "ba")):
        assert fn(list(parts), tuple(pair)) == bpe_lesson.merge(list(parts), tuple(pair))


COMPARISONS = {
    "surrogate_grad": compare_surrogate_grad,
    "Spike": lambda cls: compare_spike(lambda x, slope=surrogate.SLOPE: cls.apply(x, slope)),
    "spike": compare_spike,
    "lif_step": compare_lif_step,
    "rlif_step": compare_rlif_step,
    "reference_scan": nb03.check_scan,
    "RecurrentLIF": compare_recurrent_lif,
    "heaviside": compare_heaviside,
    "forward_in_time": nb04.check_forward,
    "backward_in_time": nb04.check_backward,
    "HandScan": compare_hand_function,
    "hand_scan": nb04.check_hand_scan,
    "LockedDropout": compare_locked_dropout,
    "SpikingLayer": compare_spiking_layer,
    "V1": nb03.check_v1,
    "merge": compare_merge,
    "learn_merges": nb05.check_learn_merges,
    "ResidualBlock": nb05.check_residual_block,
    "TiedReadout": nb05.check_tied_readout,
    "StraightThrough": lambda cls: compare_ste_threshold(cls.apply),
    "ste_threshold": compare_ste_threshold,
    "SpikeEncoder": compare_encoder,
    "homeostasis": nb07.check_homeostasis,
    "draw_diversity": nb08.check_diversity,
    "gain": nb08.check_gain,
    "update_stress": nb08.check_update_stress,
    "rate_penalty": nb08.check_rate_penalty,
    "converged": nb06.check_converged,
    "penalised": nb09.check_penalised,
    "tuning": nb10.check_tuning,
    "clamped": nb10.check_clamped,
}


# ---------------------------------------------------------------- the tests


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_definitions_equal_the_package(path):
    for name, value in definitions(path).items():
        assert name in COMPARISONS, f"{path.name} defines {name}, and no comparison covers it"
        COMPARISONS[name](value)


def test_every_idea_is_defined_in_one_notebook():
    seen = {}
    for path in NOTEBOOKS:
        for name in definitions(path):
            assert name not in seen, f"{name} is defined in {seen[name]} and in {path.name}"
            seen[name] = path.name
    assert {"lif_step", "spike", "ste_threshold"} <= seen.keys()


def test_a_changed_definition_is_noticed():
    """The comparisons themselves are tested: plausible wrong versions must fail."""

    slope = surrogate.SLOPE

    def leaky_reset(cur, mem, beta, thr=1.0):
        mem = beta * mem + cur - beta * (mem - thr > 0).float() * thr
        return surrogate.spike(mem - thr), mem

    wrong = [
        ("spike", lambda x, k=slope: surrogate.spike(x, k) * 0.999),
        ("spike", lambda x, k=slope: surrogate.spike(x + 1e-9, k)),
        ("spike", lambda x, k=slope + 1: surrogate.spike(x, k)),
        ("lif_step", leaky_reset),
        ("lif_step", lambda c, m, b, t=1.0: neurons.lif_step(c, m, b, t, slope + 1)),
        ("ste_threshold", lambda x: (x >= 0).float() + x - x.detach()),
    ]
    for name, fn in wrong:
        with pytest.raises(AssertionError):
            COMPARISONS[name](fn)


EXERCISES = [case for path in NOTEBOOKS for case in solutions(path)]


@pytest.mark.parametrize(("path", "stub", "check", "blocks"), EXERCISES)
def test_exercise(path, stub, check, blocks, capsys):
    assert len(blocks) == 1, "an exercise is followed by its check and one solution"
    namespace = {}
    for _, kind, _, source in cells(path):
        if kind == "code":
            exec(imports(source), namespace)
    exec(stub, namespace)
    exec(check, namespace)
    assert "not started" in capsys.readouterr().out
    exec(blocks[0], namespace)
    exec(check, namespace)
    assert "✓" in capsys.readouterr().out
