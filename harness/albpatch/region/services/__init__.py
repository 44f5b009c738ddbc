"""The AWS services of the region, one file per service or resource."""
