"""The fault matrix: every call and every step of a night, each with everything that can go wrong there."""
