"""The same examples on every machine and every day; who asks for more of them also gets new ones."""

import os

from hypothesis import settings

from tests.security.examples import MORE

settings.register_profile("security", deadline=None, database=None, derandomize=MORE not in os.environ)
settings.load_profile("security")
