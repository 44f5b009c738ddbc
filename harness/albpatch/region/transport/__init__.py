"""How calls reach the region: in process and over HTTP."""
