"""The guard and verdicts are pure; work and incidents use a database; scans and repairs a simulated cloud."""
