"""What is really there: load balancers, Systems Manager and IAM, compared with a deployment. Reads only."""
