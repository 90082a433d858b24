"""The library that draws an opened KPI: Vega, Vega-Lite and their embedding, as its package gives them."""

import base64
import gzip
from importlib.metadata import version
from pathlib import Path

import vl_convert

EMBEDS = "window.vegaEmbed = vegaEmbed;"  # what the page calls


def packed(kept: Path) -> str:
    """Base64 of gzipped JavaScript. Bundling it takes seconds, so that of this version is kept in a folder."""
    bundle = kept / f"vl-convert-{version('vl-convert-python')}.js.gz"
    if not bundle.exists():
        kept.mkdir(parents=True, exist_ok=True)
        fresh = bundle.with_suffix(".new")
        fresh.write_bytes(gzip.compress(vl_convert.javascript_bundle(EMBEDS).encode(), mtime=0))
        fresh.replace(bundle)
    return base64.b64encode(bundle.read_bytes()).decode()
