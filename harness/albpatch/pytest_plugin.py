"""Options of the two suites a user runs: --plan-json and --deployment."""
