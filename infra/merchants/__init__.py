"""What operators do with merchants and their policies: `python -m infra.merchants`."""
