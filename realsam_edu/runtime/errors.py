"""The one kind of error that is the user's to put right."""


class RealSamError(Exception):
    """Something the user can put right: one sentence on what was wrong and the way out."""
