"""Automation documents: typed model, and what AWS would refuse."""
