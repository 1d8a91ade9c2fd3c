"""Android fastboot as a target: grammar, variables, and the transports it travels over."""
