"""DO's room: what keeps an engine serving and tells the truth about it."""
