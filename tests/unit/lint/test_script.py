"""What is read out of a script."""

import pytest

from albpatch.lint.script import Script


def calls(text, sure=None):
    found = Script("import boto3\n" + text).calls
    return {f"{c.service}:{c.operation}" for c in found if sure is None or c.sure is sure}


@pytest.mark.parametrize(
    "text",
    [
        "boto3.client('ec2').describe_vpcs()",
        "c = boto3.client('ec2')\nc.describe_vpcs()",
        "c = boto3.client(service_name='ec2')\nc.describe_vpcs()",
        "c = boto3.session.Session().client('ec2')\nc.describe_vpcs()",
        "from boto3 import client\nclient('ec2').describe_vpcs()",
        "NAME = 'ec2'\nc = boto3.client(NAME)\nc.describe_vpcs()",
        "a, c = 1, boto3.client('ec2')\nc.describe_vpcs()",
        "def f(c):\n    c.describe_vpcs()\nf(boto3.client('ec2'))",
        "def f(*, c):\n    c.describe_vpcs()\nf(c=boto3.client('ec2'))",
        "def make():\n    return boto3.client('ec2')\nmake().describe_vpcs()",
        "class A:\n  def a(self):\n    self.c = boto3.client('ec2')\n  def b(self):\n    self.c.describe_vpcs()",
        "boto3.client('ec2').get_paginator('describe_vpcs').paginate()",
        "pages = boto3.client('ec2').get_paginator('describe_vpcs')\nfor page in pages.paginate(): pass",
        "boto3.client('ec2').get_waiter('vpc_available').wait()",
    ],
)
def test_a_client_is_followed(text):
    """Assignments, parameters, results and attributes carry a client."""
    assert calls(text, sure=True) == {"ec2:DescribeVpcs"}


@pytest.mark.parametrize(
    "text",
    [
        "def h(e, c):\n    boto3.client('ec2')\n    e['client'].describe_vpcs()",
        "c = boto3.client('ec2')\nrun(c.describe_vpcs)",
        "c = None\nc = boto3.client('ec2')\nc.describe_vpcs()",
        "def f(c=boto3.client('ec2')):\n    c.describe_vpcs()",
        "def f(c):\n    c.describe_vpcs()\nf(boto3.client('ec2'))\nrun(f)",
    ],
)
def test_where_the_trail_ends_the_name_counts(text):
    """A call that may be another client's counts for permissions, and is not judged."""
    assert calls(text) == {"ec2:DescribeVpcs"}
    assert calls(text, sure=True) == set()


@pytest.mark.parametrize(
    "text",
    [
        "c = boto3.client('ec2')\nc.exceptions.ClientError",
        "c = boto3.client('ec2')\nc.meta.region_name",
        "boto3.client('ec2').describe_vpcs().get('Vpcs', []).sort()",
        "boto3.exceptions.botocore.exceptions.ClientError",
        "c = boto3.client('s3')\nc.upload_file('a', 'b', 'c')",
        "for c in [boto3.client('ec2'), boto3.client('rds')]:\n    c.describe_db_instances()",
        "c = boto3.client('ec2')\nc = boto3.client('rds')\nc.describe_db_instances()",
    ],
)
def test_what_is_right_is_no_problem(text):
    """Members that clients have, answers and variables of several kinds are left alone."""
    assert Script("import boto3\n" + text).problems == []


def test_arguments_are_told_apart():
    """Written values are known, the rest by name, and a map that is handed on hides the names."""
    text = "import boto3\nc = boto3.client('ec2')\nc.describe_vpcs(VpcIds=['v'], Filters=x)\nc.describe_vpcs(**x)"
    named, handed = Script(text).calls

    assert (named.names, named.literal) == (("VpcIds", "Filters"), (("VpcIds", ["v"]),))
    assert handed.names is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("boto3.client(x).describe_vpcs()", "a client whose service is not written out"),
        ("boto3.client('ec2').get_paginator(x)", "which operation get_paginator of ec2 repeats"),
        ("boto3.resource('ec2').Instance('i').stop()", "what Instance of a resource of boto3 calls"),
    ],
)
def test_what_cannot_be_told_is_said(text, said):
    """Nothing is passed over in silence."""
    assert said in [one.text for one in Script("import boto3\n" + text).not_told]


@pytest.mark.parametrize("text", ["def f():\n    return f()\nf().x", "x = x.y\nx.z()", "", "a.b = c", "def f(f): f(f)"])
def test_odd_scripts_end(text):
    """Recursion and self-reference do not keep the reader busy."""
    assert Script(text).problems == []


@pytest.mark.parametrize("text", ["def (", "\x00", "  x = 1\n y", "(" * 300])
def test_a_script_that_does_not_compile(text):
    """What is wrong is kept as an error, never raised."""
    assert Script(text).error is not None
    assert Script(text).calls == []
