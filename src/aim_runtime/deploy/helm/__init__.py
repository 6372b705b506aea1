"""The values of our Helm chart (deploy/helm/aim) for a plan."""
