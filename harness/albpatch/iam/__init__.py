"""Would AWS allow this call? A policy evaluator, and the table: API operation -> IAM actions and resources.

Knows IAM's documents only; who has which policy is asked elsewhere.
"""
