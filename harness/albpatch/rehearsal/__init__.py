"""A patch night rehearsed on the local region."""
