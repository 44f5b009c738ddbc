"""An AWS region on this machine. It knows AWS and nothing of this project's module."""
