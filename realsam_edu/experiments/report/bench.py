"""The table of `realsam bench` as text, made from its JSON."""

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


def training_lines(version: str, part: dict) -> list[str]:
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


def generation_lines(part: dict) -> list[str]:
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


def scaling_lines(part: dict) -> list[str]:
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


def lines(table: dict) -> list[str]:
    """Return the whole table, section by section, as far as it is measured."""
    machine = table["stamp"]["hardware"]
    threads = machine["threads"]
    out = [
        f"{machine['gpu'] or machine['cpu']}, {threads} thread{'s' if threads > 1 else ''}, "
        f"torch {machine['torch']}, commit {table['stamp']['commit']}"
    ]
    if table["stamp"]["quick"]:
        out.append("Tiny sizes: this tries the command and says nothing about speed.")
    for version, part in table.get("train", {}).items():
        out += ["", *training_lines(version, part)]
    for name, say in (("generate", generation_lines), ("scaling", scaling_lines)):
        if name in table:
            out += ["", *say(table[name])]
    return out
