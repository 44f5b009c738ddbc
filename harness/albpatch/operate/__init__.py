"""What an operator does: start a roll, follow it, see who is out, stop it, put somebody back."""
