"""What is done to a running range: real damage to real servers and files."""
