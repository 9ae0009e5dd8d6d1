"""What the README says of Sam in the page, made from the table of `realsam page`."""

from .origin import processor

VERSIONS = ("v1", "v4")  # those that write on the site


def page_markdown(table: dict) -> str:
    """Return two sentences from the table, or what would make it."""
    rows = {name: table.get(name, {}) for name in VERSIONS}
    missing = [name for name, row in rows.items() if not {"loss", "speed"} <= row.keys()]
    if missing:
        return (
            f"How fast Sam writes in a web page has not been measured for {', '.join(missing)}: "
            "`realsam page --help` says how.\n"
        )
    fast = ", ".join(
        f"{name.upper()} {row['speed']['tokens_per_second']:,.0f}" for name, row in rows.items()
    )
    cost = ", ".join(
        f"{name.upper()} {row['loss']['cost_nats']:+.4f}" for name, row in rows.items()
    )
    first = rows[VERSIONS[-1]]["speed"]
    return (
        f"In a web page, 8-bit weights and plain JavaScript, tokens per second: {fast} "
        f"({first['browser']}, {processor(first['hardware'])}, commit `{first['commit']}`). "
        f"Nats per token that the 8 bits cost: {cost}.\n"
    )
