"""The version map: all four versions, and one "you are here"."""

import pytest

from realsam_edu import plots

pytestmark = pytest.mark.usefixtures("clean_style")


@pytest.mark.parametrize("name", ["V1", "V4"])
def test_version_map_says_where_we_are(name):
    texts = [text.get_text() for text in plots.version_map(name).texts]
    assert sum("you are here" in text for text in texts) == 1
    assert {"V1", "V2", "V3", "V4"} <= set(texts)
