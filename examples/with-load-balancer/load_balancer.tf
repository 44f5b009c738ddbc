resource "aws_lb" "web" {
  #checkov:skip=CKV_AWS_91: an example; access logs need a bucket of the caller's
  #checkov:skip=CKV_AWS_150: an example must be destroyable
  #checkov:skip=CKV2_AWS_20: an example; HTTPS needs a certificate of the caller's
  #checkov:skip=CKV2_AWS_28: internal, reached from the network alone
  name                       = var.name
  internal                   = true
  load_balancer_type         = "application"
  security_groups            = [aws_security_group.load_balancer.id]
  subnets                    = aws_subnet.public[*].id
  drop_invalid_header_fields = true
}

resource "aws_lb_target_group" "web" {
  #checkov:skip=CKV_AWS_378: an example; HTTPS needs a certificate of the caller's
  name                 = var.name
  port                 = 80
  protocol             = "HTTP"
  vpc_id               = aws_vpc.this.id
  deregistration_delay = 60

  health_check {
    path                = "/"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }
}

resource "aws_lb_listener" "http" {
  #checkov:skip=CKV_AWS_2: an example; HTTPS needs a certificate of the caller's
  #checkov:skip=CKV_AWS_103: an example; HTTPS needs a certificate of the caller's
  load_balancer_arn = aws_lb.web.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.web.arn
  }
}

resource "aws_lb_target_group_attachment" "web" {
  count = 2

  target_group_arn = aws_lb_target_group.web.arn
  target_id        = aws_instance.web[count.index].id
  port             = 80
}
