"""Systems Manager Automation: runs a document with AWS's semantics."""
