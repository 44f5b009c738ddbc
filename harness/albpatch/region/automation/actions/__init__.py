"""One file per aws: action."""
