"""What things cost, as ratios to baselines measured in the same run: `python -m bench.<name>`."""
