"""One home for every color: Okabe-Ito, chosen by role, for light and dark paper.

Figures (`plots`), widgets and the site's style sheet all take their colors from here. Hue is never
the only cue: thresholds are dashed, spikes are marks, layers are labelled.
"""

OKABE_ITO = {
    "black": "#000000",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "green": "#009E73",
    "yellow": "#F0E442",
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "purple": "#CC79A7",
}

PALETTE = {
    "membrane": OKABE_ITO["blue"],
    "spike": OKABE_ITO["vermillion"],
    "threshold": "#3A3F4B",  # ink, always dashed
    "current": OKABE_ITO["green"],
    "surrogate": OKABE_ITO["purple"],
    "true_gradient": "#3A3F4B",
    "stress": OKABE_ITO["orange"],
    "target": OKABE_ITO["green"],
    "layer1": OKABE_ITO["blue"],
    "layer2": OKABE_ITO["green"],
    "layer3": OKABE_ITO["purple"],
    "layer4": OKABE_ITO["vermillion"],
    "layer5": OKABE_ITO["orange"],
    "layer6": OKABE_ITO["sky"],
    "ink": "#1F2430",
    "muted": "#5B6272",
    "paper": "#FCFBF8",
    "panel": "#F3F1EB",
    "grid": "#DEDBD2",
}

PALETTE_DARK = PALETTE | {
    "membrane": OKABE_ITO["sky"],  # the deep blue is too dark on dark paper
    "spike": "#FF7F2A",  # vermillion, lightened for contrast
    "threshold": "#C9C6BE",
    "current": "#2CC295",
    "surrogate": "#E29CC3",
    "true_gradient": "#C9C6BE",
    "target": "#2CC295",
    "layer1": OKABE_ITO["sky"],
    "layer2": "#2CC295",
    "layer3": "#E29CC3",
    "layer4": "#FF7F2A",
    "layer6": OKABE_ITO["yellow"],
    "ink": "#ECEAE4",
    "muted": "#A9AEBB",
    "paper": "#191D25",
    "panel": "#222731",
    "grid": "#3A414F",
}

THEMES = {"light": PALETTE, "dark": PALETTE_DARK}


def css_variables(theme: str, indent: str = "  ") -> str:
    """The theme's colors as CSS custom properties, one `--rs-role: #hex;` per line."""
    roles = THEMES[theme].items()
    return "\n".join(f"{indent}--rs-{role.replace('_', '-')}: {color};" for role, color in roles)
