# What the clone of AWSEC2-PatchLoadBalancerInstance calls. It builds a stack with a function and a role on every run;
# CloudFormation acts with this role's permissions. The template does not name its role, so CloudFormation does: it starts
# with the first letters of the stack's name. Whoever can change the template decides what that role may do.
locals {
  _stacks      = "arn:${var.partition}:cloudformation:${var.region}:${var.account_id}:stack/lb-instance-change-lambda-cfn-stack-*"
  _stack_roles = "arn:${var.partition}:iam::${var.account_id}:role/lb-instance-change-*"

  aws_owned_statements = [
    {
      # None of these supports a resource in a policy.
      Sid      = "ReadEverywhere"
      Effect   = "Allow"
      Action   = ["ssm:DescribeInstanceInformation", "ssm:ListCommandInvocations", "ssm:ListCommands"]
      Resource = ["*"]
    },
    {
      Sid       = "BuildStack"
      Effect    = "Allow"
      Action    = ["cloudformation:CreateStack"]
      Resource  = [local._stacks]
      Condition = { StringLike = { "cloudformation:TemplateUrl" = var.template_urls } }
    },
    {
      Sid      = "FollowAndRemoveStack"
      Effect   = "Allow"
      Action   = ["cloudformation:DeleteStack", "cloudformation:DescribeStacks"]
      Resource = [local._stacks]
    },
    {
      Sid    = "BuildAndCallFunction"
      Effect = "Allow"
      Action = [
        "lambda:CreateFunction",
        "lambda:DeleteFunction",
        "lambda:GetFunction",
        "lambda:InvokeFunction",
        "lambda:ListTags",
      ]
      Resource = ["arn:${var.partition}:lambda:${var.region}:${var.account_id}:function:lb-instance-change-lambda-*"]
    },
    {
      Sid    = "BuildFunctionRole"
      Effect = "Allow"
      Action = [
        "iam:AttachRolePolicy",
        "iam:CreateRole",
        "iam:DeleteRole",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:PutRolePolicy",
      ]
      Resource = [local._stack_roles]
    },
    {
      Sid      = "BuildFunctionPolicy"
      Effect   = "Allow"
      Action   = ["iam:CreatePolicy", "iam:DeletePolicy"]
      Resource = [replace(local._stack_roles, ":role/", ":policy/")]
    },
    {
      Sid       = "PassFunctionRole"
      Effect    = "Allow"
      Action    = ["iam:PassRole"]
      Resource  = [local._stack_roles]
      Condition = { StringEquals = { "iam:PassedToService" = "lambda.amazonaws.com" } }
    },
  ]
}
