"""The table of a comparison, made from its file."""


def comparison_lines(table: dict) -> list[str]:
    """Return the table as text: mean and range over the seeds, per variant."""
    lines = [f"{'':32} seeds   nats per token         rate  moderate"]
    for name in dict.fromkeys(row["name"] for row in table["rows"]):
        rows = [row for row in table["rows"] if row["name"] == name]
        vals = [row["val"] for row in rows]
        mean = [sum(row[key] for row in rows) / len(rows) for key in ("val", "rate", "moderate")]
        lines.append(
            f"{name:32} {len(rows):5}   {mean[0]:.3f} ({min(vals):.3f} to {max(vals):.3f})  "
            f"{mean[1]:6.1%}  {mean[2]:6.1%}"
        )
    return lines
