"""KServe: an InferenceService for a plan, by itself or with the ServingRuntime that it uses."""
