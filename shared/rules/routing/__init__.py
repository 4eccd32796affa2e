"""Which desk a buyer's message belongs to: a merchant's rules, compiled once, and what holds where none fits."""
