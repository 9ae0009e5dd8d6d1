"""The browser files of the book, so that its pages need no network.

Exact versions and checksums stand in ``package.json``; npm fetches them, this module copies the few
files that the pages use into ``book/static/vendor``. Without npm the site loads them from a CDN.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

BOOK = Path(__file__).resolve().parent
VENDOR = BOOK / "static" / "vendor"
ICONS = "1551f4f60c37af51121f.woff2"
COPY = {  # npm package -> {name under vendor/: file or folder inside it}
    "requirejs": {"require.js": "require.js"},
    "@jupyter-widgets/html-manager": {
        "html-manager/dist/embed-amd.js": "dist/embed-amd.js",
        # It looks for its icons beside itself, or, if another script happened to load last, here:
        f"html-manager/dist/{ICONS}": f"dist/{ICONS}",
        ICONS: f"dist/{ICONS}",
    },
    "mathjax": {
        "mathjax/tex-mml-chtml.js": "es5/tex-mml-chtml.js",
        "mathjax/output/chtml/fonts/woff-v2": "es5/output/chtml/fonts/woff-v2",
        "mathjax/input/tex/extensions": "es5/input/tex/extensions",
        "mathjax/LICENSE": "LICENSE",
    },
    "@fontsource-variable/newsreader": {  # the front page's; without it a serif of the system
        "fonts/newsreader.woff2": "files/newsreader-latin-opsz-normal.woff2",
        "fonts/newsreader-italic.woff2": "files/newsreader-latin-wght-italic.woff2",
        "fonts/newsreader-LICENSE": "LICENSE",
    },
    "@fontsource-variable/source-sans-3": {
        "fonts/source-sans.woff2": "files/source-sans-3-latin-wght-normal.woff2",
        "fonts/source-sans-italic.woff2": "files/source-sans-3-latin-wght-italic.woff2",
        "fonts/source-sans-LICENSE": "LICENSE",
    },
}
SPHINX_CONFIG = {  # replaces the CDN addresses that Sphinx and MyST-NB would write into the pages
    "mathjax_path": "vendor/mathjax/tex-mml-chtml.js",
    "nb_ipywidgets_js": {
        "vendor/require.js": {},
        "paths.js": {},
        "vendor/html-manager/dist/embed-amd.js": {},
    },
}


def install() -> bool:
    """Make sure the files are there; return False when the site has to fall back to a CDN."""
    wanted = json.loads((BOOK / "package.json").read_text())
    bridge = _anywidget()
    anywidget = hashlib.sha256(bridge.read_bytes()).hexdigest()
    stamp = json.dumps([wanted["dependencies"], COPY, anywidget])
    if (VENDOR / "stamp.json").exists() and (VENDOR / "stamp.json").read_text() == stamp:
        return True
    npm = shutil.which("npm")
    if npm is None:
        print("npm is not installed: the pages will load their widgets and mathematics from a CDN.")
        return False
    shutil.rmtree(VENDOR, ignore_errors=True)
    try:
        for name, version in wanted["dependencies"].items():
            fetch(npm, name, version, wanted["integrity"][name], VENDOR, COPY[name])
    except (OSError, subprocess.CalledProcessError, tarfile.TarError) as error:
        shutil.rmtree(VENDOR, ignore_errors=True)
        reason = getattr(error, "stderr", None) or str(error)
        print(f"npm could not fetch the browser files ({reason.strip().splitlines()[-1]}):")
        print("the pages will load their widgets and mathematics from a CDN.")
        return False
    shutil.copy(bridge, VENDOR / "anywidget.js")
    (VENDOR / "stamp.json").write_text(stamp)
    print(f"Browser files installed in {VENDOR.relative_to(BOOK.parent)}.")
    return True


def _anywidget() -> Path:
    """Return the page-side half of anywidget, which its Python package ships."""
    spec = importlib.util.find_spec("anywidget")
    if spec is None:
        raise SystemExit("anywidget is not installed: run `pip install -r requirements.txt`.")
    return Path(spec.origin).parent / "nbextension" / "index.js"


def fetch(npm: str, name: str, version: str, integrity: str, into: Path, files: dict) -> None:
    """Download one npm package, check its checksum and copy some files of it.

    Args:
        npm: path of the program.
        name, version, integrity: of the package.
        into: folder that the files go to.
        files: name there -> file or folder in the package.

    Raises:
        OSError: the package has another checksum, or could not be written.
        subprocess.CalledProcessError: npm could not fetch it.
    """
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [npm, "pack", "--silent", f"{name}@{version}"],
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
        )
        archive = next(Path(folder).glob("*.tgz"))
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if integrity != f"sha512-{digest}":
            raise OSError(f"{name} {version} has another checksum than book/package.json says")
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        for target, source in files.items():
            inside, outside = Path(folder) / "package" / source, into / target
            outside.parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if inside.is_dir() else shutil.copy
            copy(inside, outside)
