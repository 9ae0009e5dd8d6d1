"""The table of `realsam bench`, made from its JSON: as text, and what the README says of it."""

from .origin import processor

SECTIONS = ("train.v4", "train.v1", "generate", "scaling")
UNITS = ((1e12, "TFLOP/s"), (1e9, "GFLOP/s"), (1e6, "MFLOP/s"))


def flops(value: float) -> str:
    """Return operations per second with a readable unit."""
    size, unit = next((pair for pair in UNITS if value >= pair[0]), UNITS[-1])
    return f"{value / size:.3g} {unit}"


def _cell(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _spread(row: dict, tokens: int) -> str:
    fastest, slowest = row["spread"]
    return f"{tokens / slowest:,.0f} to {tokens / fastest:,.0f}"


def measured_sections(table: dict) -> dict[str, dict]:
    """Return the sections that a table has, by their dotted names; a part may be unfinished."""
    found = {}
    for name in SECTIONS:
        section = table
        for key in name.split("."):
            section = section.get(key, {})
        if section:
            found[name] = section
    return found


def _origin(measured: dict) -> str:
    """Where and when a section was measured; the commit is `None` outside a checkout."""
    return (
        f"{processor(measured['hardware'])}, torch {measured['hardware']['torch']}, "
        f"commit {measured['commit']}, {measured['date']}"
    )


def _training_lines(version: str, part: dict) -> list[str]:
    """Return the rows of one version, and its share of the machine's peak."""
    tokens, rows = part["batch_size"] * part["seq_len"], part["rows"]
    out = [
        f"{version.upper()}, {part['parameters']:,} parameters: training steps of "
        f"{part['batch_size']} × {part['seq_len']} tokens, medians of {part['rounds']} rounds",
        f"  {'':30}{'parameters':>12}{'tokens/s':>10}  {'spread':20}{'× snnTorch':>10}{'MB':>8}",
    ]
    for name, row in rows.items():
        times = 1.0 if name == "snntorch" else part.get(f"{name}_over_snntorch")
        out.append(
            f"  {row['label']:30}{row['parameters']:>12,}{row['tokens_per_second']:>10,.0f}  "
            f"{_spread(row, tokens):20}{_cell(times, '.2f'):>10}"
            f"{_cell(row['peak_mb'], ',.0f'):>8}"
        )
    out += [f"  {label:30}{reason}" for label, reason in part["not_run"].items()]
    product = part["product"]
    out.append(
        f"  Sam's step runs at {flops(part['flops'])}, {part['share_of_peak']:.0%} of a float32 "
        f"product of {product['size']}² ({flops(product['flops'])})."
    )
    out.append(
        f"  In bf16 {flops(part['flops_bf16'])}: {part['bf16_share_of_peak']:.0%} of that, and "
        f"{part['bf16_share_of_bf16_peak']:.0%} of a bf16 product "
        f"({flops(product['flops_bf16'])})."
    )
    return out


def _writing_lines(part: dict) -> list[str]:
    """Return what one token costs, near and far from the beginning."""
    sam, gpt = part["v4"], part["gpt"]
    rows = [
        ("Sam, event-driven", sam["event_tokens_per_second"]),
        ("Sam, dense step", sam["dense_tokens_per_second"]),
        ("Sam, drawing tokens as well", sam["written_tokens_per_second"]),
        ("GPT of equal size, cached", gpt["tokens_per_second"]),
    ]
    state = "trained" if sam["trained"] else "untrained: no checkpoint here"
    out = [f"Writing, one text, {sam['parameters']:,} parameters ({state}), on the CPU"]
    out += [f"  {label:30}{speed:>10,.0f} tokens/s" for label, speed in rows]
    out.append(f"  Event-driven over dense: {sam['event_over_dense']:.2f} times as fast.")
    out.append(
        f"  {'at token':>12}{'Sam, µs':>10}{'× first':>9}{'process MB':>12}"
        f"{'GPT, µs':>12}{'× first':>9}{'cache MB':>10}"
    )
    for mine, theirs in zip(sam["positions"], gpt["positions"], strict=True):
        out.append(
            f"  {mine['token']:>12,}{mine['microseconds']:>10,.0f}{mine['over_first']:>9.2f}"
            f"{_cell(mine['memory_mb'], ',.0f'):>12}{theirs['microseconds']:>12,.0f}"
            f"{theirs['over_first']:>9.2f}{theirs['memory_mb']:>10,.1f}"
        )
    return out


def _growth_lines(part: dict) -> list[str]:
    """Return the straight lines through time against T, B and N."""
    out = [
        "Growth: milliseconds = fixed + slope · size, medians of "
        f"{part['rounds']} rounds ({part['batch_size']} × {part['seq_len']} tokens, "
        f"{part['neurons']} neurons where not varied)",
        f"  {'':22}{'sizes':20}{'fixed':>8}{'slope':>9}{'R²':>7}{'power law':>11}{'R²':>7}",
    ]
    rows = [(f"whole step of V4, {name}", part[name]) for name in ("T", "B")]
    rows += [(f"scan alone, {name}", part[name]["scan"]) for name in ("T", "B")]
    for label, line in [*rows, ("scan alone, N", part["N"])]:
        sizes = f"{line['sizes'][0]} to {line['sizes'][-1]}"
        out.append(
            f"  {label:22}{sizes:20}{1e3 * line['intercept']:>8.1f}{1e3 * line['slope']:>9.3f}"
            f"{line['r2']:>7.3f}{line['exponent']:>11.2f}{line['exponent_r2']:>7.3f}"
        )
    return out


def bench_lines(table: dict) -> list[str]:
    """Return the whole table, section by section, as far as it is measured.

    Each section is under the line that says on what it was measured, unless the last one was
    measured on the same.
    """
    out, said = [], None
    for name, section in measured_sections(table).items():
        origin = _origin(section["measured"])
        out += [] if origin == said else ["", origin]
        said = origin
        if name.startswith("train."):
            body = _training_lines(name.removeprefix("train."), section)
        else:
            body = _writing_lines(section) if name == "generate" else _growth_lines(section)
        out += ["", *body]
    if table["stamp"]["quick"]:
        return ["Tiny sizes: this tries the command and says nothing about speed.", *out]
    return out[1:]


def bench_markdown(table: dict) -> str:
    """Return how fast V4 learns and writes, beside whom, and on what.

    Args:
        table: with every section; see `measured_sections`.
    """
    return _training_markdown(table["train"]) + _writing_markdown(table)


def _training_markdown(versions: dict) -> str:
    v4, v1, rows = versions["v4"], versions["v1"], []
    for name, row in v4["rows"].items():
        times = 1.0 if name == "snntorch" else v4[f"{name}_over_snntorch"]
        memory = "" if row["peak_mb"] is None else f"{row['peak_mb']:,.0f} MB"
        rows.append(
            f"| {row['label']} | {row['parameters']:,} | {row['tokens_per_second']:,.0f} "
            f"| **{times:.2f}** | {memory} |\n"
        )
    missing = "".join(f"{label}: {reason}. " for label, reason in v4["not_run"].items())
    return (
        f"Training steps of V4, {v4['batch_size']} texts of {v4['seq_len']} tokens, everybody in "
        f"turns, medians of {v4['rounds']} rounds:\n\n"
        "| | parameters | tokens per second | times snnTorch | memory |\n"
        f"|---|---:|---:|---:|---:|\n{''.join(rows)}\n"
        f"{missing}Sam's step in float32 does {v4['share_of_peak']:.0%} of the operations per "
        f"second of a plain product of two {v4['product']['size']}² matrices in the same run, "
        f"{v4['product']['flops'] / 1e9:,.0f} GFLOP/s. "
        f"V1 learns {v1['fused_over_snntorch']:.1f} times as fast as in snnTorch's loop.\n"
    )


def _writing_markdown(table: dict) -> str:
    write, gpt, growth = table["generate"]["v4"], table["generate"]["gpt"], table["scaling"]
    first, last, theirs = write["positions"][0], write["positions"][-1], gpt["positions"][-1]
    measured = table["train"]["v4"]["measured"]
    return (
        f"One text at a time, V4 takes {write['event_tokens_per_second']:,.0f} tokens per second "
        f"event-driven ({write['written_tokens_per_second']:,.0f} if it also draws them), "
        f"{write['event_over_dense']:.1f} times as many as by the dense `model.step`; notebook 04 "
        "shows how much of that is the events and how much the arrangement. "
        f"Token {last['token']:,} costs {last['over_first']:.2f} times token "
        f"{first['token']:,}; with a transformer of equal size and its cache, "
        f"{theirs['over_first']:.1f} times, and {theirs['memory_mb']:,.0f} MB of cache.\n"
        f"Time grows as a straight line with the length of the window (R² "
        f"{growth['T']['r2']:.3f}) and with the number of texts (R² {growth['B']['r2']:.3f}).\n"
        f"Measured {measured['date']} on {processor(measured['hardware'])}, torch "
        f"{measured['hardware']['torch']}, commit `{measured['commit']}`.\n"
    )
