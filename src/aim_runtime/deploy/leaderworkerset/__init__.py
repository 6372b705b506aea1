"""Objects for a model that several machines serve together: a LeaderWorkerSet and what stands around it."""
