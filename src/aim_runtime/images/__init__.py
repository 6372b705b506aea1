"""What an image of an AIM is called and what is written on it."""
