"""Objects of Kubernetes for a plan: a Deployment and what stands around it."""
