"""Results for people: terminal, HTML, JSON."""
