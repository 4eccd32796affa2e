"""One afternoon: all scenes, played together on one clock.

Minute 0 is one o'clock in Beijing: nearly everything is paid and shipped. Refunds begin at minute 20; a week later the
last parcel of theirs is back. After ten days a parcel without a scan is given up for lost.
"""

from infra.local.demo.chat_scenes import CHAT_SCENES
from infra.local.demo.people_scenes import PEOPLE_SCENES
from infra.local.demo.plans import DAY_MIN
from infra.local.demo.road_scenes import ROAD_SCENES
from infra.local.demo.scenes import Scene
from infra.local.demo.watch_scenes import WATCH_SCENES

SCENES: tuple[Scene, ...] = tuple(
    sorted((*ROAD_SCENES, *PEOPLE_SCENES, *WATCH_SCENES, *CHAT_SCENES), key=lambda scene: scene.number)
)
LASTS_MIN = 10 * DAY_MIN + 720
