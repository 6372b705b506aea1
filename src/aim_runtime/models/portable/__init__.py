"""The models room: one model out of a cache and into another, where there is no network between them."""
