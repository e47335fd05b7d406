"""Tensors in safetensors files that notice any damage: one changed bit, wherever, and they say so.

A file carries the SHA-256 of itself. It is written with zeros in the hash's place, hashed, and the
hash put there; the reader puts the zeros back and hashes once more.
"""

import hashlib
import json

from safetensors.torch import load as from_bytes
from safetensors.torch import save as to_bytes

_ZEROS = "0" * 64
_PLACE = b'"sha256":"'


def seal(tensors, metadata):
    """Return tensors on the CPU and metadata of texts as a sealed safetensors file's bytes."""
    content = to_bytes(tensors, metadata={**metadata, "sha256": _ZEROS})
    digest = hashlib.sha256(content).hexdigest()
    return content.replace(_PLACE + _ZEROS.encode(), _PLACE + digest.encode(), 1)


def header(content):
    """Return the metadata that a safetensors file begins with; raise anything if it is none."""
    length = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + length]).get("__metadata__", {})


def unseal(content):
    """Return (tensors, metadata) of a sealed file's bytes; raise if a bit has changed.

    A ValueError if the hash is another one or missing, nearly anything else if the file is damaged.
    """
    metadata = header(content)
    digest = metadata.get("sha256", "none")
    blank = content.replace(_PLACE + digest.encode(), _PLACE + _ZEROS.encode(), 1)
    if hashlib.sha256(blank).hexdigest() != digest:
        raise ValueError("it has no checksum, or another one than its content")
    return from_bytes(content), metadata
