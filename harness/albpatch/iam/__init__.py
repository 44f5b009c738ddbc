"""IAM: would this role be allowed this call?"""
