"""A simulation of autoscaling: arrivals, replicas that share their speed, and the loop that adds and removes them."""
