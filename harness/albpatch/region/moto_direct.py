"""Operations that a night asks for again and again, answered by moto without the way through HTTP texts.

The same code of moto finds what is there; what is left out is botocore's request, moto's routing, XML and its reading:
8 ms of a DescribeInstances, of which 0.2 are left. A request that moto refuses, or that has a parameter which is not
named here, goes the long way.
"""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import BaseResponse
from moto.core.serialize import get_serializer_class
from moto.core.utils import camelcase_to_underscores, get_service_model
from moto.ec2.responses import EC2Response
from moto.elbv2.responses import ELBV2Response
from moto.utilities.aws_headers import gen_amzn_requestid_long
from werkzeug.exceptions import HTTPException

from albpatch.region.core import Region
from albpatch.region.moto_results import Reader, Unreadable

# Operation -> moto's class, and the parameters that it takes from where botocore would have put them.
_CALLS: dict[tuple[str, str], tuple[type[BaseResponse], frozenset[str]]] = {
    ("ec2", "DescribeInstances"): (EC2Response, frozenset({"InstanceIds", "Filters"})),
    ("ec2", "RunInstances"): (
        EC2Response,
        frozenset({"ImageId", "InstanceType", "MinCount", "MaxCount", "SubnetId", "TagSpecifications"}),
    ),
    ("ec2", "DescribeSubnets"): (EC2Response, frozenset({"SubnetIds"})),
    ("elbv2", "DescribeLoadBalancers"): (ELBV2Response, frozenset({"LoadBalancerArns"})),
    ("elbv2", "DescribeTargetGroups"): (ELBV2Response, frozenset({"TargetGroupArns"})),
    ("elbv2", "DescribeTargetGroupAttributes"): (ELBV2Response, frozenset({"TargetGroupArn"})),
}


class Direct:
    """Answers such calls of one region (a region's part)."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self._readers: dict[tuple[str, str], Reader] = {}

    def answer(self, service: str, operation: str, params: dict[str, Any]) -> dict[str, Any] | None:
        """moto's answer as botocore would have read it, or None for a request that has to go the long way."""
        response_class, names = _CALLS.get((service, operation), (None, frozenset()))
        if response_class is None or not names.issuperset(params):
            return None
        handler = response_class()
        handler.current_account, handler.region = self._region.account_id, self._region.name
        handler.params, handler.uri_match = params, {}
        handler.data = handler.querystring = {}
        try:
            found = getattr(handler, camelcase_to_underscores(operation))()
            gen_amzn_requestid_long()  # drawn from the seed that ids come from: the next id stays what it was
            return self._reader(service, operation, handler).read(found.result)
        except (ServiceException, HTTPException, Unreadable):
            return None

    def _reader(self, service: str, operation: str, handler: BaseResponse) -> Reader:
        if (service, operation) not in self._readers:
            model = get_service_model(service)
            writer = get_serializer_class(service, model.metadata["protocol"])
            transforms = handler.RESPONSE_KEY_PATH_TO_TRANSFORMER
            self._readers[service, operation] = Reader(model.operation_model(operation), writer, transforms)
        return self._readers[service, operation]
