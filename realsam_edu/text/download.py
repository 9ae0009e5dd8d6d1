"""Downloads that go on where they broke off, and are checked when they are complete.

`datasets` and `huggingface_hub` (5.2.0, 2.4.0) begin a file anew after an interruption: of 2.19 MB,
killed after 1.97 MB, they fetched 2.19 MB again. Without a network they try for 24 seconds.
"""

import hashlib
import http.client
import os
import urllib.error
import urllib.request
from pathlib import Path

from tqdm.auto import tqdm

from ..runtime.errors import RealSamError

PIECE = 2**16  # bytes; what is lost at most when a download is killed
TIMEOUT = 30  # seconds without a byte


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, and keeps what the Hub says of a file before it sends one elsewhere."""

    sha256 = None

    def redirect_request(self, request, reply, code, message, headers, url):
        """Follow; see the base class."""
        self.sha256 = headers.get("X-Linked-ETag") or self.sha256
        return super().redirect_request(request, reply, code, message, headers, url)


def download(url: str, target: Path, option: str, sha256: str | None = None) -> None:
    """Fetch `url` to `target`; what an earlier attempt left in `target` + `.part` is not fetched.

    Args:
        url: of one file.
        target: where it goes when it is complete.
        option: what the user can write to give a copy of the file instead.
        sha256: of the file, in hexadecimal; None takes what the Hub says, if it does.

    Raises:
        RealSamError: no network, no such file, no space, or what came is not what was expected.
    """
    part = target.with_name(target.name + ".part")
    print(f"Downloading {url}")
    try:
        told = _transfer(url, part)
    except (OSError, http.client.HTTPException) as error:
        why = str(getattr(error, "reason", error)).strip() or type(error).__name__
        raise RealSamError(
            f"Could not download {url} ({why.splitlines()[0].rstrip('.')}); run the same command "
            "again to go on where it stopped, or fetch it on another machine and give its place "
            f"with path= ({option})."
        ) from None
    with part.open("rb") as file:
        found, expected = hashlib.file_digest(file, "sha256").hexdigest(), sha256 or told
    if expected not in (None, found):
        part.unlink()
        raise RealSamError(
            f"What came from {url} is damaged (its SHA-256 is another); run the same command again "
            "to fetch it anew."
        )
    os.replace(part, target)


def _transfer(url: str, part: Path) -> str | None:
    """Append to `part` what is missing of `url`; return the SHA-256 that the Hub tells, or None."""
    have = part.stat().st_size if part.exists() else 0
    redirects = _Redirects()
    headers = {"Range": f"bytes={have}-"} if have else {}
    request = urllib.request.Request(url, headers=headers)
    try:
        reply = urllib.request.build_opener(redirects).open(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code != 416:
            raise
        part.unlink()  # it is longer than the file, or complete and never looked at
        return _transfer(url, part)
    with reply:
        goes_on = reply.status == 206  # or the server sends it all
        part.parent.mkdir(parents=True, exist_ok=True)
        start = have if goes_on else 0
        size = None if reply.length is None else start + reply.length
        bar = tqdm(total=size, initial=start, unit="B", unit_scale=True, leave=False, disable=None)
        with part.open("ab" if goes_on else "wb", buffering=0) as file, bar:
            while piece := reply.read(PIECE):
                file.write(piece)
                bar.update(len(piece))
        if reply.length:  # bytes that were promised and never came
            raise http.client.IncompleteRead(b"", reply.length)
        said = reply.headers.get("X-Linked-ETag") or redirects.sha256 or ""
    said = said.strip('W/"')
    return said if len(said) == 64 else None
