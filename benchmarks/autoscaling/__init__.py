"""A simulation of autoscaling: arrivals, replicas, and the loop that adds and removes them."""
