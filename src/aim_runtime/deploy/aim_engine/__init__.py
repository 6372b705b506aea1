"""AMD's operator, aim-engine: the objects from which it makes a service of an AIM image."""
