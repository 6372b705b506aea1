"""How well a model answers: lm-eval against a service, and a comparison to what it answered before."""
