"""The outside world on one machine: a platform, a courier, an ERP, a chat robot and a self-built shop.

Independent of `shared` on purpose: it signs, verifies and counts with its own code, so that one mistake
cannot hide on both sides. Run it with `python -m infra.local.sandbox --help`.
"""
