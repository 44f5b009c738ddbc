"""When a maintenance window opens: cron, rate and at expressions, offset, time zone, start and end date."""
