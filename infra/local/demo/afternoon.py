"""One afternoon: all scenes, played together on one clock.

Minute 0 is one o'clock in Beijing: everything is paid and shipped. Refunds begin at minute 20; a week later the last
parcel is back.
"""

from infra.local.demo.people_scenes import PEOPLE_SCENES
from infra.local.demo.plans import DAY_MIN
from infra.local.demo.road_scenes import ROAD_SCENES
from infra.local.demo.scenes import Scene

SCENES: tuple[Scene, ...] = tuple(sorted((*ROAD_SCENES, *PEOPLE_SCENES), key=lambda scene: scene.number))
LASTS_MIN = 7 * DAY_MIN + 240
