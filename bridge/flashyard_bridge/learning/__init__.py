"""What is usual: learnt from the jobs that completed, and told of those to come. No HTTP."""
