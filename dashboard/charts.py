"""The library that draws an opened KPI: Vega, Vega-Lite and their embedding, as its package gives them."""

import base64
import gzip
from pathlib import Path

import vl_convert


def packed(kept: Path) -> str:
    """Base64 of gzipped JavaScript. Bundling it takes seconds, so that of this version is kept in a folder."""
    bundle = kept / f"vl-convert-{vl_convert.__version__}.js.gz"
    if not bundle.exists():
        kept.mkdir(parents=True, exist_ok=True)
        fresh = bundle.with_suffix(".new")
        fresh.write_bytes(gzip.compress(vl_convert.javascript_bundle().encode(), mtime=0))
        fresh.replace(bundle)
    return base64.b64encode(bundle.read_bytes()).decode()
