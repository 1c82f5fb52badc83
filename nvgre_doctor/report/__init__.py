"""The Report, and everything that is its contract: JSON both ways, fingerprints, baselines."""
