"""From a plan to what an orchestrator runs: what is needed, what was asked for, and one folder a platform."""
