"""What is remembered where: a check of a whole grammar, before anything is drawn from it."""

from ...runtime.errors import RealSamError
from .grammar import Choice, Node, Pick, Pool, Seq, Slot

Known = dict[str, frozenset[Pool]]  # the pools that the word under a name may come from


def check(node: Node, known: Known) -> Known:
    """Return what is certainly remembered after `node`, where `known` is remembered before it.

    Raises:
        RealSamError: `node` asks for a word that is not remembered there, for a form that the word
            may not have, or for the pool of a key that its table lacks.
    """
    match node:
        case Slot():
            for entry in (entry for pool in _pools(node.name, known) for entry in pool.entries):
                if node.form not in entry.forms:
                    raise RealSamError(
                        f"The storybook writes {{{node.name}.{node.form}}}, but '{entry}' has no "
                        "such form; draw it from another pool or write another form."
                    )
        case Pick():
            for name in filter(None, (node.by, *node.but)):
                keys = {entry.key for pool in _pools(name, known) for entry in pool.entries}
                if name == node.by and not keys <= node.pools.keys():
                    missing = ", ".join(sorted(keys - node.pools.keys()))
                    raise RealSamError(
                        f"The storybook draws from {node.group} by the key of '{name}', which may "
                        f"be '{missing}'; add a pool for that key to the table."
                    )
            if node.name:
                return known | {node.name: frozenset(node.pools.values())}
        case Seq():
            for one in node.nodes:
                known = check(one, known)
        case Choice():
            ends = [check(one, known) for one in node.nodes]
            names = set.intersection(*map(set, ends))
            return {name: frozenset().union(*(end[name] for end in ends)) for name in names}
    return known


def _pools(name: str, known: Known) -> frozenset[Pool]:
    if name not in known:
        raise RealSamError(
            f"The storybook asks for the word remembered as '{name}' where there may be none; draw "
            f"it before, as in {{{name}=toys}}."
        )
    return known[name]
