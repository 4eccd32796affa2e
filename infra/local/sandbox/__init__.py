"""The outside world on one machine: a platform, couriers and who tracks them, an ERP, a chat robot, a self-built shop.

Independent of `shared` on purpose: it signs, verifies and counts with its own code, so that one mistake
cannot hide on both sides. Run it with `python -m infra.local.sandbox --help`.
"""
