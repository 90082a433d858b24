"""All models anew, outside of a refresh: after rows were taken out, or made nobody's."""

from datetime import datetime

from flows import definition, north_star, transform
from flows.places import Places
from pipelines.settings import Settings


def rebuild(places: Places, settings: Settings, as_of: datetime) -> None:
    """Build and test every layer as of an instant, on which the settings stand in the warehouse already."""
    defined = definition.definition(settings)
    for layer in transform.LAYERS:
        if layer == transform.KPIS:
            north_star.write(places, settings)
        # What was reported stays, and is no model's to build anew.
        transform.build(places, layer, anew=layer != transform.HISTORY)
    definition.keep_build(places, defined, as_of)
