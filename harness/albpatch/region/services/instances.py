"""EC2's operations on instances: the control plane's own state, which hosts keep true when they stop or start."""

from albpatch.region.operations import answered_by_backend

answered_by_backend("ec2", "DescribeInstances")
