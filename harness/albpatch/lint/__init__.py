"""An Automation document, read for what AWS would refuse, what fails only when it runs, and what is dangerous."""
